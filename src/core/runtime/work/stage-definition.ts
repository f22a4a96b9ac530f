import type { StagePlace } from '../../collection/pause.ts';
import type { JobDefinition } from '../../kernel/job.ts';
import type { WinnowError } from '../../kernel/errors.ts';
import type { JobControl } from './job-intake.process.ts';

/** Defines a stage of the pipeline that takes jobs from a queue. The remaining work is in the catalogue, not in the queue. */
export interface StageDefinition<Payload> {
  readonly name: string;
  readonly job: JobDefinition<Payload>;
  readonly pausedAs: StagePlace;
  readonly concurrency: number;
  /** Runs one job. It must be safe to run the same job twice. */
  handle(payload: Payload, job: RunningJob): Promise<JobResult<Payload>>;
  subjectOf?(payload: Payload): JobSubject;
  jobsFor(ids: readonly number[]): readonly Payload[];
  /** All jobs that can run now according to the catalogue, in portions. */
  workable(): AsyncIterable<readonly Payload[]>;
  countLeft(): Promise<number>;
  /** True if any work remains. Defined if this is cheaper than `countLeft`. */
  isAnyLeft?(): Promise<boolean>;
  /** When the first piece of work that must wait becomes workable. Null if none must wait. */
  waitingUntil?(): Promise<Date | null>;
  /** How often the stage asks the catalogue for workable jobs. Null to ask only once the queue is empty. */
  readonly requeueEveryMs: number | null;
  /** The next portion is queued once at most this many jobs wait. By default 1,000. */
  readonly queuedAtMost?: number;
  /** An advisory lock. One process with it at a time queues workable jobs, and the others leave that to it. */
  readonly feedLock?: readonly [number, number];
  open?(): Promise<void>;
  /** Finishes what jobs of earlier runs may have left. Runs once no work remains, and when a long-running worker begins. */
  tidy?(): Promise<void>;
  /** Releases what the jobs use. Runs once the last job has ended, or if the stage cannot start. */
  close?(): Promise<void>;
}

export interface JobSubject {
  readonly source?: string;
  readonly queryId?: number;
  readonly host?: string;
  readonly page?: number;
}

/** Some photos that a job is done with, all with the same outcome. */
export interface PhotosDone {
  readonly source: string;
  /** `later`: they are tried again. */
  readonly outcome: string;
  readonly reason: string | null;
  readonly count: number;
}

export interface RunningJob extends JobControl {
  count(photos: PhotosDone): void;
}

export interface JobResult<Payload> {
  readonly moved: boolean;
  /** Ids for the next stage. */
  readonly handOn?: readonly number[];
  readonly more?: readonly Payload[];
  /** Why the job did not do its work, if that is settled already. */
  readonly failure?: WinnowError;
  /** Why the work waits, although nothing failed. */
  readonly waits?: string;
}

export interface Stage {
  enqueue(ids: readonly number[]): Promise<void>;
  /**
   * Works until the catalogue says that no work remains, or until the signal. Returns how much remains.
   *
   * @throws StopTheRun if work remains but the stage makes no progress
   */
  finish(): Promise<number>;
  /** Works until the signal or an operator's order. Now and then queues the catalogue's work, in case the queue was lost. */
  serve(): Promise<void>;
  /** Takes no further jobs. Resolves when the running jobs are done. */
  stop(): Promise<void>;
}

export interface StageOptions {
  readonly signal: AbortSignal;
  /** Receives the ids that a job produced, to queue them for the next stage. */
  readonly onDone?: (ids: readonly number[]) => Promise<void>;
  /** Called once if this stage can never finish, so that the other stages can stop. `finish` throws the reason. */
  readonly onFatal?: () => void;
  /** Called repeatedly while the stage is alive: after each look at the catalogue and after each job. */
  readonly onAlive?: () => void;
}

import type { StagePlace } from '../../collection/pause.ts';
import type { JobDefinition } from '../../kernel/job.ts';
import type { JobTurn } from './intake.ts';

/** One stage of the pipeline that works jobs off a queue. The catalogue says what is left, never the queue. */
export interface StageDefinition<Payload> {
  readonly name: string;
  readonly job: JobDefinition<Payload>;
  /** What pauses it, of which collection. */
  readonly pausedAs: StagePlace;
  /** Jobs at once in this process. */
  readonly concurrency: number;
  /** Works one job; safe to run twice. */
  handle(payload: Payload, turn: JobTurn): Promise<JobResult<Payload>>;
  /** Jobs for ids that the stage before handed on. */
  jobsFor(ids: readonly number[]): readonly Payload[];
  /** Everything that the catalogue says can be worked now, in portions. */
  workable(): AsyncIterable<readonly Payload[]>;
  countLeft(): Promise<number>;
  /** Whether there is anything left, where that is cheaper to tell than how much. */
  isAnyLeft?(): Promise<boolean>;
  /** When the first of what is left, but must wait, may go on; null if nothing has to. */
  waitingUntil?(): Promise<Date | null>;
  /**
   * How often the catalogue is asked for workable jobs, from the start on, in milliseconds; null: only once the queue is
   * empty.
   */
  readonly requeueEveryMs: number | null;
  /** Another portion is queued once no more jobs than this wait; 1,000 by default. */
  readonly queuedAtMost?: number;
}

export interface JobResult<Payload> {
  /** Whether anything was got done: a job that comes too late does nothing. */
  readonly moved: boolean;
  /** Ids for the stage that follows. */
  readonly handOn?: readonly number[];
  /** Jobs of this stage that follow from this one. */
  readonly more?: readonly Payload[];
}

export interface Stage {
  /** Queues jobs for these ids. */
  enqueue(ids: readonly number[]): Promise<void>;
  /**
   * Resolves once the catalogue says that nothing is left, or, after the signal, once the jobs in hand are done.
   *
   * @returns how much is left: 0 unless interrupted
   * @throws StopTheRun when nothing moves any more although work is left
   */
  finish(): Promise<number>;
  /**
   * For a worker that stays: works whatever is queued until the signal, or until an operator has it end, and queues what
   * the catalogue says is left now and then, should a queue have been lost.
   */
  serve(): Promise<void>;
  /** Lets the jobs in hand end and takes no more. */
  stop(): Promise<void>;
}

export interface StageOptions {
  readonly signal: AbortSignal;
  /** Told what a job made: queue it for the stage that follows. */
  readonly onDone?: (ids: readonly number[]) => Promise<void>;
  /** Told once, when this stage can never finish: the stages beside it need not work on. `finish` throws why. */
  readonly onFatal?: () => void;
  /** Told again and again while the stage gets on: the catalogue was asked what is left, or a job was done. */
  readonly onAlive?: () => void;
}

import { localActor } from '../activity/local-actor.process.ts';
import { codeOf, Interrupted, messageOf } from '../../kernel/errors.ts';
import type { App } from '../open/app.process.ts';
import { addJobs, pruneJobs, type JobState, type JobToRecord } from './job-history.repository.ts';
import type { JobControl } from './job-intake.process.ts';
import type { JobResult, PhotosDone, RunningJob, StageDefinition } from './stage-definition.ts';
import { countJob, recordPhotosDone } from './work-metrics.ts';

/** Jobs are written together, at most this long after they ended. */
const WRITE_AFTER_MS = 1_000;
/** Jobs that wait in memory while the catalogue is unreachable. The oldest ones are dropped first. */
const WAITING_AT_MOST = 1_000;
/** Old jobs are deleted after so many new ones of this process. */
const PRUNE_AFTER = 100;
const REASON_LENGTH = 500;

/** Records the jobs of a stage in batches, and counts them for Prometheus. If that fails, the work continues. */
export class JobHistory<Payload> {
  readonly #app: Pick<App, 'db' | 'log'>;
  readonly #definition: StageDefinition<Payload>;
  readonly #worker = localActor().place;
  #waiting: JobToRecord[] = [];
  #timer: NodeJS.Timeout | null = null;
  #writing: Promise<void> = Promise.resolve();
  #sincePrune = PRUNE_AFTER;
  #isTroubled = false;

  constructor(app: Pick<App, 'db' | 'log'>, definition: StageDefinition<Payload>) {
    this.#app = app;
    this.#definition = definition;
  }

  /** Runs a job and records it. A job that came too late, and so did nothing, is not recorded. */
  async run(payload: Payload, control: JobControl): Promise<JobResult<Payload>> {
    const { stage } = this.#definition.pausedAs;
    const startMs = performance.now();
    const done: PhotosDone[] = [];
    const job: RunningJob = {
      shouldStop: () => control.shouldStop(),
      count(photos) {
        recordPhotosDone(stage, photos);
        done.push(photos);
      },
    };
    const end = (state: JobState, reason: string | null, code?: string): void => {
      const seconds = (performance.now() - startMs) / 1_000;
      countJob(stage, seconds, code);
      this.#add({ ...this.#aboutOf(payload), state, reason, seconds, photos: photosOf(done) });
    };
    const fail = (error: unknown): void =>
      end('failed', messageOf(error).slice(0, REASON_LENGTH), codeOf(error) ?? 'error');
    try {
      const result = await this.#definition.handle(payload, job);
      if (result.failure !== undefined) fail(result.failure);
      else if (result.moved || done.length > 0)
        end('finished', result.waits?.slice(0, REASON_LENGTH) ?? refusalsOf(done));
      return result;
    } catch (error) {
      if (!(error instanceof Interrupted)) fail(error);
      throw error;
    }
  }

  async close(): Promise<void> {
    if (this.#timer !== null) clearTimeout(this.#timer);
    this.#write();
    await this.#writing;
  }

  #aboutOf(payload: Payload) {
    const { stage, collectionId } = this.#definition.pausedAs;
    const { source = null, queryId = null, host = null, page = null } = this.#definition.subjectOf?.(payload) ?? {};
    return { stage, collectionId, source, queryId, host, page };
  }

  #add(job: Omit<JobToRecord, 'at' | 'worker'>): void {
    this.#waiting.push({ ...job, at: new Date().toISOString(), worker: this.#worker });
    if (this.#waiting.length > WAITING_AT_MOST) this.#waiting.shift();
    this.#timer ??= setTimeout(() => this.#write(), WRITE_AFTER_MS).unref();
  }

  #write(): void {
    this.#timer = null;
    const jobs = this.#waiting;
    this.#waiting = [];
    if (jobs.length > 0) this.#writing = this.#writing.then(() => this.#store(jobs));
  }

  async #store(jobs: readonly JobToRecord[]): Promise<void> {
    const { db, log } = this.#app;
    try {
      await addJobs(db, jobs);
      this.#sincePrune += jobs.length;
      if (this.#sincePrune >= PRUNE_AFTER) await pruneJobs(db);
      this.#sincePrune %= PRUNE_AFTER;
      this.#isTroubled = false;
    } catch (error) {
      if (!this.#isTroubled)
        log.warn({ reason: messageOf(error) }, 'the history of jobs cannot be written; the work continues');
      this.#isTroubled = true;
    }
  }
}

/** Photos that are tried again later are not done. */
function photosOf(done: readonly PhotosDone[]): number {
  return done.reduce((sum, { outcome, count }) => (outcome === 'later' ? sum : sum + count), 0);
}

/** `http-404 3, too-small 1`; null if nothing was refused. */
function refusalsOf(done: readonly PhotosDone[]): string | null {
  const counts = new Map<string, number>();
  for (const { reason, count } of done) if (reason !== null) counts.set(reason, (counts.get(reason) ?? 0) + count);
  return counts.size === 0 ? null : [...counts].map(([reason, count]) => `${reason} ${count}`).join(', ');
}

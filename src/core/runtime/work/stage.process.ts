import { Interrupted, messageOf, StopTheRun, WinnowError } from '../../kernel/errors.ts';
import type { JobConsumer, JobQueue } from '../../kernel/job.ts';
import { ifLockIsFree } from '../../platform/postgres/transactions.ts';
import type { App } from '../open/app.process.ts';
import { databaseFailure, fatalFailure } from '../open/database-failure.process.ts';
import { sleepUnlessAborted } from '../open/outage.process.ts';
import { JobHistory } from './job-history.process.ts';
import { JobIntake, type JobControl } from './job-intake.process.ts';
import type { Stage, StageDefinition, StageOptions } from './stage-definition.ts';
import { afterRound, isHopeless, newStandstill } from './standstill.ts';

const POLL_MS = 200;
/** How many jobs may wait in the queue before more are added. For a filter, 1,000 jobs are 64,000 photos. */
const QUEUED_AT_MOST = 1_000;
/** How long a long-running worker waits before it asks the catalogue again, if the definition does not say. */
const SERVE_CHECK_MS = 30_000;
/** Work that must wait is checked at least this often, because another worker may have done it. */
const WAIT_CHECK_MS = 1_000;

/** If no other process uses the catalogue, first deletes the jobs that a killed run left in the queue. */
export async function startStage<Payload>(
  app: App,
  definition: StageDefinition<Payload>,
  options: StageOptions,
): Promise<Stage> {
  try {
    await definition.open?.();
    const queue = await app.openQueue(definition.job);
    await app.pauses.look();
    if (await app.isStillAlone()) await queue.clear();
    return new QueueStage(app, queue, { definition, options });
  } catch (error) {
    await definition.close?.();
    throw error;
  }
}

/**
 * Works the jobs of one stage. The catalogue knows the remaining work; the queue only delivers jobs.
 *
 * States:
 * - working: from the constructor on. Jobs are taken and worked. If the definition has a requeue interval, a background loop
 *   also queues new work. `finish` queues the remaining work in rounds until none remains; `serve` queues it until it is told
 *   to end.
 * - paused: entered when an operator pauses the stage, left when the pause ends. No job is taken or queued, running jobs finish.
 *   Pausing does not count as lack of progress.
 * - out of database: entered when PostgreSQL is unreachable. Every statement waits up to five minutes for it
 *   (`waitingOut`). Then the stage returns to working, or fails.
 * - ending: entered on the signal, on the order to end (in `serve`), when the app is broken, or on a fatal error. No job is
 *   started or queued.
 * - stopped: entered by `stop` once the background loop has ended, the running jobs are done and the definition is closed. It
 *   is final. `finish` then returns the remaining work, or throws the fatal error.
 */
class QueueStage<Payload> implements Stage {
  readonly #app: App;
  readonly #queue: JobQueue<Payload>;
  readonly #definition: StageDefinition<Payload>;
  readonly #options: StageOptions;
  readonly #signal: AbortSignal;
  readonly #onAlive: () => void;
  readonly #intake: JobIntake;
  readonly #history: JobHistory<Payload>;
  #fatal: Error | null = null;
  #lastFailure: string | null = null;
  /** A loop that queues new work while earlier stages still run. */
  readonly #background: Promise<void>;
  #stopped: Promise<void> | null = null;
  /** How many jobs of this process made progress, even if the remaining work has grown since. */
  #moved = 0;
  readonly #running = new Set<string>();

  constructor(
    app: App,
    queue: JobQueue<Payload>,
    { definition, options }: { readonly definition: StageDefinition<Payload>; readonly options: StageOptions },
  ) {
    this.#app = app;
    this.#queue = queue;
    this.#definition = definition;
    this.#options = options;
    this.#signal = options.signal;
    this.#onAlive = options.onAlive ?? (() => undefined);
    this.#history = new JobHistory(app, definition);
    this.#intake = new JobIntake({
      watch: app.pauses,
      work: { ...definition.pausedAs, runningJobs: () => this.#running.size },
      consume: (control) => this.#consume(control),
      onError: (error) => this.#fail(error),
    });
    this.#background = this.#requeue();
  }

  #consume(control: JobControl): JobConsumer {
    const { name, concurrency } = this.#definition;
    return this.#queue.consume(async (payload) => this.#work(payload, control), {
      concurrency,
      onFailure: ({ key, attempt, error }) => {
        if (error instanceof Interrupted) return;
        this.#lastFailure = messageOf(error);
        // Expected errors are logged without a stack trace.
        const expected = error instanceof WinnowError || databaseFailure(error) !== null;
        const details = expected ? { reason: messageOf(error) } : { err: error };
        this.#app.log.warn({ stage: name, job: key, attempt, ...details }, 'a job failed');
      },
    });
  }

  async enqueue(ids: readonly number[]): Promise<void> {
    await this.#queue.add(this.#definition.jobsFor(ids));
  }

  async finish(): Promise<number> {
    try {
      await this.#workOff();
      await this.stop();
      this.#throwIfBroken();
    } catch (error) {
      // A running consumer would keep the process alive. The first error is the one to report.
      await this.stop().catch(() => undefined);
      // After an interrupt, a broken queue does not matter: the catalogue still knows the remaining work.
      if (this.#fatal !== null || !this.#signal.aborted || !this.#app.broken.aborted) throw error;
    }
    const left = await this.#definition.countLeft();
    await this.#definition.tidy?.();
    return left;
  }

  async #workOff(): Promise<void> {
    let stuck = newStandstill();
    while (!this.#ended() && (await this.#isAnyLeft())) {
      if (this.#intake.isPaused) {
        // A pause may be long, and no progress during a pause does not mean that the stage is stuck.
        await this.#intake.rest(SERVE_CHECK_MS, this.#signal);
        stuck = newStandstill();
        continue;
      }
      const movedBefore = this.#moved;
      const queued = await this.#feed();
      const isDrained = await this.#drain();
      if (queued === null) {
        await sleepUnlessAborted(POLL_MS, this.#signal);
        continue;
      }
      if (queued === 0 && (await this.#isAnyLeft()) && (await this.#waitedForTurn())) continue;
      const left = this.#moved > movedBefore ? null : await this.#definition.countLeft();
      stuck = afterRound(stuck, { left, isDrained });
      const isFedContinuously = this.#definition.requeueEveryMs !== null;
      if (!this.#intake.isPaused && isHopeless(stuck, isFedContinuously)) this.#giveUp(stuck.left ?? 0);
    }
  }

  async serve(): Promise<void> {
    let isTidy = false;
    try {
      while (!this.#ended() && !this.#intake.mustEnd) {
        await this.#intake.look();
        if (!isTidy && !this.#intake.isPaused) await this.#definition.tidy?.();
        isTidy ||= !this.#intake.isPaused;
        await this.#feed();
        const restMs = this.#definition.requeueEveryMs ?? SERVE_CHECK_MS;
        // The heartbeat of a paused worker goes on.
        await this.#untilNextLook(this.#intake.isPaused ? WAIT_CHECK_MS : restMs);
      }
      if (this.#intake.mustEnd)
        this.#app.log.info({ stage: this.#definition.name }, 'an operator ordered the workers to end');
    } catch (error) {
      if (!this.#isInterruptedOutage(error)) throw error;
    } finally {
      // A running consumer would keep the process alive, also after an error.
      await this.stop();
    }
    this.#throwIfBroken();
  }

  /** Waits until the next look at the catalogue, less if jobs finished and none runs: while they ran, their new work was not queued. */
  async #untilNextLook(pauseMs: number): Promise<void> {
    const movedBefore = this.#moved;
    const isDone = (): boolean => this.#ended() || (this.#moved > movedBefore && this.#running.size === 0);
    await this.#intake.rest(pauseMs, this.#signal, isDone);
  }

  stop(): Promise<void> {
    this.#stopped ??= this.#end();
    return this.#stopped;
  }

  async #end(): Promise<void> {
    try {
      await this.#background;
      await this.#intake.stop();
    } finally {
      await this.#history.close();
      await this.#definition.close?.();
    }
  }

  async #requeue(): Promise<void> {
    const { requeueEveryMs } = this.#definition;
    if (requeueEveryMs === null) return;
    try {
      while (this.#stopped === null && !this.#ended()) {
        await this.#feed();
        await sleepUnlessAborted(requeueEveryMs, this.#signal);
      }
    } catch (error) {
      if (!this.#isInterruptedOutage(error)) this.#fail(error);
    }
  }

  /** After the signal no statement waits for the database. */
  #isInterruptedOutage(error: unknown): boolean {
    return this.#signal.aborted && databaseFailure(error)?.code === 'database-gone';
  }

  async #work(payload: Payload, control: JobControl): Promise<void> {
    const key = this.#definition.job.keyOf(payload);
    // A queue that was emptied, or that believed this process dead, may deliver a job that already runs here.
    if (this.#ended() || this.#running.has(key)) return;
    this.#running.add(key);
    try {
      const { moved, handOn = [], more = [] } = await this.#history.run(payload, control);
      if (moved) this.#moved += 1;
      this.#onAlive();
      if (handOn.length > 0) await this.#options.onDone?.(handOn);
      if (more.length > 0 && !this.#ended()) await this.#queue.add(more);
    } catch (error) {
      const fatal = fatalFailure(error);
      if (fatal !== null) this.#fail(fatal);
      throw error;
    } finally {
      this.#running.delete(key);
    }
  }

  async #isAnyLeft(): Promise<boolean> {
    return (await this.#definition.isAnyLeft?.()) ?? (await this.#definition.countLeft()) > 0;
  }

  /** Returns how many jobs were queued; null if another process is queueing them. */
  async #feed(): Promise<number | null> {
    const { feedLock } = this.#definition;
    if (feedLock === undefined) return this.#enqueueWorkable();
    const queued = await ifLockIsFree(this.#app.db, feedLock, () => this.#enqueueWorkable());
    this.#onAlive();
    return queued;
  }

  /** Jobs that run in this process count, but are left out: the queue would ignore them too, but slowly. */
  async #enqueueWorkable(): Promise<number> {
    let queued = 0;
    if (!this.#intake.isPaused) {
      for await (const payloads of this.#definition.workable()) {
        if (queued > 0) await this.#waitForRoom();
        if (this.#ended() || this.#intake.isPaused) break;
        await this.#queue.add(payloads.filter((payload) => !this.#running.has(this.#definition.job.keyOf(payload))));
        queued += payloads.length;
      }
    }
    this.#onAlive();
    return queued;
  }

  async #waitForRoom(): Promise<void> {
    const { queuedAtMost = QUEUED_AT_MOST } = this.#definition;
    while (!this.#ended() && !this.#intake.isPaused && (await this.#queue.pending()) > queuedAtMost) {
      this.#onAlive();
      await sleepUnlessAborted(POLL_MS, this.#signal);
    }
  }

  /** Waits until the queue is empty in all processes (then true), or until it is time to queue more. */
  async #drain(): Promise<boolean> {
    const { requeueEveryMs } = this.#definition;
    const untilMs = requeueEveryMs === null ? Number.POSITIVE_INFINITY : performance.now() + requeueEveryMs;
    while (!this.#ended() && !this.#intake.isPaused && (this.#running.size > 0 || (await this.#queue.pending()) > 0)) {
      if (performance.now() >= untilMs) return false;
      await sleepUnlessAborted(POLL_MS, this.#signal);
    }
    return true;
  }

  /** If the remaining work must wait for a time, waits for a while and returns true. */
  async #waitedForTurn(): Promise<boolean> {
    const until = (await this.#definition.waitingUntil?.()) ?? null;
    if (until === null) return false;
    await sleepUnlessAborted(Math.min(Math.max(POLL_MS, until.getTime() - Date.now()), WAIT_CHECK_MS), this.#signal);
    return true;
  }

  #ended(): boolean {
    return this.#fatal !== null || this.#app.broken.aborted || this.#signal.aborted;
  }

  #throwIfBroken(): void {
    if (this.#fatal !== null) throw this.#fatal;
    this.#app.broken.throwIfAborted();
  }

  #giveUp(left: number): void {
    const reason = this.#lastFailure === null ? 'no job reported an error' : `the last error was: ${this.#lastFailure}`;
    this.#app.log.error({ stage: this.#definition.name, left }, 'the stage makes no progress');
    this.#fail(
      new StopTheRun(`The stage '${this.#definition.name}' makes no progress: ${left} items remain; ${reason}`, {
        code: 'no-progress',
      }),
    );
  }

  #fail(error: unknown): void {
    if (this.#fatal !== null) return;
    this.#fatal = error instanceof Error ? error : new Error(messageOf(error));
    this.#options.onFatal?.();
  }
}

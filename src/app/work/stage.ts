import { messageOf, StopTheRun, WinnowError } from '../../kernel/errors.ts';
import type { JobConsumer, JobQueue } from '../../kernel/job.ts';
import type { App } from '../open/app.ts';
import { databaseFailure, fatalFailure } from '../open/database-failure.ts';
import { sleepUnlessAborted } from '../open/sleep.ts';
import { Intake, type JobTurn } from './intake.ts';
import { Outage } from './outage.ts';
import type { Stage, StageDefinition, StageOptions } from './stage-definition.ts';

const POLL_MS = 200;
/** Of a filter, 64,000 photos. */
const QUEUED_AT_MOST = 1_000;
const SERVE_CHECK_MS = 30_000;
/** Looks in on what has to wait at least this often: another worker may have done it. */
const WAIT_CHECK_MS = 1_000;
/** Rounds of queueing what is left, without any of it getting done, before the run is given up. */
const ROUNDS_WITHOUT_PROGRESS = 3;
const PATIENCE_MS = 30_000;

/** For how long nothing has moved. */
interface Standstill {
  readonly rounds: number;
  readonly sinceMs: number;
  /** After the last round; null if this process got something done in it: there may be too much to count it each time. */
  readonly left: number | null;
}

/** Opens the stage's queue and starts working it off. Alone on the catalogue, it forgets what a killed run had queued. */
export async function startStage<Payload>(
  app: App,
  definition: StageDefinition<Payload>,
  options: StageOptions,
): Promise<Stage> {
  const queue = await app.openQueue(definition.job);
  await app.pauses.look();
  if (await app.isStillAlone()) await queue.clear();
  return new QueueStage({ app, queue, definition, options });
}

class QueueStage<Payload> implements Stage {
  readonly #app: App;
  readonly #queue: JobQueue<Payload>;
  readonly #definition: StageDefinition<Payload>;
  readonly #signal: AbortSignal;
  readonly #onFatal: () => void;
  readonly #onAlive: () => void;
  readonly #intake: Intake;
  /** What ended the run, if something did. */
  #fatal: Error | null = null;
  #lastFailure: string | null = null;
  /** Queues what becomes workable while stages before this one still run. */
  readonly #background: Promise<void>;
  #stopped = false;
  /** Who is to end does not wait for a database: `finish` could not tell how much is left. */
  #outage: Outage;
  /** Jobs of this process that got something done, whatever else adds to what is left. */
  #moved = 0;
  /** Keys of the jobs that this process works on. */
  readonly #inHand = new Set<string>();

  constructor(parts: {
    app: App;
    queue: JobQueue<Payload>;
    definition: StageDefinition<Payload>;
    options: StageOptions;
  }) {
    const { app, queue, definition, options } = parts;
    this.#app = app;
    this.#queue = queue;
    this.#definition = definition;
    this.#signal = options.signal;
    this.#onFatal = options.onFatal ?? (() => undefined);
    this.#onAlive = options.onAlive ?? (() => undefined);
    this.#outage = new Outage(app.log, 0);
    this.#intake = new Intake({
      watch: app.pauses,
      work: { ...definition.pausedAs, inHand: () => this.#inHand.size },
      consume: (turn) => this.#consume(options, turn),
      onError: (error) => this.#fail(error),
    });
    this.#background = this.#requeue();
  }

  #consume(options: StageOptions, turn: JobTurn): JobConsumer {
    const { name, concurrency } = this.#definition;
    return this.#queue.consume(async (payload) => this.#work(payload, options, turn), {
      concurrency,
      onFailure: ({ key, attempt, error }) => {
        this.#lastFailure = messageOf(error);
        // What winnow raises on purpose, or says in its own words, needs no stack.
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
      // Whoever is interrupted while the queue's server is away is told what is left, too: the catalogue knows it.
      if (this.#fatal !== null || !this.#signal.aborted || !this.#app.broken.aborted) throw error;
      await this.stop();
    }
    return this.#definition.countLeft();
  }

  async #workOff(): Promise<void> {
    let stuck: Standstill = { rounds: 0, sinceMs: performance.now(), left: null };
    while (!this.#ended() && (await this.#isAnyLeft())) {
      if (this.#intake.isPaused) {
        // However long it is: what does not move then is not stuck.
        await this.#intake.rest(SERVE_CHECK_MS, this.#signal);
        stuck = { rounds: 0, sinceMs: performance.now(), left: null };
        continue;
      }
      const movedBefore = this.#moved;
      const queued = await this.#enqueueWorkable();
      const isDrained = await this.#drain();
      if (queued === 0 && (await this.#isAnyLeft()) && (await this.#waitedForTurn())) continue;
      stuck = await this.#judge(stuck, { hasMoved: this.#moved > movedBefore, isDrained });
      if (!this.#intake.isPaused && this.#isHopeless(stuck)) this.#giveUp(stuck.left ?? 0);
    }
  }

  /** How it stands after a round: anew where something was got done, by this process or another. */
  async #judge(before: Standstill, round: { hasMoved: boolean; isDrained: boolean }): Promise<Standstill> {
    const left = round.hasMoved ? null : await this.#definition.countLeft();
    if (left === null || (before.left !== null && left < before.left))
      return { rounds: 0, sinceMs: performance.now(), left };
    return { ...before, rounds: before.rounds + (round.isDrained ? 1 : 0), left };
  }

  #isHopeless({ rounds, sinceMs }: Standstill): boolean {
    // Where jobs are queued all the time another process may have taken this one's, and found nothing of its own in them.
    const patienceMs = this.#definition.requeueEveryMs === null ? 0 : PATIENCE_MS;
    return rounds >= ROUNDS_WITHOUT_PROGRESS && performance.now() - sinceMs >= patienceMs;
  }

  async serve(): Promise<void> {
    const outage = new Outage(this.#app.log);
    this.#outage = outage;
    try {
      while (!this.#ended() && !this.#intake.isToEnd) {
        await outage.bridge(async () => {
          await this.#intake.look();
          await this.#enqueueWorkable();
        });
        const restMs = this.#definition.requeueEveryMs ?? SERVE_CHECK_MS;
        await this.#untilNextLook(outage.isOn ? WAIT_CHECK_MS : restMs);
      }
      if (this.#intake.isToEnd) this.#app.log.info({ stage: this.#definition.name }, 'ends, as workers were told to');
    } finally {
      // Whatever ended it: a consumer that goes on would keep the process alive.
      await this.stop();
    }
    this.#throwIfBroken();
  }

  /** Sooner if jobs were done and none is in hand: what came to them meanwhile could not be queued a second time. */
  async #untilNextLook(pauseMs: number): Promise<void> {
    const movedBefore = this.#moved;
    const isDone = (): boolean => this.#ended() || (this.#moved > movedBefore && this.#inHand.size === 0);
    await this.#intake.rest(pauseMs, this.#signal, isDone);
  }

  async stop(): Promise<void> {
    this.#stopped = true;
    await this.#background;
    await this.#intake.stop();
  }

  async #requeue(): Promise<void> {
    const { requeueEveryMs } = this.#definition;
    if (requeueEveryMs === null) return;
    try {
      while (!this.#stopped && !this.#ended()) {
        await this.#outage.bridge(() => this.#enqueueWorkable());
        await sleepUnlessAborted(requeueEveryMs, this.#signal);
      }
    } catch (error) {
      this.#fail(error);
    }
  }

  async #work(payload: Payload, options: StageOptions, turn: JobTurn): Promise<void> {
    const key = this.#definition.job.keyOf(payload);
    // A queue that was emptied or has taken us for dead is filled with what is in hand here: once is enough.
    if (this.#ended() || this.#inHand.has(key)) return;
    this.#inHand.add(key);
    try {
      const { moved, handOn = [], more = [] } = await this.#definition.handle(payload, turn);
      if (moved) this.#moved += 1;
      this.#onAlive();
      if (handOn.length > 0) await options.onDone?.(handOn);
      if (more.length > 0 && !this.#ended()) await this.#queue.add(more);
    } catch (error) {
      const fatal = fatalFailure(error);
      if (fatal !== null) this.#fail(fatal);
      throw error;
    } finally {
      this.#inHand.delete(key);
    }
  }

  async #isAnyLeft(): Promise<boolean> {
    return (await this.#definition.isAnyLeft?.()) ?? (await this.#definition.countLeft()) > 0;
  }

  /** Queues everything that can be worked, as there is room; jobs that are queued or running already are left alone. */
  async #enqueueWorkable(): Promise<number> {
    let queued = 0;
    if (!this.#intake.isPaused) {
      for await (const payloads of this.#definition.workable()) {
        if (queued > 0) await this.#waitForRoom();
        if (this.#ended() || this.#intake.isPaused) break;
        await this.#queue.add(payloads);
        queued += payloads.length;
      }
    }
    this.#onAlive();
    return queued;
  }

  /** Work for a while is queued: the rest is in the catalogue, which has room for it. */
  async #waitForRoom(): Promise<void> {
    const { queuedAtMost = QUEUED_AT_MOST } = this.#definition;
    while (!this.#ended() && !this.#intake.isPaused && (await this.#queue.pending()) > queuedAtMost) {
      this.#onAlive();
      await sleepUnlessAborted(POLL_MS, this.#signal);
    }
  }

  /**
   * Waits until no job of the queue waits or runs, in this process or another, or it is time to look for more. True if
   * none does.
   */
  async #drain(): Promise<boolean> {
    const { requeueEveryMs } = this.#definition;
    const untilMs = requeueEveryMs === null ? Number.POSITIVE_INFINITY : performance.now() + requeueEveryMs;
    while (!this.#ended() && !this.#intake.isPaused && (this.#inHand.size > 0 || (await this.#queue.pending()) > 0)) {
      if (performance.now() >= untilMs) return false;
      await sleepUnlessAborted(POLL_MS, this.#signal);
    }
    return true;
  }

  /** True if what is left has to wait, after having waited for a while. */
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
    this.#app.log.error({ stage: this.#definition.name, left }, 'nothing moves any more');
    this.#fail(
      new StopTheRun(
        `Expected every job of '${this.#definition.name}' to be done but ${left} items are left; ${reason}`,
        { code: 'no-progress' },
      ),
    );
  }

  /** The first failure is the one that is told. */
  #fail(error: unknown): void {
    if (this.#fatal !== null) return;
    this.#fatal = error instanceof Error ? error : new Error(messageOf(error));
    this.#onFatal();
  }
}

import { messageOf, StopTheRun } from '../kernel/errors.ts';
import type { JobConsumer, JobDefinition, JobQueue } from '../kernel/job.ts';
import { pagesOf } from '../kernel/pages.ts';
import type { App } from './app.ts';
import { sleepUnlessAborted } from './sleep.ts';

/** One stage of the pipeline that works pages of ids off a queue. The catalogue says what is left, never the queue. */
export interface StageDefinition {
  readonly name: string;
  readonly job: JobDefinition<{ readonly page: number }>;
  /** Jobs at once in this process. */
  readonly concurrency: number;
  /** Works one page; safe to run twice. Returns ids for the stage that follows. */
  handle(payload: { readonly page: number }): Promise<readonly number[]>;
  /** Ids that the catalogue says are still to be worked, ascending after `after`. */
  leftIds(after: number, limit: number): Promise<number[]>;
  countLeft(): Promise<number>;
}

export interface Stage {
  /** Queues the pages of these ids. */
  enqueue(ids: readonly number[]): Promise<void>;
  /**
   * Resolves once the catalogue says that nothing is left, or, after the signal, once the jobs in hand are done.
   *
   * @returns how much is left: 0 unless interrupted
   * @throws StopTheRun when nothing moves any more although work is left
   */
  finish(): Promise<number>;
  /**
   * For a worker that stays: works whatever is queued until the signal, and queues what the catalogue says is left now
   * and then, should a queue have been lost.
   */
  serve(): Promise<void>;
  /** Lets the jobs in hand end and takes no more. */
  stop(): Promise<void>;
}

const POLL_MS = 200;
const SERVE_CHECK_MS = 30_000;
const IDS_PER_QUERY = 10_000;
/** Rounds of queueing what is left, without any of it getting done, before the run is given up. */
const ROUNDS_WITHOUT_PROGRESS = 3;

export interface StageOptions {
  readonly signal: AbortSignal;
  /** Told what a page made: queue it for the stage that follows. */
  readonly onDone?: (ids: readonly number[]) => Promise<void>;
}

/** Opens the stage's queue and starts working it off. Alone on the catalogue, it forgets what a killed run had queued. */
export async function startStage(app: App, definition: StageDefinition, options: StageOptions): Promise<Stage> {
  const queue = app.openQueue(definition.job);
  if (app.soleClient) await queue.clear();
  return new QueueStage({ app, queue, definition, options });
}

class QueueStage implements Stage {
  readonly #app: App;
  readonly #queue: JobQueue<{ readonly page: number }>;
  readonly #definition: StageDefinition;
  readonly #signal: AbortSignal;
  readonly #consumer: JobConsumer;
  /** What ended the run, if something did. */
  #fatal: Error | null = null;
  #lastFailure: string | null = null;

  constructor(parts: {
    app: App;
    queue: JobQueue<{ readonly page: number }>;
    definition: StageDefinition;
    options: StageOptions;
  }) {
    const { app, queue, definition, options } = parts;
    this.#app = app;
    this.#queue = queue;
    this.#definition = definition;
    this.#signal = options.signal;
    this.#consumer = queue.consume(async (payload) => this.#work(payload, options), {
      concurrency: definition.concurrency,
      onFailure: ({ key, attempt, error }) => {
        this.#lastFailure = messageOf(error);
        app.log.warn({ stage: definition.name, job: key, attempt, err: error }, 'a job failed');
      },
    });
  }

  async enqueue(ids: readonly number[]): Promise<void> {
    await this.#queue.add(pagesOf(ids).map((page) => ({ page })));
  }

  async finish(): Promise<number> {
    let roundsWithoutProgress = 0;
    let left = await this.#definition.countLeft();
    while (left > 0 && !this.#ended()) {
      const before = { left, first: await this.#firstLeft() };
      await this.#enqueueLeft();
      await this.#drain();
      left = await this.#definition.countLeft();
      // Another command may add as much as is done here: what was first in line is then at least no longer there.
      const moved = left < before.left || (await this.#firstLeft()) !== before.first;
      roundsWithoutProgress = moved ? 0 : roundsWithoutProgress + 1;
      if (roundsWithoutProgress >= ROUNDS_WITHOUT_PROGRESS) this.#giveUp(left);
    }
    await this.stop();
    if (this.#fatal !== null) throw this.#fatal;
    return this.#definition.countLeft();
  }

  async serve(): Promise<void> {
    while (!this.#ended()) {
      await this.#enqueueLeft();
      await sleepUnlessAborted(SERVE_CHECK_MS, this.#signal);
    }
    await this.stop();
    if (this.#fatal !== null) throw this.#fatal;
  }

  stop(): Promise<void> {
    return this.#consumer.stop();
  }

  async #work(payload: { readonly page: number }, options: StageOptions): Promise<void> {
    if (this.#ended()) return;
    try {
      const ids = await this.#definition.handle(payload);
      if (ids.length > 0) await options.onDone?.(ids);
    } catch (error) {
      if (error instanceof StopTheRun) this.#fatal = error;
      throw error;
    }
  }

  /** Queues everything that is left; pages that are queued or running already are left alone. */
  async #enqueueLeft(): Promise<void> {
    let after = 0;
    for (;;) {
      const ids = await this.#definition.leftIds(after, IDS_PER_QUERY);
      await this.enqueue(ids);
      const last = ids.at(-1);
      if (last === undefined || ids.length < IDS_PER_QUERY || this.#ended()) return;
      after = last;
    }
  }

  async #firstLeft(): Promise<number | undefined> {
    const [id] = await this.#definition.leftIds(0, 1);
    return id;
  }

  /** Waits until no job of the queue waits or runs, in this process or another. */
  async #drain(): Promise<void> {
    while (!this.#ended() && (await this.#queue.pending()) > 0) await sleepUnlessAborted(POLL_MS, this.#signal);
  }

  #ended(): boolean {
    return this.#fatal !== null || this.#signal.aborted;
  }

  #giveUp(left: number): void {
    const reason = this.#lastFailure === null ? 'no job reported an error' : `the last error was: ${this.#lastFailure}`;
    this.#app.log.error({ stage: this.#definition.name, left }, 'nothing moves any more');
    this.#fatal = new StopTheRun(
      `Expected every job of '${this.#definition.name}' to be done but ${left} items are left; ${reason}`,
      { code: 'no-progress' },
    );
  }
}

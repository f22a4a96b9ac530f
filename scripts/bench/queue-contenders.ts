import { createPostgresBackend, createRedisBackend, withBackend } from 'bullmq';
import { Redis } from 'ioredis';
import * as z from 'zod';
import type { JobDefinition, JobQueues } from '../../src/kernel/job.ts';

/** One way to queue small jobs. `drain` resolves once every job is done. */
export interface QueueContender {
  readonly name: string;
  fill(jobs: number): Promise<void>;
  drain(jobs: number, how: Draining): Promise<void>;
  close(): Promise<void>;
}

export interface Draining {
  /** Number of jobs at the same time. */
  readonly concurrency: number;
  readonly signal: AbortSignal;
}

/** The batch size that winnow uses. */
const ADD_BATCH = 500;
const payload = z.strictObject({ n: z.int() });
type Payload = z.infer<typeof payload>;

const numbers: JobDefinition<Payload> = {
  queue: 'bench',
  parse: (data) => payload.parse(data),
  keyOf: ({ n }) => `n-${n}`,
  attempts: 3,
  backoffMs: 1_000,
};

const payloads = (count: number): Payload[] => Array.from({ length: count }, (_, n) => ({ n }));

/** Winnow's queue: it adds keys once, validates payloads, retries, and takes over jobs of killed workers. */
export function winnowQueue(name: string, queues: JobQueues): QueueContender {
  const queue = queues.open(numbers);
  return {
    name,
    fill: (jobs) => queue.add(payloads(jobs)),
    async drain(jobs, { concurrency, signal }) {
      const counter = new Counter(jobs, signal);
      const onFailure = ({ error }: { readonly error: unknown }): void => counter.fail(error);
      const consumer = queue.consume(async () => counter.count(), { concurrency, onFailure });
      try {
        await counter.reached;
      } finally {
        await consumer.stop();
      }
      const left = await queue.pending();
      if (left > 0) throw new Error(`Expected no job to be left but found ${left}`);
    },
    async close() {
      await queue.clear();
      await queue.close();
      await queues.close();
    },
  };
}

/** BullMQ as its documentation shows it, except that finished jobs are removed as winnow does. */
export function plainRedis(url: string): QueueContender {
  const connection = new Redis(url, { maxRetriesPerRequest: null });
  const { Queue, Worker } = withBackend(createRedisBackend);
  const queue = new Queue('plain', { connection });
  const worker = (work: () => Promise<void>, concurrency: number) =>
    new Worker('plain', work, { connection, concurrency, ...REMOVED });
  return plain('plain BullMQ on Redis', { queue, worker, end: async () => connection.disconnect() });
}

/** The same on BullMQ's PostgreSQL backend, whose tables exist already. */
export function plainPostgres(url: string): QueueContender {
  const { Queue, Worker } = withBackend(createPostgresBackend);
  const connection = { connectionString: url, schema: 'winnow_queue', max: 3 };
  const queue = new Queue('plain', { connection });
  const worker = (work: () => Promise<void>, concurrency: number) =>
    new Worker('plain', work, { connection, concurrency, ...REMOVED });
  return plain('plain BullMQ on PostgreSQL', { queue, worker, end: () => Promise.resolve() });
}

const REMOVED = { removeOnComplete: { count: 0 }, removeOnFail: { count: 0 } };

interface PlainWorker {
  close(): Promise<void>;
  on(event: 'error', listener: (error: Error) => void): unknown;
}

interface PlainParts {
  readonly queue: {
    addBulk(jobs: { name: string; data: Payload }[]): Promise<unknown>;
    obliterate(options: { force: boolean }): Promise<void>;
    close(): Promise<void>;
  };
  readonly worker: (work: () => Promise<void>, concurrency: number) => PlainWorker;
  readonly end: () => Promise<void>;
}

function plain(name: string, { queue, worker, end }: PlainParts): QueueContender {
  return {
    name,
    async fill(jobs) {
      const all = payloads(jobs).map((data) => ({ name: 'plain', data }));
      for (let i = 0; i < all.length; i += ADD_BATCH) await queue.addBulk(all.slice(i, i + ADD_BATCH));
    },
    async drain(jobs, { concurrency, signal }) {
      const counter = new Counter(jobs, signal);
      const running = worker(async () => counter.count(), concurrency);
      running.on('error', (error) => counter.fail(error));
      try {
        await counter.reached;
      } finally {
        await running.close();
      }
    },
    async close() {
      await queue.obliterate({ force: true });
      await queue.close();
      await end();
    },
  };
}

class Counter {
  readonly reached: Promise<void>;
  #left: number;
  #done: () => void = () => undefined;
  #failed: (error: unknown) => void = () => undefined;

  constructor(count: number, signal: AbortSignal) {
    this.#left = count;
    this.reached = new Promise((resolve, reject) => {
      this.#done = resolve;
      this.#failed = reject;
    });
    signal.addEventListener('abort', () => this.#failed(new Error('interrupted')), { once: true });
  }

  count(): void {
    this.#left -= 1;
    if (this.#left === 0) this.#done();
  }

  fail(error: unknown): void {
    this.#failed(error);
  }
}

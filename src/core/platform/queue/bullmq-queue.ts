import type { Job, Queue, QueueOptions, Worker, WorkerOptions } from 'bullmq';
import { batchesOf } from '../../kernel/batches.ts';
import type { ConsumeOptions, JobConsumer, JobDefinition, JobQueue, QueueSettings } from '../../kernel/job.ts';

/**
 * A killed worker's job comes back after at most `lockDuration` (15 s). Being killed is not the job's fault, so it
 * never counts against it (`maxStalledCount`). Finished jobs are removed at once: the catalogue is their history, and a
 * finished key that stayed could never be added again.
 */
const STALLED_INTERVAL_MS = 5_000;
const LOCK_DURATION_MS = 15_000;
const MAX_STALLED_COUNT = 1_000;
/** Delay after an error before a worker tries again, and so before it ends if stopped. BullMQ's default is 15 s. */
const RETRY_DELAY_MS = 1_000;
/** BullMQ keeps a stream of events that winnow does not read, so the stream is kept short. */
const MAX_EVENTS = 100;
const ADD_BATCH = 500;

export interface BullBackend {
  makeQueue(name: string, options: Omit<QueueOptions, 'connection'>): BullQueue;
  makeWorker(
    name: string,
    work: (job: { readonly data: unknown }) => Promise<void>,
    options: Omit<WorkerOptions, 'connection'>,
  ): BullWorker;
  readonly onError: (error: Error) => void;
  readonly explained?: (error: unknown) => unknown;
  /** Runs each call, perhaps more than once. By default calls run once. */
  readonly patiently?: (<T>(call: () => Promise<T>) => Promise<T>) | undefined;
}

export type BullQueue = Pick<Queue, 'addBulk' | 'close' | 'getJobCounts' | 'getVersion' | 'obliterate'> & {
  on(event: 'error', listener: (error: Error) => void): unknown;
};
export type BullWorker = Pick<Worker, 'close'> & {
  on(event: 'error', listener: (error: Error) => void): unknown;
  on(event: 'failed', listener: (job: Pick<Job, 'id' | 'attemptsMade'> | undefined, error: Error) => void): unknown;
  waitUntilReady(): Promise<unknown>;
};

export function openBullQueue<Payload>(definition: JobDefinition<Payload>, backend: BullBackend): JobQueue<Payload> {
  const queue = connectQueue(definition, backend);
  const { patiently = (call) => call() } = backend;
  const explained = <T>(call: () => Promise<T>): Promise<T> =>
    patiently(call).catch((error: unknown) => Promise.reject(backend.explained?.(error) ?? error));
  return {
    async add(payloads) {
      for (const batch of batchesOf(payloads, ADD_BATCH)) {
        const jobs = batch.map((data) => ({ name: definition.queue, data, opts: { jobId: definition.keyOf(data) } }));
        await explained(() => queue.addBulk(jobs));
      }
    },
    async pending() {
      const counts = await explained(() => queue.getJobCounts('wait', 'active', 'delayed', 'prioritized'));
      return Object.values(counts).reduce((total, count) => total + count, 0);
    },
    async clear() {
      // A queue writes its settings when it connects. Wait for that, so that they do not reappear in the middle of the
      // clearing.
      await explained(() => queue.getVersion());
      await explained(() => queue.obliterate({ force: true }));
      // The settings were also deleted. Without the limit, 10,000 events would be kept.
      const again = connectQueue(definition, backend);
      await explained(() => again.getVersion());
      await again.close();
    },
    consume(handle, options) {
      const work = async (job: { readonly data: unknown }): Promise<void> => handle(definition.parse(job.data));
      return startConsumer(backend, { queue: definition.queue, work }, options);
    },
    close: () => queue.close(),
  };
}

export function connectQueue(definition: QueueSettings, backend: BullBackend): BullQueue {
  const queue = backend.makeQueue(definition.queue, {
    streams: { events: { maxLen: MAX_EVENTS } },
    defaultJobOptions: {
      attempts: definition.attempts,
      backoff: { type: 'exponential', delay: definition.backoffMs },
      removeOnComplete: true,
      removeOnFail: true,
    },
  });
  queue.on('error', backend.onError);
  return queue;
}

function startConsumer(
  backend: BullBackend,
  { queue, work }: { queue: string; work: (job: { readonly data: unknown }) => Promise<void> },
  { concurrency, onFailure }: ConsumeOptions,
): JobConsumer {
  const worker = backend.makeWorker(queue, work, {
    concurrency,
    stalledInterval: STALLED_INTERVAL_MS,
    lockDuration: LOCK_DURATION_MS,
    maxStalledCount: MAX_STALLED_COUNT,
    runRetryDelay: RETRY_DELAY_MS,
    removeOnComplete: { count: 0 },
    removeOnFail: { count: 0 },
  });
  worker.on('error', backend.onError);
  worker.on('failed', (job, error) => {
    onFailure({ key: job?.id ?? 'unknown', attempt: job?.attemptsMade ?? 0, error });
  });
  return {
    async stop() {
      // Closing a worker that is still connecting would leave a connection open, which keeps the process alive.
      await worker.waitUntilReady().catch(() => undefined);
      await worker.close();
    },
  };
}

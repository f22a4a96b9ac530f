import type { Queue, QueueOptions, Worker, WorkerOptions } from 'bullmq';
import type { ConsumeOptions, JobConsumer, JobDefinition, JobQueue, QueueSettings } from '../../kernel/job.ts';

/**
 * A killed worker's job comes back after `lockDuration` (15 s) at the latest; being killed is no fault of the job's, so
 * it never counts against it (`maxStalledCount`). Finished jobs are removed at once: their history is the catalogue,
 * and a finished key that lingered could never be added again.
 */
const STALLED_INTERVAL_MS = 5_000;
const LOCK_DURATION_MS = 15_000;
const MAX_STALLED_COUNT = 1_000;
/** After trouble a worker looks again; it ends as late as this, too, if it is stopped meanwhile. BullMQ's own is 15 s. */
const RETRY_DELAY_MS = 1_000;
/** BullMQ keeps a stream of events that nobody here reads; a short one stays small. */
const MAX_EVENTS = 100;
/** How many jobs one insert carries. */
const ADD_BATCH = 500;

/** What BullMQ's two backends differ in. */
export interface BullBackend {
  makeQueue(name: string, options: Omit<QueueOptions, 'connection'>): BullQueue;
  makeWorker(
    name: string,
    work: (job: { readonly data: unknown }) => Promise<void>,
    options: BullWorkerOptions,
  ): BullWorker;
  readonly onError: (error: Error) => void;
}

export type BullQueue = Pick<Queue, 'addBulk' | 'close' | 'getJobCounts' | 'getVersion' | 'obliterate'> & {
  on(event: 'error', listener: (error: Error) => void): unknown;
};
export type BullWorkerOptions = Omit<WorkerOptions, 'connection'>;
export type BullWorker = Pick<Worker, 'close'> & {
  on(event: 'error', listener: (error: Error) => void): unknown;
  on(event: 'failed', listener: (job: FailedJob | undefined, error: Error) => void): unknown;
  waitUntilReady(): Promise<unknown>;
};
interface FailedJob {
  readonly id?: string | undefined;
  readonly attemptsMade: number;
}

/** The port of job queues on BullMQ, whichever its backend. */
export function openBullQueue<Payload>(definition: JobDefinition<Payload>, backend: BullBackend): JobQueue<Payload> {
  const queue = connectQueue(definition, backend);
  return {
    async add(payloads) {
      for (let i = 0; i < payloads.length; i += ADD_BATCH) {
        const jobs = payloads
          .slice(i, i + ADD_BATCH)
          .map((data) => ({ name: definition.queue, data, opts: { jobId: definition.keyOf(data) } }));
        await queue.addBulk(jobs);
      }
    },
    async pending() {
      const counts = await queue.getJobCounts('wait', 'active', 'delayed', 'prioritized');
      return Object.values(counts).reduce((total, count) => total + count, 0);
    },
    async clear() {
      // A queue writes its settings when it connects: awaited, so that they do not come back after half of the clearing.
      await queue.getVersion();
      await queue.obliterate({ force: true });
      // Settings were forgotten, too. Without the limit of events 10,000 of them would be kept.
      const again = connectQueue(definition, backend);
      await again.getVersion();
      await again.close();
    },
    consume: (handle, consumeOptions) => startConsumer({ definition, handle, consumeOptions, backend }),
    close: () => queue.close(),
  };
}

/** A queue as BullMQ has it, with the settings that are ours: it writes them when it connects. */
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

function startConsumer<Payload>(options: {
  definition: JobDefinition<Payload>;
  handle: (payload: Payload) => Promise<void>;
  consumeOptions: ConsumeOptions;
  backend: BullBackend;
}): JobConsumer {
  const { definition, handle, consumeOptions, backend } = options;
  const worker = backend.makeWorker(definition.queue, async (job) => handle(definition.parse(job.data)), {
    concurrency: consumeOptions.concurrency,
    stalledInterval: STALLED_INTERVAL_MS,
    lockDuration: LOCK_DURATION_MS,
    maxStalledCount: MAX_STALLED_COUNT,
    runRetryDelay: RETRY_DELAY_MS,
    removeOnComplete: { count: 0 },
    removeOnFail: { count: 0 },
  });
  worker.on('error', backend.onError);
  worker.on('failed', (job, error) => {
    consumeOptions.onFailure({ key: job?.id ?? 'unknown', attempt: job?.attemptsMade ?? 0, error });
  });
  return {
    async stop() {
      // A worker that is closed while it still connects would leave a connection open, and the process with it.
      await worker.waitUntilReady().catch(() => undefined);
      await worker.close();
    },
  };
}

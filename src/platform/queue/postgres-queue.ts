import { createPostgresBackend, runMigrations, withBackend } from 'bullmq';
import type { ConsumeOptions, JobConsumer, JobDefinition, JobQueue } from '../../kernel/job.ts';
import { SteadyClient } from '../postgres/steady-client.ts';

const { Queue, Worker } = withBackend(createPostgresBackend);

/** A namespace of its own beside the catalogue's `public`. */
const SCHEMA = 'winnow_queue';

/**
 * A killed worker's job comes back after `lockDuration` (15 s) at the latest; being killed is no fault of the job's, so
 * it never counts against it (`maxStalledCount`). Finished jobs are removed at once: their history is the catalogue,
 * and a finished key that lingered could never be added again.
 */
const STALLED_INTERVAL_MS = 5_000;
const LOCK_DURATION_MS = 15_000;
const MAX_STALLED_COUNT = 1_000;
/** BullMQ keeps a stream of events that nobody here reads; a short one keeps its table small. */
const MAX_EVENTS = 100;
/** A worker needs a connection to fetch, one to renew locks, one to finish. */
const WORKER_CONNECTIONS = 3;
const QUEUE_CONNECTIONS = 2;
/** How many jobs one insert carries. */
const ADD_BATCH = 500;

export interface QueueConnection {
  readonly url: string;
  /** Starts with `winnow`, so that the embedded server knows that somebody is there. */
  readonly applicationName: string;
  readonly onError: (error: Error) => void;
}

/** A type, not an interface: BullMQ's has an index signature. */
type QueuePool = {
  connectionString: string;
  application_name: string;
  max: number;
  schema: string;
  Client: typeof SteadyClient;
};

/** Creates BullMQ's tables where they are missing and keeps the busy ones vacuumed. Idempotent. */
export async function prepareQueues({ url, applicationName }: QueueConnection): Promise<void> {
  const client = new SteadyClient({ connectionString: url, application_name: applicationName });
  await client.connect();
  try {
    await runMigrations(client, SCHEMA);
    for (const table of ['job', 'event']) {
      // Rows here live for seconds: at the default of 20 % dead rows a table grows to many times its live size.
      await client.query(
        `alter table "${SCHEMA}"."${table}" set (autovacuum_vacuum_scale_factor = 0.02, autovacuum_vacuum_threshold = 500, autovacuum_vacuum_cost_delay = 0)`,
      );
    }
  } finally {
    await client.end();
  }
}

/** Opens one queue on PostgreSQL. `prepareQueues` must have run. */
export function openQueue<Payload>(definition: JobDefinition<Payload>, options: QueueConnection): JobQueue<Payload> {
  const queue = connectQueue(definition, options);
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
      const again = connectQueue(definition, options);
      await again.getVersion();
      await again.close();
    },
    consume: (handle, consumeOptions) =>
      startConsumer({
        definition,
        handle,
        consumeOptions,
        connection: poolOf(options, WORKER_CONNECTIONS),
        onError: options.onError,
      }),
    close: () => queue.close(),
  };
}

function connectQueue<Payload>(
  definition: JobDefinition<Payload>,
  options: QueueConnection,
): InstanceType<typeof Queue> {
  const queue = new Queue(definition.queue, {
    connection: poolOf(options, QUEUE_CONNECTIONS),
    streams: { events: { maxLen: MAX_EVENTS } },
    defaultJobOptions: {
      attempts: definition.attempts,
      backoff: { type: 'exponential', delay: definition.backoffMs },
      removeOnComplete: true,
      removeOnFail: true,
    },
  });
  queue.on('error', options.onError);
  return queue;
}

function poolOf({ url, applicationName }: QueueConnection, max: number): QueuePool {
  return { connectionString: url, application_name: applicationName, max, schema: SCHEMA, Client: SteadyClient };
}

function startConsumer<Payload>(options: {
  definition: JobDefinition<Payload>;
  handle: (payload: Payload) => Promise<void>;
  consumeOptions: ConsumeOptions;
  connection: QueuePool;
  onError: (error: Error) => void;
}): JobConsumer {
  const { definition, handle, consumeOptions } = options;
  const worker = new Worker(definition.queue, async (job) => handle(definition.parse(job.data)), {
    connection: options.connection,
    concurrency: consumeOptions.concurrency,
    stalledInterval: STALLED_INTERVAL_MS,
    lockDuration: LOCK_DURATION_MS,
    maxStalledCount: MAX_STALLED_COUNT,
    removeOnComplete: { count: 0 },
    removeOnFail: { count: 0 },
  });
  worker.on('error', options.onError);
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

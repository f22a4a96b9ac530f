import { createPostgresBackend, runMigrations, withBackend } from 'bullmq';
import type { JobQueues } from '../../kernel/job.ts';
import { SteadyClient } from '../postgres/steady-client.ts';
import { IDLE_IN_TRANSACTION_MS } from '../postgres/transactions.ts';
import { openBullQueue, type BullBackend } from './bullmq-queue.ts';

const { Queue, Worker } = withBackend(createPostgresBackend);

/** A separate namespace beside the catalogue's `public`. */
const SCHEMA = 'winnow_queue';

/** A worker needs a connection to fetch, one to renew locks, one to finish. */
const WORKER_CONNECTIONS = 3;
const QUEUE_CONNECTIONS = 2;

export interface QueueConnection {
  readonly url: string;
  /** Starts with `winnow`, so that the embedded server recognises its clients. */
  readonly applicationName: string;
  readonly onError: (error: Error) => void;
  /** Runs each call of a queue. It may run it again if the server was unreachable. By default calls run once. */
  readonly patiently?: BullBackend['patiently'];
}

export async function openPostgresQueues(connection: QueueConnection): Promise<JobQueues> {
  const { patiently = (work) => work() } = connection;
  await patiently(() => prepareQueues(connection));
  const backend = backendOf(connection);
  return {
    open: (definition) => openBullQueue(definition, backend),
    async openBoard(queues) {
      const { openBullBoard } = await import('./bull-board.ts');
      return openBullBoard(queues, backend);
    },
    close: () => Promise.resolve(),
  };
}

/** Creates BullMQ's missing tables and has the busy ones vacuumed more often. Idempotent. */
export async function prepareQueues({ url, applicationName }: QueueConnection): Promise<void> {
  const client = new SteadyClient({
    connectionString: url,
    application_name: applicationName,
    // Every process that starts waits for the lock of BullMQ's migrations.
    idle_in_transaction_session_timeout: IDLE_IN_TRANSACTION_MS,
  });
  await client.connect();
  try {
    await runMigrations(client, SCHEMA);
    for (const table of ['job', 'event']) {
      // Rows here live for seconds. At the default of 20 % dead rows, a table grows to many times its live size.
      await client.query(
        `alter table "${SCHEMA}"."${table}" set (autovacuum_vacuum_scale_factor = 0.02, autovacuum_vacuum_threshold = 500, autovacuum_vacuum_cost_delay = 0)`,
      );
    }
  } finally {
    await client.end();
  }
}

function backendOf(options: QueueConnection): BullBackend {
  return {
    makeQueue: (name, queueOptions) =>
      new Queue(name, { ...queueOptions, connection: poolOf(options, QUEUE_CONNECTIONS) }),
    makeWorker: (name, work, workerOptions) =>
      new Worker(name, work, { ...workerOptions, connection: poolOf(options, WORKER_CONNECTIONS) }),
    onError: options.onError,
    patiently: options.patiently,
  };
}

function poolOf({ url, applicationName }: QueueConnection, max: number) {
  // BullMQ names its schema in the startup options of its connections, which poolers refuse. Empty options in the URL replace
  // them. `SteadyClient` sets the schema after connecting, and the connection that only listens needs none.
  const connectionString = `${url}${url.includes('?') ? '&' : '?'}options=`;
  return { connectionString, application_name: applicationName, max, schema: SCHEMA, Client: SteadyClient };
}

import type { Kysely } from 'kysely';
import { hideSecret } from '../../tools/quote.ts';
import type { Config } from '../../config/settings.ts';
import type { JobDefinition, JobQueue, JobQueues, QueueBoard, QueueSettings } from '../../kernel/job.ts';
import type { Logger } from '../../platform/log/logger.ts';
import { identityOf } from '../../platform/postgres/clients.ts';
import type { Database } from '../../platform/postgres/database.ts';
import { fatalFailure } from './database-failure.process.ts';
import type { Patiently } from './outage.process.ts';

export interface QueuesOptions {
  readonly config: Config;
  readonly log: Logger;
  /** The place that sets `queue.redisUrl`, for messages: `REDIS_URL`. */
  readonly redisFrom?: string | undefined;
  readonly signal?: AbortSignal | undefined;
}

interface Catalogue {
  readonly db: Kysely<Database>;
  readonly connection: { readonly url: string; readonly applicationName: string };
  /** Aborted with the reason when the queues can store no more. */
  readonly broken: AbortController;
  /** Runs each call of a queue in PostgreSQL. Not given: calls run once. */
  readonly patiently?: Patiently | undefined;
}

/** Opens a page that shows queues. It has its own connections, so that its failures affect nothing else. */
export async function openQueueBoard(
  options: QueuesOptions,
  catalogue: Omit<Catalogue, 'broken'>,
  queues: readonly QueueSettings[],
): Promise<QueueBoard> {
  const opened = await openQueues(options, { ...catalogue, broken: new AbortController() });
  const board = await opened.openBoard(queues).catch(async (error: unknown) => {
    await opened.close();
    throw error;
  });
  return {
    ...board,
    async close() {
      await board.close();
      await opened.close();
    },
  };
}

/** The queues of a catalogue, in the Redis of `queue.redisUrl` or in its PostgreSQL. They are opened on first use. */
export function lazyQueues(options: QueuesOptions, catalogue: Catalogue) {
  let opened: Promise<JobQueues> | null = null;
  return {
    async open<Payload>(definition: JobDefinition<Payload>): Promise<JobQueue<Payload>> {
      // A failure is not kept: a service that was away may be back at the next call.
      opened ??= openQueues(options, catalogue).catch((error: unknown) => {
        opened = null;
        throw error;
      });
      return (await opened).open(definition);
    },
    // A failure to open was already thrown to the caller.
    close: async () => (await opened?.catch(() => null))?.close(),
  };
}

const loadPostgresQueues = () => import('../../platform/queue/postgres-queue.ts');
const loadRedisQueues = () => import('../../platform/queue/redis-queue.ts');

/** Loads the code of the queues that the settings name. Most commands need none. */
export async function loadQueues({ queue }: Config): Promise<void> {
  await (queue.redisUrl === null ? loadPostgresQueues() : loadRedisQueues());
}

async function openQueues(
  options: QueuesOptions,
  { db, connection, broken, patiently }: Catalogue,
): Promise<JobQueues> {
  const { config, log, signal } = options;
  const { redisUrl } = config.queue;
  const onError = queueTrouble(options, broken);
  if (redisUrl === null) {
    const { openPostgresQueues } = await loadPostgresQueues();
    return openPostgresQueues({ ...connection, onError, patiently });
  }
  const { openRedisQueues } = await loadRedisQueues();
  return openRedisQueues({
    url: redisUrl,
    shown: redisText(options),
    // The same by every URL that reaches the database, and different from other catalogues that use this Redis.
    prefix: `winnow-${await identityOf(db)}`,
    applicationName: connection.applicationName,
    signal,
    warn: (message) => log.warn(message),
    onError,
    onGone: (failure) => broken.abort(failure),
  });
}

export function redisText({ config, redisFrom }: Pick<QueuesOptions, 'config' | 'redisFrom'>): string {
  const url = hideSecret(config.queue.redisUrl ?? '', 'url-passwords');
  return `Redis at ${url}${redisFrom === undefined ? '' : ` (from ${redisFrom})`}`;
}

/** BullMQ's messages about a running job that the server no longer knows or has given to another worker. */
const FORGOTTEN = /^(Missing (key|lock) for job|Lock mismatch for job|could not renew lock for job)/;

/** Handles errors of a queue, which reports every failed poll, several a second. Logs each error once. A full disk ends the run. */
function queueTrouble({ config, log }: QueuesOptions, broken: AbortController): (error: Error) => void {
  const where = config.queue.redisUrl === null ? 'PostgreSQL' : 'Redis';
  const logged = new Set<string>();
  return (error) => {
    const failure = fatalFailure(error);
    if (failure !== null) broken.abort(failure);
    const isForgotten = FORGOTTEN.test(error.message);
    const kind = isForgotten ? 'forgotten' : error.message;
    if (logged.has(kind)) return;
    logged.add(kind);
    const message = isForgotten
      ? `${where} has lost running jobs or given them to other workers; no work is lost, but some may be done twice`
      : `the job queue has an error with ${where}`;
    log.warn({ reason: error.message }, message);
  };
}

import type { Kysely } from 'kysely';
import { hideSecret } from '../../config/quote.ts';
import type { Config } from '../../config/settings.ts';
import type { JobDefinition, JobQueue, JobQueues, QueueBoard, QueueSettings } from '../../kernel/job.ts';
import type { Logger } from '../../platform/log/logger.ts';
import { identityOf } from '../../platform/postgres/clients.ts';
import type { Database } from '../../platform/postgres/database.ts';
import { fatalFailure } from './database-failure.ts';

interface QueuesOptions {
  readonly config: Config;
  readonly log: Logger;
  /** Where `queue.redisUrl` was set, for messages: `REDIS_URL`. */
  readonly redisFrom?: string | undefined;
  readonly signal?: AbortSignal | undefined;
}

interface Catalogue {
  readonly db: Kysely<Database>;
  readonly connection: { readonly url: string; readonly applicationName: string };
  /** Aborted with the reason when the queues can take no more. */
  readonly broken: AbortController;
}

/** A page of some queues, over connections of its own: that it cannot be had is nobody else's trouble. */
export async function openQueueBoard(
  options: QueuesOptions,
  catalogue: Omit<Catalogue, 'broken'>,
  queues: readonly QueueSettings[],
): Promise<QueueBoard> {
  const opened = await openQueues(options, { ...catalogue, broken: new AbortController() });
  try {
    const board = await opened.openBoard(queues);
    return {
      ...board,
      async close() {
        await board.close();
        await opened.close();
      },
    };
  } catch (error) {
    await opened.close();
    throw error;
  }
}

export interface LazyQueues {
  open<Payload>(definition: JobDefinition<Payload>): Promise<JobQueue<Payload>>;
  close(): Promise<void>;
}

/** The queues of a catalogue: on the Redis that `queue.redisUrl` names, or in its PostgreSQL. Opened when first asked for. */
export function lazyQueues(options: QueuesOptions, catalogue: Catalogue): LazyQueues {
  let opened: Promise<JobQueues> | null = null;
  return {
    async open(definition) {
      opened ??= openQueues(options, catalogue);
      return (await opened).open(definition);
    },
    // What could not be opened has been told to whoever asked.
    close: async () => (await opened?.catch(() => null))?.close(),
  };
}

async function openQueues(options: QueuesOptions, { db, connection, broken }: Catalogue): Promise<JobQueues> {
  const { config, log, signal } = options;
  const { redisUrl } = config.queue;
  const onError = queueTrouble(options, broken);
  if (redisUrl === null) {
    const { openPostgresQueues } = await import('../../platform/queue/postgres-queue.ts');
    return openPostgresQueues({ ...connection, onError });
  }
  const { openRedisQueues } = await import('../../platform/queue/redis-queue.ts');
  return openRedisQueues({
    url: redisUrl,
    shown: redisText(options),
    prefix: await queuePrefix(db),
    applicationName: connection.applicationName,
    signal,
    warn: (message) => log.warn(message),
    onError,
    onGone: (failure) => broken.abort(failure),
  });
}

/** The Redis of the settings without its password, and where its URL came from. */
export function redisText({ config, redisFrom }: Pick<QueuesOptions, 'config' | 'redisFrom'>): string {
  const url = hideSecret(config.queue.redisUrl ?? '', 'url-passwords');
  return `Redis at ${url}${redisFrom === undefined ? '' : ` (from ${redisFrom})`}`;
}

/** Tells the queues of this catalogue from those of others on the same Redis, whatever URL a machine reaches it by. */
async function queuePrefix(db: Kysely<Database>): Promise<string> {
  return `winnow-${await identityOf(db)}`;
}

/** What BullMQ says of a job in hand that the server does not know any more, or has given to somebody else. */
const FORGOTTEN = /^(Missing (key|lock) for job|Lock mismatch for job|could not renew lock for job)/;

/** A queue reports every failed poll, several a second: each trouble is logged once, and a full disk ends the run. */
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
    const told = isForgotten
      ? `${where} has forgotten jobs in hand, or given them to others: nothing is lost, some may be done twice`
      : `the job queue has trouble with ${where}`;
    log.warn({ reason: error.message }, told);
  };
}

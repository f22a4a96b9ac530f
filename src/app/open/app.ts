import { hostname } from 'node:os';
import path from 'node:path';
import type { Kysely } from 'kysely';
import { hideSecret } from '../../config/quote.ts';
import type { Config } from '../../config/settings.ts';
import type { BlobStore } from '../../kernel/blobs.ts';
import { Interrupted, messageOf, StopTheRun } from '../../kernel/errors.ts';
import type { JobDefinition, JobQueue, QueueBoard, QueueSettings } from '../../kernel/job.ts';
import { blobPlaceOf, type BlobPlace } from '../../platform/blobs/blob-place.ts';
import { openBlobs } from '../../platform/blobs/open-blobs.ts';
import { limitDecoding } from '../../platform/image/decode-limit.ts';
import type { Logger } from '../../platform/log/logger.ts';
import { cancelStatements, otherClients } from '../../platform/postgres/clients.ts';
import type { Database } from '../../platform/postgres/database.ts';
import { attachEmbedded } from '../../platform/postgres/embedded/attach.ts';
import { openDatabase } from '../../platform/postgres/open-database.ts';
import { reachServer } from '../../platform/postgres/reach-server.ts';
import { PauseWatch } from './pause-watch.ts';
import { lazyQueues, openQueueBoard } from './queues.ts';
import { refuseUnfinishedMove } from './unfinished-move.repository.ts';

/** Everything that a command works with, opened; `close` closes it in reverse. */
export interface App {
  readonly config: Config;
  readonly log: Logger;
  /** Absolute path of the data folder. */
  readonly dataDir: string;
  readonly db: Kysely<Database>;
  /** How this process connects to the catalogue. The URL has a password: not for messages. */
  readonly connection: { readonly url: string; readonly applicationName: string };
  /** What operators have paused. */
  readonly pauses: PauseWatch;
  readonly blobs: BlobStore;
  readonly blobPlace: BlobPlace;
  /** No other winnow process was on this catalogue at the start: queues may be made anew, leftovers removed. */
  readonly soleClient: boolean;
  /** The same, and nobody has come since: workers that are started together must not take each other's jobs for leftovers. */
  isStillAlone(): Promise<boolean>;
  /** Aborted when the database can take no more; the reason is the StopTheRun to end with. */
  readonly broken: AbortSignal;
  /** Ends the statements that this process's connections are at, for a command that only reads: each fails. */
  cancelStatements(): Promise<void>;
  openQueue<Payload>(definition: JobDefinition<Payload>): Promise<JobQueue<Payload>>;
  /** For whoever opens it to close. */
  openQueueBoard(queues: readonly QueueSettings[]): Promise<QueueBoard>;
  close(): Promise<void>;
}

export interface AppOptions {
  readonly config: Config;
  readonly log: Logger;
  readonly dataDir: string;
  /** Shows in pg_stat_activity and in messages: `crawl`, `filter`. */
  readonly clientName: string;
  /** Where `postgres.url` was set, for messages: `DATABASE_URL`. */
  readonly databaseFrom?: string | undefined;
  /** The same of `queue.redisUrl`: `REDIS_URL`. */
  readonly redisFrom?: string | undefined;
  /** Gives up reaching a server. */
  readonly signal?: AbortSignal | undefined;
}

/** Queries of one command at once: its handlers, its progress, its stream of results. */
const POOL_SIZE = 6;

/**
 * Attaches to the data folder: its own PostgreSQL, or the one that `postgres.url` names, its catalogue brought up to
 * date, its queues and its blobs. Whoever is alone on the catalogue tidies up what a killed process left.
 */
export async function openApp(options: AppOptions): Promise<App> {
  const { config, log, clientName } = options;
  const dataDir = path.resolve(options.dataDir);
  const [broken, closers]: [AbortController, (() => Promise<void>)[]] = [new AbortController(), []];
  limitDecoding(config.images.maxPixelsAtOnce);
  const close = (): Promise<void> => closeInReverse(closers.splice(0));
  try {
    const applicationName = clientNameOf(config, clientName);
    const server = await openServer(options, { dataDir, applicationName });
    closers.push(() => server.detach());
    if (options.signal?.aborted === true) throw new Interrupted();
    const connection = { url: server.url, applicationName };
    const db = await openCatalogue(options, connection);
    closers.push(() => db.destroy());
    const pauses = new PauseWatch({ db, log });
    closers.push(() => pauses.close());
    if (config.postgres.url !== null) await refuseUnfinishedMove(db, hideSecret(config.postgres.url, 'url-passwords'));
    const soleClient = server.soleClient ?? (await isAlone(db));
    const queues = lazyQueues(options, { db, connection, broken });
    closers.push(() => queues.close());
    const blobPlace = blobPlaceOf(config.blobs, dataDir);
    const blobs = await openBlobs(blobPlace);
    closers.push(() => blobs.close());
    if (soleClient) await blobs.removeUnfinished();
    return {
      config,
      log,
      dataDir,
      db,
      connection,
      pauses,
      blobs,
      blobPlace,
      soleClient,
      isStillAlone: async () => soleClient && (await isAlone(db)),
      broken: broken.signal,
      cancelStatements: () => cancelStatements(db),
      async openQueue(definition) {
        const queue = await queues.open(definition);
        closers.push(() => queue.close());
        return queue;
      },
      openQueueBoard: (shown) => openQueueBoard(options, { db, connection }, shown),
      close,
    };
  } catch (error) {
    await close();
    throw error;
  }
}

/** PostgreSQL keeps 63 bytes; what tells machines (or pods) apart is at the end of their names. */
const MACHINE_NAME_LENGTH = 30;

/** How this process names its connections. Processes of several containers have the same id, so a server of others is told the machine, too. */
function clientNameOf({ postgres }: Config, clientName: string): string {
  const name = `winnow ${clientName} ${process.pid}`;
  const machine = hostname()
    .replaceAll(/[^\x21-\x7e]+/g, '-')
    .slice(-MACHINE_NAME_LENGTH);
  return postgres.url === null || machine === '' ? name : `${name} ${machine}`;
}

function openCatalogue({ log }: AppOptions, connection: App['connection']): Promise<Kysely<Database>> {
  return openDatabase({
    ...connection,
    poolSize: POOL_SIZE,
    onConnectionLost: (error) => log.warn({ reason: error.message }, 'a database connection was lost'),
  });
}

/** All of them, whatever happens: a queue that cannot be closed must not leave the server running. */
async function closeInReverse(closers: readonly (() => Promise<void>)[]): Promise<void> {
  const failures: unknown[] = [];
  for (const closer of closers.toReversed()) await closer().catch((error: unknown) => failures.push(error));
  if (failures.length > 0) throw failures[0];
}

interface Server {
  readonly url: string;
  /** Undefined where only the catalogue can tell. */
  readonly soleClient: boolean | undefined;
  detach(): Promise<void>;
}

async function openServer(
  { config, clientName, log, databaseFrom, signal }: AppOptions,
  { dataDir, applicationName }: { readonly dataDir: string; readonly applicationName: string },
): Promise<Server> {
  const { url } = config.postgres;
  if (url !== null) {
    const shown = `PostgreSQL at ${hideSecret(url, 'url-passwords')}${databaseFrom === undefined ? '' : ` (from ${databaseFrom})`}`;
    await reachServer({ url, applicationName, shown, signal });
    return { url, soleClient: undefined, detach: () => Promise.resolve() };
  }
  const embedded = await attachEmbedded({ dataDir, clientName, log });
  return { url: embedded.url(), soleClient: embedded.soleClient, detach: () => embedded.detach() };
}

/** Whether no other process of ours is on this database. */
async function isAlone(db: Kysely<Database>): Promise<boolean> {
  try {
    return (await otherClients(db)).length === 0;
  } catch (error) {
    throw new StopTheRun(
      `Expected to see the other clients in pg_stat_activity but PostgreSQL said: ${messageOf(error)}`,
      { code: 'postgres-activity', cause: error },
    );
  }
}

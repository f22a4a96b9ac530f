import { hostname } from 'node:os';
import path from 'node:path';
import type { Kysely } from 'kysely';
import { ignorePostgresOptions } from '../../config/env.ts';
import { hideSecret } from '../../tools/quote.ts';
import type { Config } from '../../config/settings.ts';
import type { BlobStore } from '../../kernel/blobs.ts';
import { StopTheRun, throwIfInterrupted } from '../../kernel/errors.ts';
import type { JobDefinition, JobQueue, QueueBoard, QueueSettings } from '../../kernel/job.ts';
import { blobPlaceOf, type BlobPlace } from '../../platform/blobs/blob-place.ts';
import { openBlobs } from '../../platform/blobs/open-blobs.ts';
import { limitDecoding } from '../../platform/image/decode-limit.ts';
import type { Logger } from '../../platform/log/logger.ts';
import { otherClients } from '../../platform/postgres/clients.ts';
import type { Database } from '../../platform/postgres/database.ts';
import { attachEmbedded, type EmbeddedPostgres } from '../../platform/postgres/embedded/attach.ts';
import { Lease, type WorkLocks } from '../../platform/postgres/lease.ts';
import { openDatabase, openPool, type DatabaseOptions } from '../../platform/postgres/open-database.ts';
import { reachServer } from '../../platform/postgres/reach-server.ts';
import { recordActivity } from '../activity/activity.repository.ts';
import { localActor } from '../activity/local-actor.process.ts';
import { waitingOut, type Patiently } from './outage.process.ts';
import { PauseWatch } from './pause-watch.process.ts';
import { lazyQueues, openQueueBoard, type QueuesOptions } from './queues.process.ts';
import { refuseMarkedRestore } from './data-folder.process.ts';
import { refuseUnfinishedMove } from './move-state.repository.ts';

/** The opened resources of a command. `close` closes them in reverse order. */
export interface App {
  readonly config: Config;
  readonly log: Logger;
  readonly dataDir: string;
  readonly db: Kysely<Database>;
  /** How this process connects to the catalogue. The URL contains a password, so do not print it. */
  readonly connection: { readonly url: string; readonly applicationName: string };
  /** The locks of processes that work on a collection. They end with this process or its connection. */
  readonly workLocks: WorkLocks;
  readonly pauses: PauseWatch;
  readonly blobs: BlobStore;
  readonly blobPlace: BlobPlace;
  /** True if no other winnow process used this catalogue at the start, so leftovers of killed processes may be removed. */
  readonly soleClient: boolean;
  readonly upgrade: EmbeddedPostgres['upgrade'];
  /** Checks `soleClient` again, so that workers that start together do not mistake each other's jobs for leftovers. */
  isStillAlone(): Promise<boolean>;
  /** Aborted if the database is gone or can store no more. The reason is the error to end with. */
  readonly broken: AbortSignal;
  /** Opens connections on which PostgreSQL cancels every statement that takes longer. `close` closes them. */
  openLimitedDb(statementTimeoutMs: number): Kysely<Database>;
  openQueue<Payload>(definition: JobDefinition<Payload>): Promise<JobQueue<Payload>>;
  /** Opens a board of queues. The caller closes it. */
  openQueueBoard(queues: readonly QueueSettings[]): Promise<QueueBoard>;
  close(): Promise<void>;
}

export interface AppOptions extends QueuesOptions {
  readonly dataDir: string;
  /** The name in pg_stat_activity and in messages: `crawl`, `filter`. */
  readonly clientName: string;
  /** The place that sets `postgres.url`, for messages: `DATABASE_URL`. */
  readonly databaseFrom?: string | undefined;
  readonly waitsForDatabase?: boolean | undefined;
  /** Called while the process waits for the PostgreSQL that it starts in the data folder. It must not throw. */
  readonly whileStarting?: (() => void) | undefined;
}

/** Connections of one command: for its handlers, its progress and its stream of results. */
const POOL_SIZE = 6;

/**
 * Opens the data folder: its PostgreSQL server (or the one of `postgres.url`), the catalogue, the queues and the blobs. Brings an
 * older catalogue inside the folder up to date, and refuses one elsewhere. If no other process uses the catalogue, removes what a
 * killed process left.
 */
export async function openApp(options: AppOptions): Promise<App> {
  const { config, log } = options;
  const dataDir = path.resolve(options.dataDir);
  const [broken, closers]: [AbortController, (() => Promise<void>)[]] = [new AbortController(), []];
  limitDecoding(config.images.maxPixelsAtOnce);
  const close = (): Promise<void> => closeInReverse(closers.splice(0));
  try {
    if (config.postgres.url === null) await refuseMarkedRestore(dataDir);
    const server = await openServer({ ...options, onLost: (reason) => broken.abort(reason) });
    closers.push(() => server.detach());
    throwIfInterrupted(options.signal);
    const connection = { url: server.url, applicationName: server.applicationName };
    const patiently = patienceOf(options, broken.signal);
    const db = await openDatabase({ ...poolOptions(options, connection), patiently });
    closers.push(() => db.destroy());
    await recordUpgrade(db, server.upgrade);
    const pauses = new PauseWatch({ db, log });
    closers.push(() => pauses.close());
    await refuseUnfinishedMove(db, catalogueText(options));
    const soleClient = server.soleClient ?? (await isAlone(db));
    const queues = lazyQueues(options, { db, connection, broken, patiently });
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
      workLocks: server.workLocks,
      pauses,
      blobs,
      blobPlace,
      soleClient,
      upgrade: server.upgrade,
      isStillAlone: async () => soleClient && (await isAlone(db)),
      broken: broken.signal,
      openLimitedDb: limitedDb(poolOptions(options, connection), closers),
      openQueue: queueOpener(queues, closers),
      openQueueBoard: (shown) => openQueueBoard(options, { db, connection }, shown),
      close,
    };
  } catch (error) {
    await close();
    throw error;
  }
}

/** The catalogue without passwords, for messages, and which setting names it. */
export function catalogueText({
  config,
  databaseFrom,
  dataDir,
}: Pick<AppOptions, 'config' | 'databaseFrom' | 'dataDir'>): string {
  const { url } = config.postgres;
  if (url === null) return `the data folder '${dataDir}'`;
  return `PostgreSQL at ${hideSecret(url, 'url-passwords')}${databaseFrom === undefined ? '' : ` (from ${databaseFrom})`}`;
}

/** PostgreSQL keeps 63 bytes of the name. The names of machines or pods differ at their ends, so the ends are kept. */
const MACHINE_NAME_LENGTH = 30;

/** The name of this process's connections. With a shared server it includes the machine, because process ids may repeat. */
export function clientNameOf({ postgres }: Config, clientName: string): string {
  const name = `winnow ${clientName} ${process.pid}`;
  const machine = hostname()
    .replaceAll(/[^\x21-\x7e]+/g, '-')
    .slice(-MACHINE_NAME_LENGTH);
  return postgres.url === null || machine === '' ? name : `${name} ${machine}`;
}

function poolOptions({ log }: AppOptions, connection: App['connection']): DatabaseOptions {
  const onConnectionLost = (error: Error): void =>
    log.warn({ reason: error.message }, 'a database connection was lost');
  return { ...connection, poolSize: POOL_SIZE, onConnectionLost };
}

function patienceOf({ waitsForDatabase, log, signal }: AppOptions, broken: AbortSignal): Patiently | undefined {
  if (waitsForDatabase !== true) return undefined;
  return waitingOut({ log, signal: signal === undefined ? broken : AbortSignal.any([signal, broken]) });
}

function queueOpener(queues: ReturnType<typeof lazyQueues>, closers: (() => Promise<void>)[]): App['openQueue'] {
  const opened = new Map<string, JobQueue<unknown>>();
  return async <Payload>(definition: JobDefinition<Payload>) => {
    const known = opened.get(definition.queue);
    // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- the jobs of a queue are of one kind
    if (known !== undefined) return known as JobQueue<Payload>;
    const queue = await queues.open(definition);
    opened.set(definition.queue, queue);
    closers.push(() => queue.close());
    return queue;
  };
}

async function recordUpgrade(db: Kysely<Database>, upgrade: App['upgrade']): Promise<void> {
  if (upgrade !== null) await recordActivity(db, { ...localActor(), action: 'migrate', detail: { ...upgrade } });
}

function limitedDb(options: DatabaseOptions, closers: (() => Promise<void>)[]): App['openLimitedDb'] {
  return (statementTimeoutMs) => {
    const db = openPool({ ...options, statementTimeoutMs });
    closers.push(() => db.destroy());
    return db;
  };
}

/** Closes everything even if some of it fails: a queue that cannot be closed must not leave the server running. */
async function closeInReverse(closers: readonly (() => Promise<void>)[]): Promise<void> {
  const failures: unknown[] = [];
  for (const closer of closers.toReversed()) await closer().catch((error: unknown) => failures.push(error));
  if (failures.length > 0) throw failures[0];
}

/** Without `soleClient` if only the catalogue can tell. */
type Server = Omit<EmbeddedPostgres, 'soleClient'> &
  Partial<Pick<EmbeddedPostgres, 'soleClient'>> & { readonly applicationName: string };

export interface ServerOptions extends Pick<
  AppOptions,
  'config' | 'clientName' | 'log' | 'databaseFrom' | 'signal' | 'dataDir' | 'whileStarting'
> {
  /** Called once if this process must not go on with the database. */
  readonly onLost: (reason: unknown) => void;
}

/** Reaches the server of `postgres.url`, or starts the one in the data folder. The caller detaches from it. */
export async function openServer(options: ServerOptions): Promise<Server> {
  const { config, clientName, log, signal, onLost, whileStarting } = options;
  const applicationName = clientNameOf(config, clientName);
  const { url } = config.postgres;
  if (url !== null) {
    const shown = catalogueText(options);
    await reachServer({ url, applicationName, shown, signal });
    const lease = await Lease.open({ url, applicationName, log, onLost });
    if (lease === null) throw beingUpgraded(shown);
    return { url, applicationName, upgrade: null, workLocks: lease, detach: () => lease.close() };
  }
  ignorePostgresOptions();
  const dataDir = path.resolve(options.dataDir);
  return { ...(await attachEmbedded({ dataDir, clientName, log, onLost, whileStarting, signal })), applicationName };
}

function beingUpgraded(shown: string): StopTheRun {
  return new StopTheRun(
    `The catalogue in ${shown} is being brought to another schema by \`winnow migrate\`. Run the command again when that has ended.`,
    { code: 'schema-changing' },
  );
}

async function isAlone(db: Kysely<Database>): Promise<boolean> {
  return (await otherClients(db)).length === 0;
}

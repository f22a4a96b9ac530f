import path from 'node:path';
import { sql, type Kysely } from 'kysely';
import type { Config } from '../config/settings.ts';
import { messageOf, StopTheRun } from '../kernel/errors.ts';
import type { JobDefinition, JobQueue } from '../kernel/job.ts';
import { openBlobFolder, type BlobFolder } from '../platform/blobs/blob-folder.ts';
import type { Logger } from '../platform/log/logger.ts';
import type { Database } from '../platform/postgres/database.ts';
import { attachEmbedded } from '../platform/postgres/embedded/attach.ts';
import { openDatabase } from '../platform/postgres/open-database.ts';
import { openQueue, prepareQueues } from '../platform/queue/postgres-queue.ts';
import { fatalFailure } from './database-failure.ts';

/** Everything that a command works with, opened; `close` closes it in reverse. */
export interface App {
  readonly config: Config;
  readonly log: Logger;
  /** Absolute path of the data folder. */
  readonly dataDir: string;
  readonly db: Kysely<Database>;
  readonly blobs: BlobFolder;
  readonly blobsDir: string;
  /** No other winnow process was on this catalogue at the start: queues may be made anew, leftovers removed. */
  readonly soleClient: boolean;
  /** Aborted when the database can take no more; the reason is the StopTheRun to end with. */
  readonly broken: AbortSignal;
  openQueue<Payload>(definition: JobDefinition<Payload>): JobQueue<Payload>;
  close(): Promise<void>;
}

export interface AppOptions {
  readonly config: Config;
  readonly log: Logger;
  readonly dataDir: string;
  /** Shows in pg_stat_activity and in messages: `crawl`, `filter`. */
  readonly clientName: string;
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
  const broken = new AbortController();
  const closers: (() => Promise<void>)[] = [];
  const close = async (): Promise<void> => {
    const failures: unknown[] = [];
    // All of them, whatever happens: a queue that cannot be closed must not leave the server running.
    for (const closer of closers.splice(0).toReversed()) await closer().catch((error: unknown) => failures.push(error));
    if (failures.length > 0) throw failures[0];
  };
  try {
    const applicationName = `winnow ${clientName} ${process.pid}`;
    const server = await openServer(options, dataDir);
    closers.push(() => server.detach());
    const connection = { url: server.url, applicationName };
    const db = await openDatabase({
      ...connection,
      poolSize: POOL_SIZE,
      onConnectionLost: (error) => log.warn({ reason: error.message }, 'a database connection was lost'),
    });
    closers.push(() => db.destroy());
    const soleClient = server.soleClient ?? (await isAlone(db));
    const queueConnection = { ...connection, onError: queueTrouble(log, broken) };
    await prepareQueues(queueConnection);
    const blobsDir = path.join(dataDir, 'blobs');
    const blobs = openBlobFolder(blobsDir);
    if (soleClient) await blobs.removeUnfinished();
    return {
      config,
      log,
      dataDir,
      db,
      blobs,
      blobsDir,
      soleClient,
      broken: broken.signal,
      openQueue(definition) {
        const queue = openQueue(definition, queueConnection);
        closers.push(() => queue.close());
        return queue;
      },
      close,
    };
  } catch (error) {
    await close();
    throw error;
  }
}

/** A queue reports every failed poll, several a second: each trouble is logged once, and a full disk ends the run. */
function queueTrouble(log: Logger, broken: AbortController): (error: Error) => void {
  const logged = new Set<string>();
  return (error) => {
    const failure = fatalFailure(error);
    if (failure !== null) broken.abort(failure);
    if (logged.has(error.message)) return;
    logged.add(error.message);
    log.warn({ reason: error.message }, 'the job queue has trouble with its database');
  };
}

interface Server {
  readonly url: string;
  /** Undefined where only the catalogue can tell. */
  readonly soleClient: boolean | undefined;
  detach(): Promise<void>;
}

async function openServer({ config, clientName, log }: AppOptions, dataDir: string): Promise<Server> {
  if (config.postgres.url !== null)
    return { url: config.postgres.url, soleClient: undefined, detach: () => Promise.resolve() };
  const embedded = await attachEmbedded({ dataDir, clientName, log });
  return { url: embedded.url(), soleClient: embedded.soleClient, detach: () => embedded.detach() };
}

/** Whether no other process of ours is on this database: connections name themselves `winnow <command> <pid>`. */
async function isAlone(db: Kysely<Database>): Promise<boolean> {
  try {
    const { rows } = await sql<{ others: number }>`
      select count(*) as others from pg_stat_activity
      where datname = current_database() and application_name like 'winnow %' and application_name <> current_setting('application_name')`.execute(
      db,
    );
    return rows[0]?.others === 0;
  } catch (error) {
    throw new StopTheRun(
      `Expected to see the other clients in pg_stat_activity but PostgreSQL said: ${messageOf(error)}`,
      { code: 'postgres-activity', cause: error },
    );
  }
}

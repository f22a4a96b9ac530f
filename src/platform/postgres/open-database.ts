import { Kysely, Migrator, PostgresDialect, sql, type MigrationResultSet } from 'kysely';
import Cursor from 'pg-cursor';
import { Pool, types as defaultTypes, TypeOverrides } from 'pg';
import { messageOf, StopTheRun } from '../../kernel/errors.ts';
import type { Database } from './database.ts';
import { MIGRATIONS } from './migrations/index.ts';
import { SteadyClient } from './steady-client.ts';
import { IDLE_IN_TRANSACTION_MS } from './transactions.ts';

export interface DatabaseOptions {
  /** `postgres://user:password@host:port/database`; a socket's folder goes percent-encoded in place of the host. */
  readonly url: string;
  /** Shown in pg_stat_activity, where other processes find ours: see `otherClients`. */
  readonly applicationName: string;
  /** Largest number of connections. */
  readonly poolSize: number;
  /** Called when an idle connection was lost. The pool opens another automatically. */
  readonly onConnectionLost: (error: Error) => void;
  /** Time after which an idle connection is closed; 0: never. Ten seconds by default. */
  readonly idleTimeoutMs?: number;
}

/** Reads bigint and count() as numbers in this pool only. Values above 2^53 are refused instead of rounded. */
const types = new TypeOverrides();
types.setTypeParser(defaultTypes.builtins.INT8, parseInt8);

function parseInt8(text: string): number {
  const value = Number(text);
  if (!Number.isSafeInteger(value)) {
    throw new RangeError(`Expected a whole number below 2^53 for a bigint column but received ${text}`);
  }
  return value;
}

/** Opens a pool and brings the catalogue's schema up to date. Throws StopTheRun if the server cannot be used. */
export async function openDatabase(options: DatabaseOptions): Promise<Kysely<Database>> {
  const db = openPool(options);
  try {
    await migrate(db);
  } catch (error) {
    await db.destroy();
    throw error;
  }
  return db;
}

/** Opens a pool on a catalogue whose schema is up to date. */
export function openPool(options: DatabaseOptions): Kysely<Database> {
  const pool = new Pool({
    connectionString: options.url,
    application_name: options.applicationName,
    max: options.poolSize,
    ...(options.idleTimeoutMs === undefined ? {} : { idleTimeoutMillis: options.idleTimeoutMs }),
    idle_in_transaction_session_timeout: IDLE_IN_TRANSACTION_MS,
    types,
    Client: SteadyClient,
  });
  pool.on('error', options.onConnectionLost);
  return new Kysely<Database>({ dialect: new PostgresDialect({ pool, cursor: Cursor }) });
}

/**
 * Applies the missing migrations. Kysely takes an advisory lock, so commands that start at the same time wait for one
 * another.
 */
export async function migrate(db: Kysely<Database>): Promise<void> {
  await settle(db, await migratorOf(db).migrateToLatest());
}

/** Applies the missing migrations up to one of them, for rows that are of that schema. Later ones that were applied stay. */
export async function migrateUpTo(db: Kysely<Database>, name: string): Promise<void> {
  const migrator = migratorOf(db);
  const known = await migrator.getMigrations();
  if (known.some((one) => one.name === name && one.executedAt !== undefined)) return;
  await settle(db, await migrator.migrateTo(name));
}

function migratorOf(db: Kysely<Database>): Migrator {
  return new Migrator({ db, provider: { getMigrations: () => Promise.resolve(MIGRATIONS) } });
}

async function settle(db: Kysely<Database>, { error, results }: MigrationResultSet): Promise<void> {
  if (error === undefined) return;
  await refuseOtherVersion(db);
  const failed = results?.find((result) => result.status === 'Error')?.migrationName;
  throw new StopTheRun(
    `Expected the catalogue's schema to be brought up to date${failed ? ` by migration ${failed}` : ''} but PostgreSQL said: ${messageOf(error)}`,
    { code: 'migration-failed', cause: error },
  );
}

/** The first migration of catalogues from before all migrations became one, and the last commit that reads them. */
const BEFORE_SQUASH = { migration: '0001-catalogue', commit: '4fc57e5' };

/** @throws StopTheRun `migration-failed` if the catalogue has migrations that this version does not know */
async function refuseOtherVersion(db: Kysely<Database>): Promise<void> {
  const applied = await sql<{ name: string }>`select name from kysely_migration order by name`.execute(db).then(
    ({ rows }) => rows.map(({ name }) => name),
    // A server that does not answer has caused an error before.
    () => [],
  );
  const unknown = applied.filter((name) => MIGRATIONS[name] === undefined);
  if (unknown.length === 0) return;
  const [made, reader] = unknown.includes(BEFORE_SQUASH.migration)
    ? ['an older development version of winnow', `the commit ${BEFORE_SQUASH.commit}, the last one that reads it`]
    : ['a newer version of winnow', 'that version'];
  throw new StopTheRun(
    `The catalogue was made by ${made}: this version does not know its migration '${unknown.at(-1)}'. Nothing was changed. Use a new data folder (--data DIR) or database, or use ${reader}.`,
    { code: 'migration-failed' },
  );
}

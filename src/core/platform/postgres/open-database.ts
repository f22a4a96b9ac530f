import { Kysely, Migrator, PostgresDialect, sql, type MigrationResultSet } from 'kysely';
import Cursor from 'pg-cursor';
import { Pool, types as defaultTypes, TypeOverrides } from 'pg';
import { messageOf, StopTheRun } from '../../kernel/errors.ts';
import type { Database } from './database.ts';
import { MIGRATIONS } from './migrations/index.ts';
import { readSchema, refuseUnknownSchema, requireCurrentSchema, type SchemaState } from './schema.ts';
import { SteadyClient } from './steady-client.ts';
import { IDLE_IN_TRANSACTION_MS } from './transactions.ts';

export interface DatabaseOptions {
  /** `postgres://user:password@host:port/database`; a socket's folder replaces the host, percent-encoded. */
  readonly url: string;
  /** Shown in pg_stat_activity, where other processes find ours: see `otherClients`. */
  readonly applicationName: string;
  readonly poolSize: number;
  /** Called when an idle connection was lost. The pool opens another automatically. */
  readonly onConnectionLost: (error: Error) => void;
  /** Time after which an idle connection is closed; 0: never. Ten seconds by default. */
  readonly idleTimeoutMs?: number;
  /** PostgreSQL ends a statement that takes longer (SQLSTATE 57014). No limit by default. */
  readonly statementTimeoutMs?: number;
  /** Runs each statement and transaction, again if the server was unreachable. By default they run once. */
  readonly patiently?: (<T>(work: () => Promise<T>) => Promise<T>) | undefined;
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

/**
 * Opens a pool on a catalogue. An empty database gets its tables. A catalogue with another schema is refused: `migrate` changes it.
 * One that a move or a restore has begun to fill is opened as it is, and the caller refuses it (`refuseUnfinishedMove`).
 *
 * @throws UsageError `schema-older`, `schema-newer`, `schema-foreign`; StopTheRun `migration-failed`
 */
export async function openDatabase(options: DatabaseOptions): Promise<Kysely<Database>> {
  const db = openPool(options);
  try {
    const state = await schemaIn(db);
    requireCurrentSchema(state);
    if (state.kind === 'empty') await migrate(db);
  } catch (error) {
    await db.destroy();
    throw error;
  }
  return db;
}

/** @throws StopTheRun `migration-failed` if it cannot be read */
export async function schemaIn(db: Kysely<Database>): Promise<SchemaState> {
  try {
    return await readSchema((statement) => sql.raw(statement).execute(db));
  } catch (error) {
    throw new StopTheRun(`Expected to read the schema of the catalogue but PostgreSQL said: ${messageOf(error)}`, {
      code: 'migration-failed',
      cause: error,
    });
  }
}

export function openPool(options: DatabaseOptions): Kysely<Database> {
  const pool = new Pool({
    connectionString: options.url,
    application_name: options.applicationName,
    max: options.poolSize,
    ...(options.idleTimeoutMs === undefined ? {} : { idleTimeoutMillis: options.idleTimeoutMs }),
    ...(options.statementTimeoutMs === undefined ? {} : { statement_timeout: options.statementTimeoutMs }),
    idle_in_transaction_session_timeout: IDLE_IN_TRANSACTION_MS,
    types,
    Client: SteadyClient,
  });
  pool.on('error', options.onConnectionLost);
  const dialect = new PostgresDialect({ pool, cursor: Cursor });
  const db = new Kysely<Database>({ dialect });
  const { patiently } = options;
  if (patiently === undefined) return db;
  const once = db.getExecutor();
  const executor = once.withConnectionProvider({
    provideConnection: (use) => patiently(() => once.provideConnection(use)),
  });
  const driver = Object.assign(dialect.createDriver(), { destroy: () => db.destroy() });
  return new Kysely<Database>({ config: { dialect }, dialect, driver, executor });
}

/**
 * Applies the missing migrations, all or none, under an advisory lock of Kysely.
 *
 * @throws UsageError `schema-newer`, `schema-foreign`; StopTheRun `migration-failed`
 */
export async function migrate(db: Kysely<Database>): Promise<void> {
  refuseUnknownSchema(await schemaIn(db));
  settle(await migratorOf(db).migrateToLatest());
}

/** Applies the missing migrations up to one of them, for rows that are of that schema. Later ones that were applied stay. */
export async function migrateUpTo(db: Kysely<Database>, name: string): Promise<void> {
  const migrator = migratorOf(db);
  const known = await migrator.getMigrations();
  if (known.some((one) => one.name === name && one.executedAt !== undefined)) return;
  settle(await migrator.migrateTo(name));
}

function migratorOf(db: Kysely<Database>): Migrator {
  return new Migrator({ db, provider: { getMigrations: () => Promise.resolve(MIGRATIONS) } });
}

function settle({ error, results }: MigrationResultSet): void {
  if (error === undefined) return;
  const failed = results?.find((result) => result.status === 'Error')?.migrationName;
  throw new StopTheRun(
    `Expected the catalogue's schema to be brought up to date${failed ? ` by migration ${failed}` : ''} but PostgreSQL said: ${messageOf(error)}. Nothing was changed.`,
    { code: 'migration-failed', cause: error },
  );
}

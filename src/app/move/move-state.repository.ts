import type { Client } from 'pg';

/** Progress of a move for one table. It is stored in the target, in the transactions that move rows. */
export interface TableProgress {
  /** The key of the last row that was copied, as text; null if none was. */
  readonly after: readonly string[] | null;
  readonly rows: number;
  readonly done: boolean;
}

export interface MoveState {
  /** The database that is moved: see `identityOf`. */
  readonly source: string;
  readonly finishedAt: Date | null;
}

const SCHEMA = 'winnow_move';

/** The cluster's own id and the id of the database in it: the same for every address that reaches it. */
export async function identityOf(client: Client): Promise<string> {
  const { rows } = await client.query<{ id: string }>(
    `select system_identifier || '-' || (select oid from pg_database where datname = current_database()) as id from pg_control_system()`,
  );
  return rows[0]?.id ?? '';
}

/** The move into this database, or null if none has begun. */
export async function readMove(client: Client): Promise<MoveState | null> {
  const { rows: tables } = await client.query<{ there: boolean }>(
    `select to_regclass('${SCHEMA}.state') is not null as there`,
  );
  if (tables[0]?.there !== true) return null;
  const { rows } = await client.query<{ source: string; finished_at: Date | null }>(
    `select source, finished_at from ${SCHEMA}.state`,
  );
  const row = rows[0];
  return row === undefined ? null : { source: row.source, finishedAt: row.finished_at };
}

export async function beginMove(client: Client, source: string): Promise<void> {
  await client.query(`begin;
    create schema if not exists ${SCHEMA};
    create table if not exists ${SCHEMA}.state (source text not null, begun_at timestamptz not null default now(), finished_at timestamptz);
    create table if not exists ${SCHEMA}.progress (name text primary key, after text[], rows bigint not null, done boolean not null);
    insert into ${SCHEMA}.state (source) values (${client.escapeLiteral(source)});
    commit`);
}

export async function finishMove(client: Client): Promise<void> {
  await client.query(`update ${SCHEMA}.state set finished_at = now()`);
}

export async function progressOf(client: Client, table: string): Promise<TableProgress> {
  const { rows } = await client.query<{ after: string[] | null; rows: string; done: boolean }>(
    `select after, rows, done from ${SCHEMA}.progress where name = $1`,
    [table],
  );
  const row = rows[0];
  return row === undefined ? { after: null, rows: 0, done: false } : { ...row, rows: Number(row.rows) };
}

export async function noteProgress(client: Client, table: string, progress: TableProgress): Promise<void> {
  await client.query(
    `insert into ${SCHEMA}.progress (name, after, rows, done) values ($1, $2, $3, $4)
     on conflict (name) do update set after = excluded.after, rows = excluded.rows, done = excluded.done`,
    [table, progress.after, progress.rows, progress.done],
  );
}

/** Resets the progress to zero. Called in the transaction that empties the tables. */
export async function forgetProgress(client: Client): Promise<void> {
  await client.query(`delete from ${SCHEMA}.progress`);
}

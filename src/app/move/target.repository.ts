import { sql, type Kysely } from 'kysely';
import type { Client } from 'pg';
import { UsageError } from '../../kernel/errors.ts';
import { otherClients } from '../../platform/postgres/clients.ts';
import type { Database } from '../../platform/postgres/database.ts';
import type { CatalogueTable } from './catalogue-tables.repository.ts';

const NAMES_SHOWN = 3;

/** @throws UsageError `target-not-empty` unless the database is empty or holds a catalogue without rows */
export async function requireFreeTarget(to: Client, tables: readonly CatalogueTable[], shown: string): Promise<void> {
  const ours = new Set([...tables.map(({ name }) => name), 'kysely_migration', 'kysely_migration_lock']);
  const { rows } = await to.query<{ name: string; label: string; schema: string }>(
    `select quote_ident(c.relname) as name, n.nspname as schema, n.nspname || '.' || c.relname as label
     from pg_class c join pg_namespace n on n.oid = c.relnamespace
     where c.relkind in ('r', 'p', 'v', 'm', 'f') and n.nspname not in ('pg_catalog', 'information_schema', 'winnow_queue')
       and n.nspname not like 'pg\\_%' and not exists (select from pg_depend d where d.objid = c.oid and d.deptype = 'e')
     order by label`,
  );
  const foreign = rows.filter(({ name, schema }) => schema !== 'public' || !ours.has(name)).map(({ label }) => label);
  const filled: string[] = [];
  for (const { name, label } of rows.filter((row) => tables.some((table) => table.name === row.name))) {
    if ((await to.query(`select from ${name} limit 1`)).rowCount !== 0) filled.push(label);
  }
  const found = foreign.length > 0 ? foreign : filled;
  if (found.length === 0) return;
  const more = found.length > NAMES_SHOWN ? ` and ${found.length - NAMES_SHOWN} more` : '';
  throw new UsageError(
    `Expected an empty database at ${shown} but found the tables ${found.slice(0, NAMES_SHOWN).join(', ')}${more}${foreign.length > 0 ? '' : ' with rows'}; create a new one with createdb`,
    { code: 'target-not-empty' },
  );
}

/** @throws UsageError `move-in-use` if another winnow command works on the catalogue that is being moved */
export async function requireNobodyElse(db: Kysely<Database>): Promise<void> {
  refuse(await otherClients(db), 'the catalogue that is being moved');
}

/** @throws UsageError `move-in-use` if another winnow command works on the database */
export async function requireNobody(
  client: Client,
  { where, applicationName }: { readonly where: string; readonly applicationName: string },
): Promise<void> {
  const { rows } = await client.query<{ name: string }>(
    `select distinct application_name as name from pg_stat_activity
     where datname = current_database() and application_name like 'winnow %' and application_name <> $1 order by name`,
    [applicationName],
  );
  refuse(
    rows.map(({ name }) => name),
    where,
  );
}

function refuse(names: readonly string[], where: string): void {
  if (names.length === 0) return;
  throw new UsageError(
    `Expected nobody else on ${where} but found ${names.map((name) => `'${name}'`).join(', ')} (the command and its process id); end it and run the command again`,
    { code: 'move-in-use' },
  );
}

/**
 * Number of rows of the catalogue, estimated by the server because a count would read all rows once more. Null if the
 * server has no estimate.
 */
export async function estimatedRows(db: Kysely<Database>): Promise<number | null> {
  const { rows } = await sql<{ rows: number }>`
    select coalesce(sum(n_live_tup), 0)::bigint as rows from pg_stat_user_tables where schemaname = 'public'`.execute(
    db,
  );
  return (rows[0]?.rows ?? 0) === 0 ? null : (rows[0]?.rows ?? null);
}

export async function countPhotos(db: Kysely<Database>): Promise<number> {
  const { rows } = await sql<{ count: number }>`select count(*) as count from photo`.execute(db);
  return rows[0]?.count ?? 0;
}

import { sql, type Kysely } from 'kysely';
import { UsageError } from '../../kernel/errors.ts';
import { otherClients } from '../../platform/postgres/clients.ts';
import type { Database } from '../../platform/postgres/database.ts';
import type { MoveState } from '../open/move-state.repository.ts';
import type { CatalogueTable } from './catalogue-tables.repository.ts';
import { SHARDS, type ListedPhoto, type Shard } from './photo-list.ts';

const NAMES_SHOWN = 3;

/**
 * @param tables the tables of a catalogue
 * @throws UsageError `target-not-empty` unless the database is empty or holds a catalogue without rows
 */
export async function requireFreeTarget(
  target: Kysely<Database>,
  tables: readonly Pick<CatalogueTable, 'name'>[],
  { shown, advice }: { readonly shown: string; readonly advice: string },
): Promise<void> {
  const others = ['counted_evidence', 'kysely_migration', 'kysely_migration_lock'];
  const ours = new Set([...tables.map(({ name }) => name), ...others]);
  const { rows } = await sql<{ name: string; label: string; schema: string }>`
    select quote_ident(c.relname) as name, n.nspname as schema, n.nspname || '.' || c.relname as label
    from pg_class c join pg_namespace n on n.oid = c.relnamespace
    where c.relkind in ('r', 'p', 'v', 'm', 'f') and c.relpersistence = 'p' and n.nspname not in ('pg_catalog', 'information_schema', 'winnow_queue')
      and not starts_with(n.nspname, 'pg_') and not exists (select from pg_depend d where d.objid = c.oid and d.deptype = 'e')
    order by label`.execute(target);
  const foreign = rows.filter(({ name, schema }) => schema !== 'public' || !ours.has(name)).map(({ label }) => label);
  const filled: string[] = [];
  for (const { name, label } of rows.filter((row) => tables.some((table) => table.name === row.name))) {
    const { rows: some } = await sql`select from ${sql.raw(name)} limit 1`.execute(target);
    if (some.length > 0) filled.push(label);
  }
  const found = foreign.length > 0 ? foreign : filled;
  if (found.length === 0) return;
  const more = found.length > NAMES_SHOWN ? ` and ${found.length - NAMES_SHOWN} more` : '';
  throw new UsageError(
    `Expected an empty database at ${shown} but found the tables ${found.slice(0, NAMES_SHOWN).join(', ')}${more}${foreign.length > 0 ? '' : ' with rows'}; ${advice}`,
    { code: 'target-not-empty' },
  );
}

/** @throws UsageError `move-in-use` if another winnow command works on the database */
export async function requireNobodyElse(db: Kysely<Database>, where: string): Promise<void> {
  const names = await otherClients(db);
  if (names.length === 0) return;
  throw new UsageError(
    `Expected nobody else on ${where} but found ${names.map((name) => `'${name}'`).join(', ')} (the command and its process id); end it and run the command again`,
    { code: 'move-in-use' },
  );
}

/** Notes in the target that a catalogue is being copied into it, and which one. */
export async function beginMove(
  target: Kysely<Database>,
  { source, snapshot }: Pick<MoveState, 'source' | 'snapshot'>,
): Promise<void> {
  // Without parameters the statements are one transaction.
  await sql`
    create schema winnow_move;
    create table winnow_move.state (source text not null, snapshot text, begun_at timestamptz not null default now(), finished_at timestamptz);
    create table winnow_move.progress (name text primary key, after text[] not null, rows bigint not null);
    insert into winnow_move.state (source, snapshot) values (${sql.lit(source)}, ${sql.lit(snapshot)})`.execute(target);
}

export async function finishMove(target: Kysely<Database>): Promise<void> {
  await sql`update winnow_move.state set finished_at = now()`.execute(target);
}

/**
 * Number of rows of the catalogue, estimated by the server because a count would read all rows once more. Null if the
 * server has no estimate.
 */
export async function estimatedRows(db: Kysely<Database>): Promise<number | null> {
  const { rows } = await sql<{ rows: number | null }>`
    select nullif(sum(n_live_tup), 0)::bigint as rows from pg_stat_user_tables where schemaname = 'public'`.execute(db);
  return rows[0]?.rows ?? null;
}

/** The photos that have their bytes, one shard at a time. */
export async function* storedShards(db: Kysely<Database>): AsyncGenerator<Shard> {
  for (const shard of SHARDS) yield { shard, photos: await photosIn(db, shard) };
}

async function photosIn(db: Kysely<Database>, shard: string): Promise<ListedPhoto[]> {
  const { rows } = await sql<ListedPhoto>`
    select encode(sha256, 'hex') as sha256, bytes from photo
    where bytes_state = 'stored' and sha256 between decode(${shard}, 'hex') and decode(rpad(${shard}, 64, 'f'), 'hex')`.execute(
    db,
  );
  return rows;
}

export async function countPhotos(db: Kysely<Database>): Promise<number> {
  const { rows } = await sql<{ count: number }>`select count(*) as count from photo`.execute(db);
  return rows[0]?.count ?? 0;
}

import { sql, type Kysely } from 'kysely';
import { UsageError } from '../core/kernel/errors.ts';
import { otherClients } from '../core/platform/postgres/clients.ts';
import type { Database } from '../core/platform/postgres/database.ts';
import { readMove, type MoveState } from '../core/runtime/open/move-state.repository.ts';

const NAMES_SHOWN = 3;

export interface TargetOptions {
  /** The catalogue to copy, and the snapshot of it, or null for a move. */
  readonly copy: Pick<MoveState, 'source' | 'snapshot'>;
  readonly tables: readonly { readonly name: string }[];
  /** The target without passwords, for messages, and what to do if it is in use. */
  readonly shown: string;
  readonly advice: string;
}

/**
 * Notes in an empty database that a catalogue is being copied into it: other commands refuse it until `finishCopy`. A
 * copy that has begun is resumed. Returns when it has ended, or null.
 *
 * @throws UsageError `target-not-empty`, `move-in-use`
 */
export async function beginCopy(db: Kysely<Database>, options: TargetOptions): Promise<Date | null> {
  const { copy, shown, advice } = options;
  await requireNobodyElse(db, shown);
  const begun = await readMove(db);
  if (begun === null) {
    await requireFreeTarget(db, options);
    // Without parameters the statements are one transaction. Older versions also note progress: `after` is of theirs.
    await sql`
      create schema winnow_move;
      create table winnow_move.state (source text not null, snapshot text, begun_at timestamptz not null default now(), finished_at timestamptz);
      create table winnow_move.progress (name text primary key, after text[] not null, rows bigint not null);
      insert into winnow_move.state (source, snapshot) values (${sql.lit(copy.source)}, ${sql.lit(copy.snapshot)})`.execute(
      db,
    );
    return null;
  }
  const { source, snapshot, finishedAt } = begun;
  if (source === copy.source && snapshot === copy.snapshot) return finishedAt;
  const other = snapshot === null ? 'another catalogue was moved' : `the snapshot ${snapshot} was restored`;
  const when = finishedAt === null ? ', and this has not ended' : ` on ${finishedAt.toISOString()}`;
  const resume = snapshot === null || finishedAt !== null ? '' : `continue with --snapshot ${snapshot}, or `;
  throw notEmpty(`Expected nothing in ${shown} but ${other} into it${when}; ${resume}${advice}`);
}

async function requireFreeTarget(
  db: Kysely<Database>,
  { tables, shown, advice }: Omit<TargetOptions, 'copy'>,
): Promise<void> {
  const { rows } = await sql<{ name: string; label: string; schema: string }>`
    select quote_ident(c.relname) as name, n.nspname as schema, n.nspname || '.' || c.relname as label
    from pg_class c join pg_namespace n on n.oid = c.relnamespace
    where c.relkind in ('r', 'p', 'v', 'm', 'f') and c.relpersistence = 'p' and n.nspname not in ('pg_catalog', 'information_schema', 'winnow_queue')
      and not starts_with(n.nspname, 'pg_') and not exists (select from pg_depend d where d.objid = c.oid and d.deptype = 'e')
      and (n.nspname, c.relname) not in (('public', 'counted_evidence'), ('public', 'kysely_migration'), ('public', 'kysely_migration_lock'))
    order by label`.execute(db);
  const ours = new Set(tables.map(({ name }) => name));
  const found: string[] = [];
  for (const { name, schema, label } of rows) {
    if (schema !== 'public' || !ours.has(name)) found.push(label);
    else if ((await sql`select from ${sql.raw(name)} limit 1`.execute(db)).rows.length > 0) found.push(label);
  }
  if (found.length === 0) return;
  const more = found.length > NAMES_SHOWN ? ` and ${found.length - NAMES_SHOWN} more` : '';
  const names = found.slice(0, NAMES_SHOWN).join(', ');
  throw notEmpty(`Expected an empty database at ${shown} but found the tables ${names}${more}; ${advice}`);
}

export function notEmpty(message: string): UsageError {
  return new UsageError(message, { code: 'target-not-empty' });
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

export async function finishCopy(target: Kysely<Database>): Promise<void> {
  await sql`update winnow_move.state set finished_at = now()`.execute(target);
}

const FILLED = 'filled';

/** Notes that all tables are filled and equal to the source's, so that a resumed copy continues with the photos. */
export async function markFilled(db: Kysely<Database>): Promise<void> {
  await sql`insert into winnow_move.progress (name, after, rows) values (${FILLED}, '{}', 0)`.execute(db);
}

export async function areFilled(db: Kysely<Database>): Promise<boolean> {
  return (await sql`select from winnow_move.progress where name = ${FILLED}`.execute(db)).rows.length > 0;
}

/** Marks photos as pruned whose bytes had been deleted before they could be copied. */
export async function markPruned(db: Kysely<Database>, hashes: readonly string[]): Promise<void> {
  await sql`
    update photo set bytes_state = 'pruned', pruned_at = now()
    where bytes_state = 'stored' and sha256 in (select decode(hex, 'hex') from unnest(${hashes}::text[]) as hex)`.execute(
    db,
  );
}

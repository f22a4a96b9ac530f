import { sql, type Kysely, type Transaction } from 'kysely';
import type { Database } from '../platform/postgres/database.ts';
import type { Death, WorkKind } from './suspicion.ts';

const PICTURES: WorkKind = 'inspect';

/** What processes have in hand, and what was in hand when one died. All of it goes by the connection that `db` is. */

/** Something that was in hand when a process died. */
export interface SuspectRow {
  readonly item: string;
  readonly work: string;
  /** Of processes that had nothing but this in hand. */
  readonly deaths: readonly Death[];
}

export interface Taken {
  readonly id: number;
  /** How many items of the dead were found by this call, of whatever work. */
  readonly found: { readonly photos: number; readonly pictures: number };
  /** Those of the items that somebody died with, whatever the work was. */
  readonly suspects: readonly SuspectRow[];
}

/**
 * Takes some items in hand. What processes had in hand that have died since (PostgreSQL knows their connections no more)
 * becomes suspect before that, for everybody. Of the view `pg_stat_activity` only its function is asked, which costs half; it
 * keeps to itself when connections of other roles began.
 *
 * @param db a pool of one connection: a row lives as long as that
 * @param open ids of what this process has in hand already, on whatever connection
 */
export async function addInFlight(
  db: Kysely<Database>,
  { work, items, open }: { readonly work: string; readonly items: readonly string[]; readonly open: readonly number[] },
): Promise<Taken> {
  const { rows } = await sql<Taken>`
    with gone as (
      delete from in_flight where id in (
        select h.id from in_flight h where h.id <> all(${open}::bigint[]) and not exists (
          select 1 from pg_stat_get_activity(h.backend_pid) a where coalesce(a.backend_start = h.backend_start, true))
        for update skip locked)
      returning work, items),
    found as (
      insert into suspect (item, work) select distinct item, work from gone, unnest(items) as item
      on conflict do nothing returning item, work, deaths),
    taken as (
      insert into in_flight (backend_pid, backend_start, work, items)
      select pid, backend_start, ${work}, ${items}::text[] from pg_stat_get_activity(pg_backend_pid()) returning id)
    select taken.id, (
      select json_build_object('photos', count(*) filter (where not of_pictures), 'pictures', count(*) filter (where of_pictures))
      from (select split_part(work, ' ', 1) = ${PICTURES} as of_pictures from found) as f) as found, (
      select coalesce(jsonb_agg(s), '[]') from (
        select item, work, deaths from suspect union all select item, work, deaths from found) as s
      where s.item = any(${items}::text[])) as suspects
    from taken`.execute(db);
  const [taken] = rows;
  if (taken === undefined) throw new Error('Expected PostgreSQL to know its own connection');
  return taken;
}

/** Lets go of what was taken; those of its items that a process has survived are suspect of this work no more. */
export async function removeInFlight(
  db: Kysely<Database>,
  { id, work, survived }: { readonly id: number; readonly work: string; readonly survived: readonly string[] },
): Promise<void> {
  await sql`
    with released as (delete from in_flight where id = ${id})
    delete from suspect where work = ${work} and item = any(${survived}::text[])`.execute(db);
}

/** A process died with nothing but this in hand. Returns all such deaths of the item in this work, this one included. */
export async function recordDeath(
  db: Kysely<Database>,
  { item, work, death }: { readonly item: string; readonly work: string; readonly death: Death },
): Promise<readonly Death[]> {
  const { rows } = await sql<{ deaths: readonly Death[] }>`
    insert into suspect (item, work, deaths) values (${item}, ${work}, ${JSON.stringify([death])}::jsonb)
    on conflict (item, work) do update set deaths = suspect.deaths || excluded.deaths returning deaths`.execute(db);
  return rows[0]?.deaths ?? [death];
}

/** The deaths in some kind of work count no more; what died of it stays suspect. */
export async function forgiveDeaths(db: Kysely<Database> | Transaction<Database>, kind: WorkKind): Promise<void> {
  await sql`update suspect set deaths = '[]' where deaths <> '[]' and split_part(work, ' ', 1) = ${kind}`.execute(db);
}

import { onlyRow } from '../../platform/postgres/query.ts';
import { sql, type Kysely, type RawBuilder, type Transaction } from 'kysely';
import type { Database } from '../../platform/postgres/database.ts';
import type { Death, WorkKind } from '../../platform/child/suspicion.ts';

const PICTURES: WorkKind = 'inspect';

/** Work that processes have in flight, or had when they died. All functions use the connection of `db`. */

/** An item that was in flight when a process died. */
export interface SuspectRow {
  readonly item: string;
  readonly work: string;
  /** Deaths of processes that had only this item in flight. */
  readonly deaths: readonly Death[];
}

export interface Taken {
  readonly id: number;
  /** Numbers of items of dead processes that this call found, for any kind of work. */
  readonly found: { readonly photos: number; readonly pictures: number };
  /** Those of the given items that were in flight when a process died, for any kind of work. */
  readonly suspects: readonly SuspectRow[];
}

/**
 * Records that this process has some items in flight. First it makes the items of dead processes suspect, for all
 * processes: a process is dead if PostgreSQL no longer has its connection under its name. Photos that it had decided and
 * pictures that it had settled are not suspect. It calls only the function behind the view
 * `pg_stat_activity`, which costs half as much. That function hides when connections of other roles began.
 *
 * @param db a pool of one connection: a row is valid as long as that connection
 * @param open ids of rows that this process has in flight already, on any connection
 */
export async function addInFlight(
  db: Kysely<Database>,
  { work, items, open }: { readonly work: string; readonly items: readonly string[]; readonly open: readonly number[] },
): Promise<Taken> {
  const taken = await sql<Taken>`
    with gone as (
      delete from in_flight where id in (
        select h.id from in_flight h where h.id <> all(${open}::bigint[]) and not exists (
          select 1 from pg_stat_get_activity(h.backend_pid) a
          where coalesce(a.backend_start = h.backend_start, true) and coalesce(a.application_name = h.client, true))
        for update skip locked)
      returning work, items, since),
    found as (
      insert into suspect (item, work) select distinct item, work from gone, unnest(items) as item
      where not case when item ~ '^[0-9a-f]{64}$' then exists (
          select 1 from photo f join decision d on d.photo_id = f.id
          where f.sha256 = decode(item, 'hex') and d.decided_at >= gone.since)
        when item ~ '^[0-9]{1,18}$' then exists (
          select 1 from picture p where p.id = item::bigint and p.state <> 'found')
        else false end
      on conflict do nothing returning item, work, deaths),
    taken as (
      insert into in_flight (backend_pid, backend_start, client, work, items)
      select pid, backend_start, application_name, ${work}, ${items}::text[] from pg_stat_get_activity(pg_backend_pid()) returning id)
    select taken.id, (
      select json_build_object('photos', count(*) filter (where not of_pictures), 'pictures', count(*) filter (where of_pictures))
      from (select split_part(work, ' ', 1) = ${PICTURES} as of_pictures from found) as f) as found, (
      select coalesce(jsonb_agg(s), '[]') from (
        select item, work, deaths from suspect union all select item, work, deaths from found) as s
      where s.item = any(${items}::text[])) as suspects
    from taken`.execute(db);
  return onlyRow(taken);
}

/** Deletes a row. Those of its items that this process has survived are no longer suspect for this work. */
export async function removeInFlight(
  db: Kysely<Database>,
  { id, work, survived }: { readonly id: number; readonly work: string; readonly survived: readonly string[] },
): Promise<void> {
  await sql`
    with released as (delete from in_flight where id = ${id})
    delete from suspect where work = ${work} and item = any(${survived}::text[])`.execute(db);
}

/** Records that a process died with only this item in flight. Returns all such deaths of the item in this work. */
export async function recordDeath(
  db: Kysely<Database>,
  { item, work, death }: { readonly item: string; readonly work: string; readonly death: Death },
): Promise<readonly Death[]> {
  const { rows } = await sql<{ deaths: readonly Death[] }>`
    insert into suspect (item, work, deaths) values (${item}, ${work}, ${JSON.stringify([death])}::jsonb)
    on conflict (item, work) do update set deaths = suspect.deaths || excluded.deaths returning deaths`.execute(db);
  return rows[0]?.deaths ?? [death];
}

/**
 * Forgets the deaths of a kind of work. The items stay suspect.
 *
 * @param items SQL: only those of these items; by default all
 */
export async function forgiveDeaths(
  db: Kysely<Database> | Transaction<Database>,
  kind: WorkKind,
  items: RawBuilder<unknown> = sql`item`,
): Promise<void> {
  await sql`
    update suspect set deaths = '[]' where deaths <> '[]' and split_part(work, ' ', 1) = ${kind} and item in (${items})`.execute(
    db,
  );
}

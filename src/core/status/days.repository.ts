import { sql, type Kysely } from 'kysely';
import type { Database } from '../platform/postgres/database.ts';
import type { WorkOfDay } from './days.ts';

/** Photos found and decided on each day, from the tally that every change updates (`0025-days.ts`). */
export async function countDays(db: Kysely<Database>, collectionId: number): Promise<WorkOfDay[]> {
  const { rows } = await sql<WorkOfDay>`
    select day::text, coalesce(sum(count) filter (where kind = 'found'), 0)::bigint as found,
      coalesce(sum(count) filter (where kind = 'decided'), 0)::bigint as decided
    from day_tally where collection_id = ${collectionId} group by day having sum(abs(count)) > 0`.execute(db);
  return rows;
}

/** Compares the tally with a full count. Returns a sentence for each difference, which means a defect in a trigger. */
export async function dayTallyProblems(db: Kysely<Database>): Promise<string[]> {
  const { rows } = await sql<{ kind: string; tally: number; counted: number }>`
    select concat_ws(' ', kind, 'on', day, 'by collection', collection_id) as kind, sum(tally)::bigint as tally, sum(counted)::bigint as counted
    from (
      select kind, collection_id, day, count as tally, 0 as counted from day_tally
      union all
      select 'found', l.collection_id, (c.found_at at time zone 'UTC')::date, 0, 1
      from collection_candidate l join candidate c on c.id = l.candidate_id
      union all
      select 'decided', collection_id, (decided_at at time zone 'UTC')::date, 0, 1 from decision
    ) as both_ways
    group by kind, collection_id, day having sum(tally) <> sum(counted) order by 1`.execute(db);
  return rows.map(({ kind, tally, counted }) => `the tally has ${tally} photos ${kind} but there are ${counted}`);
}

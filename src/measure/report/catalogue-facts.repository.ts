import { createHash } from 'node:crypto';
import { sql, type Kysely } from 'kysely';
import { isLinked } from '../../core/crawl/candidates/link.repository.ts';
import { inScope, ofCollection } from '../../core/filter/run/decision.repository.ts';
import type { DecisionScope } from '../../core/models/workspace/scope.ts';
import type { Database } from '../../core/platform/postgres/database.ts';
import type { CatalogueState, StageDuration } from './report.ts';

const ISO = sql.lit('YYYY-MM-DD"T"HH24:MI:SS.MS"Z"');

/** The state that a report depends on. `at`: when its newest fact entered the catalogue, or null if it is empty. */
export async function readState(
  db: Kysely<Database>,
  scope: DecisionScope,
): Promise<{ readonly state: CatalogueState; readonly at: string | null }> {
  const { collectionId, decisionSha256 } = scope;
  const { rows } = await sql<{ decisions: number; listed: number; actions: number; marks: unknown; at: string | null }>`
    select d.count as decisions, s.count as listed, r.count as actions,
      jsonb_build_array(d.last, s.rows, r.last, t.last, c.candidates, x.last)
        || case when w.sample is null then '[]' else jsonb_build_array(w.sample) end
        || case when q.last is null then '[]' else to_jsonb(q.last) end as marks,
      to_char(greatest(d.at, s.at, r.at, t.at, q.at) at time zone 'UTC', ${ISO}) as at
    from (select count(*)::int as count, max(decided_at) as at, sum(hashtextextended(photo_id || wnid || state, 0)) as last from decision
        where collection_id = ${collectionId} and decision_sha256 = decode(${decisionSha256}, 'hex')) as d,
      (select count(*)::int as count, sum(hashtextextended(photo_id || wnid || rank, 0)) as rows,
        (select built_at from shortlist where collection_id = ${collectionId}) as at
        from shortlist_entry where collection_id = ${collectionId} and state = 'listed') as s,
      (select count(*)::int as count, max(id) as last, max(at) as at from review_event where collection_id = ${collectionId}) as r,
      (select max(id) as last, max(at) as at from quiz_answer where collection_id = ${collectionId}) as q,
      (select max(id) as last, max(created_at) as at from takedown) as t,
      (select sum(count::numeric * hashtextextended(state || coalesce(refusal, '') || coalesce(reason, ''), 0)) as candidates
        from candidate_tally c where c.collection_id = ${collectionId} and ${ofCollection(scope)}) as c,
      (select max(id) as last from export_revision where collection_id = ${collectionId}) as x,
      (select (select seed || strata::text from crawl_sample where collection_id = ${collectionId}) as sample) as w`.execute(
    db,
  );
  const [row] = rows;
  if (row === undefined) throw new Error('Expected the state of the catalogue but the database returned none');
  const { decisions, listed, actions, marks, at } = row;
  const sha256 = createHash('sha256').update(JSON.stringify([decisionSha256, decisions, listed, actions, marks]));
  return { state: { sha256: sha256.digest('hex'), decisions, listed, actions }, at };
}

/**
 * First and last result of each stage. A photo that another collection had fetched before counts with that time, and a
 * photo that was decided again with its last decision.
 */
export async function readDurations(db: Kysely<Database>, scope: DecisionScope): Promise<StageDuration[]> {
  const { collectionId, decisionSha256 } = scope;
  const { rows } = await sql<StageDuration>`
    with photos as (select distinct photo_id from ${inScope(scope)} as s)
    select x.stage, x.results::int as results, to_char(x.first at time zone 'UTC', ${ISO}) as first,
      to_char(x.last at time zone 'UTC', ${ISO}) as last
    from (
      select 1 as position, 'discover' as stage, count(*) as results, min(p.found_at) as first, max(p.found_at) as last
        from candidate c join picture p on p.id = c.picture_id where ${ofCollection(scope)} and ${isLinked(collectionId)}
      union all select 2, 'fetch', count(*), min(f.stored_at), max(f.stored_at)
        from photo f where f.id in (select photo_id from photos)
      union all select 3, 'filter', count(*), min(decided_at), max(decided_at)
        from decision where collection_id = ${collectionId} and decision_sha256 = decode(${decisionSha256}, 'hex')
      union all select 4, 'review', count(*), min(at), max(at)
        from review_event where collection_id = ${collectionId} and kind in ('verdict', 'adjudicate', 'import')
    ) as x order by x.position`.execute(db);
  return rows;
}

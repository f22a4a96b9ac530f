import { sql, type Kysely, type RawBuilder } from 'kysely';
import { allowedLicence, ofCollection } from '../filter/run/decision.repository.ts';
import type { DecisionScope } from '../models/workspace/scope.ts';
import type { Database } from '../platform/postgres/database.ts';
import { listedVerdicts } from '../shortlist/second-pass.repository.ts';
import type { CandidateCount, PhotoCount, VerdictCount } from './funnel.ts';

/**
 * State and reason of candidate `c` of picture `p` under the collection's current rules. A candidate that was refused
 * when it was found stays refused, and one whose licence is no longer allowed is refused from now on.
 */
export function judged(scope: DecisionScope): Record<'state' | 'reason' | 'detail', RawBuilder<unknown>> {
  const allowed = allowedLicence(scope);
  return {
    state: sql`case when c.refusal is not null or not ${allowed} then 'dropped' else p.state end`,
    reason: sql`coalesce(c.refusal, case when not ${allowed} then 'licence-not-allowed' else p.reason end)`,
    detail: sql`case when c.refusal is not null then c.refusal_detail when not ${allowed} then p.licence else p.detail end`,
  };
}

/**
 * Candidates of the collection's classes, and those of no class of it, counted by class, source, query, state and
 * reason. The counts come from the tally that every change updates (`0001-initial/candidate-tally.ts`), so a million candidates take no
 * longer.
 */
export async function countCandidates(db: Kysely<Database>, scope: DecisionScope): Promise<CandidateCount[]> {
  const { state, reason } = judged(scope);
  const { rows } = await sql<CandidateCount>`
    select wnid, source, "queryId", state, reason, sum(count)::bigint as count from (
      select c.wnid, c.source, c.query_id as "queryId", c.count, ${state} as state, ${reason} as reason
      from candidate_tally c cross join lateral (select c.licence, c.state, c.reason) as p
      where ${ofCollection(scope)} or c.refusal = 'unknown-class'
    ) as l group by wnid, source, "queryId", state, reason having sum(count) <> 0`.execute(db);
  return rows;
}

/**
 * Counts photos of the collection's classes one by one, by class, source, query, decision and place in the shortlist.
 * `readPhotoCounts` gives the same result faster. `where` may exclude pictures `p`.
 */
export async function countPhotos(
  db: Kysely<Database>,
  scope: DecisionScope,
  where: RawBuilder<unknown> = sql`true`,
): Promise<PhotoCount[]> {
  const { rows } = await sql<PhotoCount>`
    select wnid, source, query_id as "queryId", state, reason, listed, is_pruned as "isPruned", count(*) as count
    from ${judgedPhotos(scope, where)} as s group by 1, 2, 3, 4, 5, 6, 7`.execute(db);
  return rows;
}

/**
 * Counts the listed photos that have a verdict, by class, source, query, verdict, and whether another one is pending.
 *
 * @param secondPass the share of photos that get a blind second pass, 0..1
 */
export async function countVerdicts(
  db: Kysely<Database>,
  scope: DecisionScope,
  secondPass = 0,
): Promise<VerdictCount[]> {
  const reviewed = sql`p.photo_id in (
    select f.id from verdict v join photo f on f.sha256 = v.sha256 where v.collection_id = ${scope.collectionId})`;
  const { rows } = await sql<VerdictCount>`
    select s.wnid, s.source, s.query_id as "queryId", v.state as verdict, v.is_pending as "isPending", count(*) as count
    from ${judgedPhotos(scope, reviewed)} as s
    join ${listedVerdicts(scope, secondPass, null)} as v on v.photo_id = s.photo_id and v.wnid = s.wnid
    where s.state = 'kept' and v.state <> 'unreviewed' group by 1, 2, 3, 4, 5`.execute(db);
  return rows;
}

/**
 * Each photo and class of the collection: which candidate brought it first, the decision, and its place in the
 * shortlist.
 */
export function judgedPhotos(scope: DecisionScope, where: RawBuilder<unknown>): RawBuilder<unknown> {
  return sql`(
    select s.photo_id, s.wnid, s.source, s.query_id, coalesce(d.state, 'undecided') as state, d.reason,
      case when e.state = 'listed' then 'listed' else e.reason end as listed, f.bytes_state <> 'stored' as is_pruned
    from (
      select distinct on (p.photo_id, c.wnid) p.photo_id, c.wnid, p.source, c.query_id
      from candidate c join picture p on p.id = c.picture_id
      where p.photo_id is not null and c.refusal is null and ${ofCollection(scope)} and ${allowedLicence(scope)} and ${where}
      order by p.photo_id, c.wnid, c.id
    ) as s join photo f on f.id = s.photo_id
    left join decision d on d.collection_id = ${scope.collectionId} and d.photo_id = s.photo_id and d.wnid = s.wnid
      and d.decision_sha256 = ${Buffer.from(scope.decisionSha256, 'hex')}
    left join shortlist_entry e on e.collection_id = ${scope.collectionId} and e.photo_id = s.photo_id and e.wnid = s.wnid)`;
}

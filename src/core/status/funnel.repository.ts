import { sql, type Kysely, type RawBuilder } from 'kysely';
import { allowedLicence } from '../crawl/candidates/licence.repository.ts';
import { ofCollection } from '../filter/run/decision.repository.ts';
import { judgedPhotos } from '../filter/run/photo-counts.repository.ts';
import type { DecisionScope } from '../models/workspace/scope.ts';
import type { Database } from '../platform/postgres/database.ts';
import { listedVerdicts } from '../shortlist/second-pass.repository.ts';
import type { CandidateCount, VerdictCount } from './funnel.ts';

/** A candidate that was refused when it was found stays refused. One whose licence is no longer allowed is refused from now on. */
export function judged(scope: DecisionScope): Record<'state' | 'reason' | 'detail', RawBuilder<unknown>> {
  const allowed = allowedLicence(scope);
  return {
    state: sql`case when c.refusal is not null or not ${allowed} then 'dropped' else p.state end`,
    reason: sql`coalesce(c.refusal, case when not ${allowed} then 'licence-not-allowed' else p.reason end)`,
    detail: sql`case when c.refusal is not null then c.refusal_detail when not ${allowed} then p.licence else p.detail end`,
  };
}

/** The counts come from the tally that every change updates (`0019-collection-candidates.ts`), so a million take no longer. */
export async function countCandidates(db: Kysely<Database>, scope: DecisionScope): Promise<CandidateCount[]> {
  const { state, reason } = judged(scope);
  const { rows } = await sql<CandidateCount>`
    select wnid, source, "queryId", state, reason, sum(count)::bigint as count from (
      select c.wnid, c.source, c.query_id as "queryId", c.count, ${state} as state, ${reason} as reason
      from candidate_tally c cross join lateral (select c.licence, c.state, c.reason) as p
      where c.collection_id = ${scope.collectionId} and (${ofCollection(scope)} or c.refusal = 'unknown-class')
    ) as l group by wnid, source, "queryId", state, reason having sum(count) <> 0`.execute(db);
  return rows;
}

/** Counts the listed photos that have a verdict. `secondPass`: the share of photos that get a blind second pass, 0..1. */
export async function countVerdicts(
  db: Kysely<Database>,
  scope: DecisionScope,
  secondPass = 0,
): Promise<VerdictCount[]> {
  const reviewed = sql`p.photo_id in (
    select f.id from verdict v join photo f on f.sha256 = v.sha256 where v.collection_id = ${scope.collectionId})`;
  const { rows } = await sql<VerdictCount>`
    select s.wnid, s.source, s.query_id as "queryId", v.state as verdict, v.is_pending as "isPending",
      v.accepted_on::text as day, count(*) as count
    from ${judgedPhotos(scope, reviewed)} as s
    join ${listedVerdicts(scope, secondPass, null)} as v on v.photo_id = s.photo_id and v.wnid = s.wnid
    where s.state = 'kept' and v.is_listed and v.state <> 'unreviewed' group by 1, 2, 3, 4, 5, 6`.execute(db);
  return rows;
}

import { sql, type Kysely, type RawBuilder } from 'kysely';
import type { CandidateState } from '../../kernel/reasons.ts';
import type { Database } from '../../platform/postgres/database.ts';
import { isAmong } from '../../platform/postgres/query.ts';
import type { WnidScope } from './candidate.ts';
import { allowedLicence, type AllowedLicences } from './licence.repository.ts';

const KEY = sql`collection_id, query_id, wnid, source, licence, refusal, state, reason`;

/** Compares the tally (`0019-collection-candidates.ts`) with a full count. Returns a sentence for each difference, which means a defect in a trigger. */
export async function tallyProblems(db: Kysely<Database>): Promise<string[]> {
  const { rows } = await sql<{ kind: string; tally: number; counted: number }>`
    select concat_ws(' ', 'collection ' || collection_id, source, wnid, 'query ' || query_id, licence, refusal, state, reason) as kind,
      sum(tally)::bigint as tally, sum(counted)::bigint as counted
    from (
      select ${KEY}, count as tally, 0 as counted from candidate_tally
      union all
      select l.collection_id, c.query_id, case when c.refusal is distinct from 'unknown-class' then c.wnid end, p.source, p.licence, c.refusal,
        p.state, p.reason, 0, 1
      from collection_candidate l join candidate c on c.id = l.candidate_id join picture p on p.id = c.picture_id
    ) as both_ways
    group by ${KEY} having sum(tally) <> sum(counted) order by 1`.execute(db);
  return rows.map(({ kind, tally, counted }) => `the tally has ${tally} candidates (${kind}) but there are ${counted}`);
}

/** SQL: the number of candidates that a collection has found at a source and does not refuse, by class. */
export function foundByClass(
  scope: AllowedLicences & { readonly collectionId: number; readonly source: string },
): RawBuilder<unknown> {
  return sql`(
    select t.wnid, sum(t.count)::bigint as found from candidate_tally t
    where t.collection_id = ${scope.collectionId} and t.source = ${scope.source} and t.refusal is null and ${allowedLicence(scope, sql`t`)}
    group by t.wnid)`;
}

export interface ClassTally {
  readonly source: string;
  readonly wnid: string;
  readonly found: number;
  readonly waiting: number;
  readonly fetched: number;
  readonly failed: number;
}

export async function classTallies(
  db: Kysely<Database>,
  scope: { readonly collectionId: number; readonly sources: readonly string[]; readonly wnids: WnidScope },
): Promise<ClassTally[]> {
  const { rows } = await sql<ClassTally>`
    select source, wnid, sum(count)::bigint as found, ${countOf('found')} as waiting, ${countOf('fetched')} as fetched,
      ${countOf('failed')} as failed
    from candidate_tally where collection_id = ${scope.collectionId} and source = any(${scope.sources}::text[]) and ${isAmong(sql`wnid`, scope.wnids)}
    group by source, wnid order by source, wnid collate "C"`.execute(db);
  return rows;
}

const countOf = (state: CandidateState): RawBuilder<number> =>
  sql`coalesce(sum(count) filter (where refusal is null and state = ${state}), 0)::bigint`;

import { sql, type Kysely, type RawBuilder } from 'kysely';
import type { DecisionScope } from '../../models/workspace/scope.ts';
import type { LeftOutReason } from '../../kernel/reasons.ts';
import type { Database } from '../../platform/postgres/database.ts';
import { isTaken, ofCollection } from './decision.repository.ts';

/** Photos of one class in one state; source and query are those of the first candidate that brought the photo. */
export interface PhotoCount {
  readonly wnid: string;
  readonly source: string;
  readonly queryId: number | null;
  readonly state: 'kept' | 'dropped' | 'failed' | 'undecided';
  readonly reason: string | null;
  readonly listed: 'listed' | LeftOutReason | null;
  readonly isPruned: boolean;
  readonly count: number;
}

/** Counts photos one by one. `readPhotoCounts` gives the same result faster. `where` may exclude pictures `p`. */
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

/** Each photo and class: the candidate that brought it first, the decision, and its place in the shortlist. */
export function judgedPhotos(scope: DecisionScope, where: RawBuilder<unknown>): RawBuilder<unknown> {
  return sql`(
    select s.photo_id, s.wnid, s.source, s.query_id, coalesce(d.state, 'undecided') as state, d.reason,
      case when e.state = 'listed' then 'listed' else e.reason end as listed, f.bytes_state <> 'stored' as is_pruned
    from (
      select distinct on (p.photo_id, c.wnid) p.photo_id, c.wnid, p.source, c.query_id
      from candidate c join picture p on p.id = c.picture_id
      where p.photo_id is not null and ${isTaken(scope)} and ${ofCollection(scope)} and ${where}
      order by p.photo_id, c.wnid, c.id
    ) as s join photo f on f.id = s.photo_id
    left join decision d on d.collection_id = ${scope.collectionId} and d.photo_id = s.photo_id and d.wnid = s.wnid
      and d.decision_sha256 = ${Buffer.from(scope.decisionSha256, 'hex')}
    left join shortlist_entry e on e.collection_id = ${scope.collectionId} and e.photo_id = s.photo_id and e.wnid = s.wnid)`;
}

import type { NewDecision } from '../rule/decision.ts';
import { sql, type Kysely } from 'kysely';
import type { Database } from '../../platform/postgres/database.ts';
import { equalsIfGiven, streamRows } from '../../platform/postgres/query.ts';
import type { DecisionState } from '../../kernel/reasons.ts';
import { inScope, isTaken } from './decision.repository.ts';
import type { DecisionScope } from '../../models/workspace/scope.ts';

export interface DecisionRow extends Omit<NewDecision, 'photoId' | 'state' | 'isLowerBound'> {
  readonly sha256: string;
  readonly candidates: readonly { readonly source: string; readonly sourceId: string }[];
  readonly state: DecisionState;
  readonly isLowerBound: boolean | null;
  readonly crops: readonly StoredCropRow[];
}

export interface StoredCropRow {
  readonly memberId: number;
  readonly crop: number;
  readonly top1: number;
  readonly pTop1: number;
  /** Null where p of this class was not stored for the crop. */
  readonly pTrue: number | null;
  /** Float32 logits as hex, where p of this class is not stored but can be derived. */
  readonly logits: string | null;
}

export interface DecisionFilter {
  readonly wnids: readonly string[];
  readonly state?: string | undefined;
  readonly reason?: string | undefined;
  readonly source?: string | undefined;
  readonly sha256?: string | undefined;
}

/** By class and sha256. Candidates and crops are looked up while rows are read, so that only short rows are sorted. */
export function listDecisions(
  db: Kysely<Database>,
  scope: DecisionScope,
  options: { filter: DecisionFilter; memberIds: readonly number[] },
): AsyncGenerator<DecisionRow> {
  const { filter, memberIds } = options;
  return streamRows(
    db,
    sql<DecisionRow>`
    select encode(s.hash, 'hex') as sha256, s.wnid, s.state, s.reason, s.detail, s."maxTrueProb", s."isLowerBound", s."memberId", s.crop,
      s."confusionWnid", s."confusionProb", ${candidatesOf(scope)} as candidates, ${cropsOf(scope, memberIds)} as crops
    from (
      select l.* from (
        select s.photo_id, f.sha256 as hash, s.wnid collate "C" as wnid, coalesce(d.state, 'undecided') as state, d.reason,
          case when d.state is null and f.bytes_state <> 'stored' then 'its bytes were pruned' else d.detail end as detail,
          d.max_true_prob as "maxTrueProb", d.is_lower_bound as "isLowerBound", d.member_id as "memberId", d.crop,
          d.confusion_wnid as "confusionWnid", d.confusion_prob as "confusionProb"
        from ${inScope(scope, sql`c.wnid = any(${filter.wnids}::text[])`)} as s join photo f on f.id = s.photo_id
        left join decision d on d.collection_id = ${scope.collectionId} and d.photo_id = s.photo_id and d.wnid = s.wnid
          and d.decision_sha256 = ${Buffer.from(scope.decisionSha256, 'hex')}
        where ${hasSource(scope, filter.source)} and ${filter.sha256 === undefined ? sql`true` : sql`f.sha256 = decode(${filter.sha256}, 'hex')`}
      ) as l
      where ${equalsIfGiven('l.state', filter.state)} and ${equalsIfGiven('l.reason', filter.reason)}
      order by l.wnid, l.hash offset 0
    ) as s order by s.wnid, s.hash`,
  );
}

/** SQL: a candidate of the source brings photo and class `s` into the collection. */
function hasSource(scope: DecisionScope, source: string | undefined): ReturnType<typeof sql> {
  if (source === undefined) return sql`true`;
  return sql`exists (select 1 from candidate c join picture p on p.id = c.picture_id where p.photo_id = s.photo_id and c.wnid = s.wnid
    and p.source = ${source} and ${isTaken(scope)})`;
}

/** Another candidate with the same bytes may have a licence that the collection refuses. */
function candidatesOf(scope: DecisionScope): ReturnType<typeof sql> {
  return sql`(select jsonb_agg(jsonb_build_object('source', p.source, 'sourceId', p.source_id) order by c.id)
    from candidate c join picture p on p.id = c.picture_id where p.photo_id = s.photo_id and c.wnid = s.wnid and ${isTaken(scope)})`;
}

function cropsOf(scope: DecisionScope, memberIds: readonly number[]): ReturnType<typeof sql> {
  const position = sql`(array_position(${scope.wnids}::text[], s.wnid) - 1)`;
  const known = sql`array_position(e.true_classes, ${position}::smallint)`;
  return sql`(select coalesce(jsonb_agg(jsonb_build_object('memberId', e.member_id, 'crop', e.crop, 'top1', e.top1, 'pTop1', e.top1_prob,
      'pTrue', case when ${known} is not null then e.true_probs[${known}] when e.top1 = ${position} then e.top1_prob end,
      'logits', case when ${known} is null and ${position} is not null then encode(e.logits, 'hex') end)
      order by array_position(${memberIds}::int[], e.member_id), e.crop), '[]'::jsonb)
    from counted_evidence e where e.photo_id = s.photo_id and e.member_id = any(${memberIds}::int[]))`;
}

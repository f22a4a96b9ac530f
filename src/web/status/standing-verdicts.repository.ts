import { sql, type RawBuilder } from 'kysely';
import { dayRangeOf, type PhotoFilter } from '../../core/kernel/photo-filter.ts';
import type { DecisionScope } from '../../core/models/workspace/scope.ts';

interface Judged {
  readonly scope: Pick<DecisionScope, 'collectionId'>;
  readonly reviewer: string;
  readonly readsOwn: boolean;
}

/** SQL: event `r` was taken back, and not brought back since. */
const IS_UNDONE = sql`exists (select from review_event u where u.undoes = r.id and u.kind = 'undo' and not exists (
  select from review_event b where b.undoes = u.id and b.kind = 'redo' and not exists (
    select from review_event a where a.undoes = b.id and a.kind = 'undo')))`;

/** SQL: the photos, classes, people and UTC days of the verdicts that stand and match: the last one of each person on a photo. */
export function standingVerdicts(
  { scope, reviewer, readsOwn }: Judged,
  { by, judged, verdict }: Pick<PhotoFilter, 'by' | 'judged' | 'verdict'>,
): RawBuilder<unknown> {
  const person = readsOwn ? reviewer : by;
  const isBy = person === '' && !readsOwn ? sql`true` : sql`lower(r.reviewer) = lower(${person})`;
  const [from, to] = dayRangeOf(judged) ?? [];
  const isOn = from === undefined ? sql`true` : sql`s.day between ${from}::date and ${to}::date`;
  // Another person's verdict decides what is overruled.
  const isOverruled = readsOwn
    ? sql`false`
    : sql`w.state in ('accepted', 'rejected') and w.state <> case s.verdict when 'accept' then 'accepted' when 'reject' then 'rejected' else 'unsure' end`;
  const isVerdict =
    verdict.length === 0
      ? sql`true`
      : sql`(s.verdict = any(${verdict}::text[]) or ${verdict.includes('overruled')}::boolean and ${isOverruled})`;
  return sql`(
    select s.wnid, o.id as photo_id, s.reviewer, s.day::text as day, s.verdict from (
      select distinct on (r.wnid, r.sha256, r.reviewer) r.wnid, r.sha256, r.reviewer, r.value ->> 'verdict' as verdict,
        (r.at at time zone 'UTC')::date as day
      from review_event r
      where r.collection_id = ${scope.collectionId} and r.kind in ('verdict', 'import', 'adjudicate') and ${isBy} and not ${IS_UNDONE}
      order by r.wnid, r.sha256, r.reviewer, r.id desc) as s
    join photo o on o.sha256 = s.sha256
    left join verdict w on w.collection_id = ${scope.collectionId} and w.wnid = s.wnid and w.sha256 = s.sha256
    where ${isOn} and ${isVerdict})`;
}

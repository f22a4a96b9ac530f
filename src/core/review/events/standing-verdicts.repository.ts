import { sql, type Kysely, type RawBuilder } from 'kysely';
import { UsageError } from '../../kernel/errors.ts';
import { foldedName } from '../../kernel/people.ts';
import { dayRangeOf, type VerdictFilter } from '../../kernel/photo-filter.ts';
import type { Database } from '../../platform/postgres/database.ts';
import { equalsIfGiven } from '../../platform/postgres/query.ts';
import type { ReviewVerdict } from './event.ts';

/** Who reads the verdicts. */
export interface VerdictReader {
  readonly reviewer: string;
  /** True while verdicts of the reader are open in a blind review or a second pass: then no verdict of another person is read. */
  readonly readsOwn: boolean;
}

/** The code of an error: the reader may not know what was asked for while own verdicts are open. */
export const BLIND_GALLERY = 'blind-gallery';

/** @throws UsageError `blind-gallery` if the filter names another person while the reader sees own verdicts only */
export function requireOwn({ readsOwn, reviewer }: VerdictReader, { by = '' }: VerdictFilter): void {
  if (!readsOwn || by === '' || foldedName(by) === foldedName(reviewer)) return;
  throw new UsageError(
    `The address has by=${by}, but verdicts of yours are open in a blind review or a second pass. Until then you see only your own verdicts: leave out by.`,
    { code: BLIND_GALLERY },
  );
}

/** SQL: event `r` was taken back, and not brought back since. */
const IS_UNDONE = sql`exists (select from review_event u where u.undoes = r.id and u.kind = 'undo' and not exists (
  select from review_event b where b.undoes = u.id and b.kind = 'redo' and not exists (
    select from review_event a where a.undoes = b.id and a.kind = 'undo')))`;

/**
 * SQL: the verdicts that stand, with their UTC days: the last one of each person on a photo of a class.
 *
 * @param of SQL: an event `r` counts
 */
function standing(of: RawBuilder<unknown>): RawBuilder<unknown> {
  return sql`(
    select distinct on (r.collection_id, r.wnid, r.sha256, r.reviewer) r.collection_id, r.wnid, r.sha256, r.reviewer,
      r.value ->> 'verdict' as verdict, (r.at at time zone 'UTC')::date as day
    from review_event r
    where r.kind in ('verdict', 'import', 'adjudicate') and not ${IS_UNDONE} and ${of}
    order by r.collection_id, r.wnid, r.sha256, r.reviewer, r.id desc)`;
}

/** SQL: the ids and classes of the photos of a collection that have a verdict that matches. */
export function standingVerdicts(
  { collectionId, reviewer, readsOwn }: VerdictReader & { readonly collectionId: number },
  { by = '', judged = '', verdict = [] }: VerdictFilter,
): RawBuilder<unknown> {
  const person = readsOwn ? reviewer : by;
  const isBy = person === '' && !readsOwn ? sql`true` : sql`lower(r.reviewer) = lower(${person})`;
  const [from, to] = dayRangeOf(judged) ?? [];
  const isOn = from === undefined ? sql`true` : sql`s.day between ${from}::date and ${to}::date`;
  // Another person's verdict decides what is overruled.
  const isOverruled = readsOwn
    ? sql`false`
    : sql`w.state in ('accepted', 'rejected')
        and w.state <> case s.verdict when 'accept' then 'accepted' when 'reject' then 'rejected' else 'unsure' end`;
  const verdicts = [verdict].flat();
  const isVerdict =
    verdicts.length === 0
      ? sql`true`
      : sql`(s.verdict = any(${verdicts}::text[]) or ${verdicts.includes('overruled')}::boolean and ${isOverruled})`;
  return sql`(
    select s.wnid, o.id as photo_id from ${standing(sql`r.collection_id = ${collectionId} and ${isBy}`)} as s
    join photo o on o.sha256 = s.sha256
    left join verdict w on w.collection_id = s.collection_id and w.wnid = s.wnid and w.sha256 = s.sha256
    where ${isOn} and ${isVerdict})`;
}

/** The verdicts of a person on a day (UTC) that stand. */
export interface VerdictDay extends Readonly<Record<ReviewVerdict, number>> {
  readonly collection: string;
  readonly reviewer: string;
  /** As `2026-11-30`. */
  readonly day: string;
}

interface DaysWanted {
  /** The only person whose verdicts the reader may see; null for everybody's. */
  readonly only: string | null;
  readonly who?: string | undefined;
  readonly collection?: string | undefined;
  readonly since?: Date | undefined;
  readonly limit: number;
}

/** The newest day first. */
export async function verdictDays(db: Kysely<Database>, wanted: DaysWanted): Promise<VerdictDay[]> {
  const { only, who, collection, since = null, limit } = wanted;
  const isOf = only === null ? sql`true` : sql`lower(r.reviewer) = lower(${only})`;
  const { rows } = await sql<VerdictDay>`
    select k.name as collection, s.reviewer, s.day::text, count(*) filter (where s.verdict = 'accept') as accept,
      count(*) filter (where s.verdict = 'reject') as reject, count(*) filter (where s.verdict = 'unsure') as unsure
    from ${standing(sql`${isOf} and ${equalsIfGiven('r.reviewer', who)}`)} as s
    join collection k on k.id = s.collection_id join photo o on o.sha256 = s.sha256
    where ${equalsIfGiven('k.name', collection)} and (${since}::timestamptz is null or s.day >= (${since} at time zone 'UTC')::date)
    group by 1, 2, 3 order by 3 desc, 1, 2 limit ${limit}`.execute(db);
  return rows;
}

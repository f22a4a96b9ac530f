import { sql, type RawBuilder } from 'kysely';
import { allowedLicence } from '../../core/crawl/candidates/licence.repository.ts';
import { ofCollection } from '../../core/filter/run/decision.repository.ts';
import { FAILED_DECISION_REASONS, isCandidateReason, REJECT_REASONS } from '../../core/kernel/reasons.ts';
import { isSha256 } from '../../core/kernel/ids.ts';
import type { Reader } from '../../core/kernel/people.ts';
import {
  dayRangeOf,
  FILTER_REASONS,
  isOfVerdicts,
  LEFT_OUT_REASONS,
  type PhotoFilter,
  type PhotoState,
} from '../../core/kernel/photo-filter.ts';
import { CENTRE_CROP } from '../../core/models/evidence/evidence.ts';
import { standingVerdicts } from '../../core/review/events/standing-verdicts.repository.ts';
import { unjudgedPhotos, type DeskView } from '../../core/review/desk/known-photos.repository.ts';
import { isKeptPending } from '../../core/shortlist/second-pass.repository.ts';
import { judged } from '../../core/status/funnel.repository.ts';

/** A person who looks at a gallery, with the members that decide. */
export interface GalleryView extends DeskView {
  readonly reader: Reader;
  readonly memberIds: readonly number[];
  /** While a blind review is open for the person: the gallery shows each candidate with what the crawl knows, and nothing later. */
  readonly isCrawlOnly: boolean;
  /** Collections whose blind review is open for the person. The gallery of another collection does not show the photos that they list. */
  readonly blind: readonly number[];
}

/**
 * The candidates of a collection in two parts, so that PostgreSQL walks an index of each in order and stops early: the first
 * candidates that brought their photos to their classes, and the rest, of which no decision, shortlist or verdict is shown.
 */
export const PARTS = ['first', 'rest'] as const;
export type Part = (typeof PARTS)[number];

interface Wanted {
  /** `null` for both parts in one. */
  readonly part: Part | null;
  /** SQL about links `l`, candidates `c` and pictures `p` that limits the candidates. */
  readonly of?: RawBuilder<unknown>;
  /** True: those that the reader may not know of. */
  readonly isHidden?: boolean;
  /** True: many candidates are wanted, in the order of an index. */
  readonly walks?: boolean;
}

/**
 * SQL: the candidates `c` of a collection that the reader may know of, with their photos `f`, and the decision `d`, shortlist entry
 * `e` and verdict `v` of a photo at the first candidate that brought it to its class (`c.is_first`). It counts like the funnel
 * (`countCandidates`, `judgedPhotos`, `countVerdicts`). Each left join finds at most one row, so PostgreSQL leaves out those that a
 * query does not use. While a blind review is open, `d`, `e` and `v` are null for each candidate, so that nothing that is made from
 * them can tell photos apart. Constants in a part let PostgreSQL see which conditions no candidate of the part meets.
 */
export function shownCandidates(
  view: GalleryView,
  { part, of = sql`true`, isHidden = false, walks = false }: Wanted,
): RawBuilder<unknown> {
  const { scope, isCrawlOnly } = view;
  const { collectionId } = scope;
  const { isOf, isFirst, photoId, crawled } = partOf(scope, part);
  const isSeen = isCrawlOnly ? sql`false` : sql`c.is_first`;
  const hasDecision = isCrawlOnly ? sql`false` : isFirst;
  const ofEntry = sql`e.collection_id = ${collectionId} and e.photo_id = c.photo_id and e.wnid = c.wnid and ${isSeen}`;
  return sql`(
    select c.id, c.wnid, c.found_at, c.refusal, p.source, p.source_id, p.url, p.page_url, p.creator, p.licence, p.licence_url, p.taken_at, p.uploaded_at, ${crawled},
      ${judged(scope).detail} as detail, ${isFirst} as is_first, ${photoId} as photo_id,
      case when ${hasDecision} then l.decided end as decided, case when ${hasDecision} then l.p end as p
    from collection_candidate l join candidate c on c.id = l.candidate_id
      left join ${found('picture p', sql`p.id = c.picture_id`, walks && part === 'rest')}
    where l.collection_id = ${collectionId} and ${isOf} and (${ofCollection(scope)} or c.refusal = 'unknown-class')
      and ${isOfReader(view, photoId, isHidden)} and ${of}
  ) as c
    left join photo f on f.id = c.photo_id
    left join decision d on d.collection_id = ${collectionId} and d.photo_id = c.photo_id and d.wnid = c.wnid and ${isSeen}
      and d.decision_sha256 = ${Buffer.from(scope.decisionSha256, 'hex')}
    left join ${found('shortlist_entry e', ofEntry, walks)}
    left join verdict v on v.collection_id = ${collectionId} and v.wnid = c.wnid and v.sha256 = f.sha256 and ${isSeen}`;
}

/** SQL: the row of a table for each candidate. On a walk it is looked up: PostgreSQL would begin with all pictures or entries in a state. */
function found(table: string, on: RawBuilder<unknown>, walks: boolean): RawBuilder<unknown> {
  const from = sql.raw(table);
  return walks
    ? sql`lateral (select * from ${from} where ${on} offset 0) as ${sql.raw(table.slice(-1))} on true`
    : sql`${from} on ${on}`;
}

/** SQL: what is known of the candidates of a part. */
function partOf(
  scope: GalleryView['scope'],
  part: Part | null,
): Record<'isOf' | 'isFirst' | 'photoId' | 'crawled', RawBuilder<unknown>> {
  if (part === 'first')
    return {
      isOf: sql`l.first_of is not null`,
      isFirst: sql`true`,
      photoId: sql`l.first_of`,
      crawled: sql`'fetched' as state, null::text as reason, true as is_wanted, 'fetched' as picture_state, null::text as picture_reason`,
    };
  const { state, reason } = judged(scope);
  return {
    isOf: part === null ? sql`true` : sql`l.first_of is null`,
    isFirst: part === null ? sql`coalesce(l.first_of = p.photo_id, false)` : sql`false`,
    photoId: sql`p.photo_id`,
    crawled: sql`${state} as state, ${reason} as reason, ${isWanted(scope)} as is_wanted, p.state as picture_state, p.reason as picture_reason`,
  };
}

/** SQL: candidate `c` with its picture `p` is not refused: the funnel counts it by the state of its picture. */
export function isWanted(scope: GalleryView['scope']): RawBuilder<unknown> {
  return sql`(c.refusal is null and ${allowedLicence(scope)})`;
}

/** True if the reader may not know of some candidates. */
export function mayHide({ isCrawlOnly, blind, asked }: GalleryView): boolean {
  return asked.length > 0 || (!isCrawlOnly && blind.length > 0);
}

/** SQL: the reader may know of the candidates of a photo, or `isHidden`, may not. Hidden ones are few, so PostgreSQL begins with them. */
export function isOfReader(view: GalleryView, photoId: RawBuilder<unknown>, isHidden = false): RawBuilder<unknown> {
  if (!mayHide(view)) return isHidden ? sql`false` : sql`true`;
  const unjudged = sql`select u.photo_id from ${unjudgedPhotos(view, view.isCrawlOnly ? [] : view.blind)} as u`;
  const ids = sql`${unjudged} union all select unnest(${view.asked}::bigint[])`;
  return isHidden ? sql`${photoId} = any(array(${ids}))` : sql`${photoId} in (${ids}) is not true`;
}

type Decided = 'kept' | 'dropped' | 'failed';
const DECIDED_AS: Readonly<Record<Decided, readonly string[]>> = {
  kept: ['kept'],
  failed: ['failed', ...FAILED_DECISION_REASONS],
  dropped: ['dropped', ...FILTER_REASONS.filter((reason) => !FAILED_DECISION_REASONS.some((one) => one === reason))],
};

/** SQL: the decision of candidate `c` has one of these states, under the rules of the reader. */
function isDecided({ scope }: GalleryView, ...states: readonly Decided[]): RawBuilder<unknown> {
  const values = states.flatMap((state) => DECIDED_AS[state]).map((value) => decidedAs(scope, value));
  return values.length === 1 ? sql`c.decided = ${values[0]}` : sql`c.decided = any(${values}::text[])`;
}

/** The column `decided` of a link (`0039-first-candidates.ts`), for a reason or `kept`. */
export function decidedAs({ decisionSha256 }: GalleryView['scope'], value: string): string {
  return `${value} ${decisionSha256.slice(0, 8)}`;
}

/** SQL: candidate `c` has a p, under the rules of the reader. */
export function hasP(view: GalleryView): RawBuilder<unknown> {
  return sql`c.p is not null and ${isDecided(view, 'kept', 'dropped', 'failed')}`;
}

function isKeptAnd(view: GalleryView, condition: RawBuilder<unknown>): RawBuilder<unknown> {
  return sql`(${isDecided(view, 'kept')} and ${condition})`;
}

export function isListed(view: GalleryView): RawBuilder<unknown> {
  return isKeptAnd(view, sql`e.state = 'listed'`);
}

/** SQL: candidate `c` is of one of these few photos. PostgreSQL begins with them. */
function isOfFew(photoIds: RawBuilder<unknown>): RawBuilder<unknown> {
  return sql`c.photo_id = any(array(${photoIds}))`;
}

/** SQL: photos whose shortlist entry meets a condition. */
function entries({ scope }: GalleryView, condition: RawBuilder<unknown>): RawBuilder<unknown> {
  return sql`select e.photo_id from shortlist_entry e where e.collection_id = ${scope.collectionId} and ${condition}`;
}

/** SQL: photos whose verdict meets a condition. */
function verdicts({ scope }: GalleryView, condition: RawBuilder<unknown>): RawBuilder<unknown> {
  return sql`select o.id from verdict w join photo o on o.sha256 = w.sha256 where w.collection_id = ${scope.collectionId} and ${condition}`;
}

/** SQL: the reader may know the verdict. To others than operators, a photo that waits for a second verdict looks open. */
export function isShown({ reader, secondPass, isCrawlOnly }: GalleryView): RawBuilder<unknown> {
  if (isCrawlOnly) return sql`false`;
  return reader === 'operators' ? sql`true` : sql`(${isKeptPending(secondPass)}) is not true`;
}

export function verdictOf(view: GalleryView): RawBuilder<unknown> {
  return sql`case when ${isShown(view)} then coalesce(v.state, 'unreviewed') else 'unreviewed' end`;
}

/** SQL: the shortlist was built without the photo, which may be drawn from the crawl. */
export const IS_LEFT_OUT = sql`e.state is distinct from 'listed' and e.reason is not null`;

function inState(view: GalleryView, state: PhotoState): RawBuilder<unknown> {
  const isOpen = sql`(${isListed(view)} and ${verdictOf(view)} = 'unreviewed')`;
  const verdict = (name: string): RawBuilder<unknown> => {
    return sql`(${isOfFew(verdicts(view, sql`w.state = ${name}`))} and ${isListed(view)} and ${verdictOf(view)} = ${name})`;
  };
  const conditions: Record<PhotoState, RawBuilder<unknown>> = {
    found: sql`true`,
    waiting: sql`c.is_wanted and c.picture_state = 'found'`,
    dropped: sql`(not c.is_wanted or c.picture_state = 'dropped' or ${isDecided(view, 'dropped')})`,
    failed: sql`(c.is_wanted and c.picture_state = 'failed' or ${isDecided(view, 'failed')})`,
    fetched: sql`c.is_wanted and c.picture_state = 'fetched'`,
    duplicate: sql`c.is_wanted and c.picture_state = 'fetched' and not c.is_first`,
    distinct: sql`c.is_first`,
    undecided: sql`c.is_first and ${isDecided(view, 'kept', 'dropped', 'failed')} is not true`,
    pruned: sql`c.is_first and f.bytes_state <> 'stored'`,
    kept: isDecided(view, 'kept'),
    'left-out': isKeptAnd(view, IS_LEFT_OUT),
    unlisted: isKeptAnd(view, sql`e.state is distinct from 'listed' and e.reason is null`),
    listed: isListed(view),
    open: isOpen,
    accepted: verdict('accepted'),
    rejected: verdict('rejected'),
    unsure: verdict('unsure'),
    disputed: verdict('disputed'),
  };
  return conditions[state];
}

function hasReason(view: GalleryView, reason: string): RawBuilder<unknown> {
  if (reason === 'unknown-class') return sql`c.refusal = ${reason}`;
  if (reason === 'licence-not-allowed') return sql`c.reason = ${reason}`;
  if (isCandidateReason(reason)) return sql`(c.is_wanted and c.picture_reason = ${reason})`;
  if (FILTER_REASONS.some((one) => one === reason)) return sql`c.decided = ${decidedAs(view.scope, reason)}`;
  const judgedAs = verdicts(view, sql`w.reason = ${reason}`);
  const isLeft = sql`${IS_LEFT_OUT} and e.reason = ${reason}`;
  const isLeftOut = isKeptAnd(view, isLeft);
  const isRejected = sql`${isListed(view)} and ${verdictOf(view)} = 'rejected' and v.reason = ${reason}`;
  if (!LEFT_OUT_REASONS.some((one) => one === reason)) return sql`(${isOfFew(judgedAs)} and ${isRejected})`;
  if (!REJECT_REASONS.some((one) => one === reason)) return isLeftOut;
  return sql`(${isOfFew(sql`${entries(view, isLeft)} union all ${judgedAs}`)} and (${isLeftOut} or ${isRejected}))`;
}

/** SQL: the text is the photo's SHA-256 or an address of it, or it is in the name of the file or class, in the creator, or in a person's last note, if the reader may know it. */
function hasText(view: GalleryView, text: string, named: readonly string[]): RawBuilder<unknown> {
  const sha256 = text.toLowerCase();
  if (isSha256(sha256)) return isOfFew(sql`select o.id from photo o where o.sha256 = decode(${sha256}, 'hex')`);
  if (/^https?:\/\//.test(text)) return sql`(c.page_url = ${text} or c.url = ${text})`;
  const like = `%${text.replaceAll(/[\\%_]/g, String.raw`\$&`)}%`;
  // A photo with no name of a class in the filter needs no look at its decision.
  const ofClass =
    named.length === 0 ? sql`false` : sql`c.wnid = any(${named}::text[]) or d.confusion_wnid = any(${named}::text[])`;
  return sql`(c.source_id ilike ${like} or c.creator ilike ${like} or ${ofClass}
    or ${isShown(view)} and (c.wnid, c.photo_id) in (
      select n.wnid, o.id from (
        select distinct on (wnid, sha256, reviewer) * from review_event r
        where collection_id = ${view.scope.collectionId} and kind in ('note', 'import')
          and not exists (select 1 from review_event u where u.undoes = r.id and u.kind = 'undo')
        order by wnid, sha256, reviewer, id desc) as n join photo o on o.sha256 = n.sha256
      where n.value ->> 'note' ilike ${like}))`;
}

function hasJudgement(view: GalleryView, filter: PhotoFilter): RawBuilder<unknown>[] {
  if (!isOfVerdicts(filter)) return [];
  const standing = standingVerdicts({ ...view, collectionId: view.scope.collectionId }, filter);
  return [
    sql`c.is_first`,
    isOfFew(sql`select s.photo_id from ${standing} as s`),
    sql`(c.wnid, c.photo_id) in (select s.wnid, s.photo_id from ${standing} as s)`,
  ];
}

/** SQL: two members, on any execution provider, see different classes on the centre crop. */
function membersDisagree({ memberIds }: GalleryView): RawBuilder<unknown> {
  return sql`c.is_first and c.photo_id in (
    select v.photo_id from evidence v where v.crop = ${CENTRE_CROP} and v.member_id = any(array(
      select m.id from member m join member own using (model_sha256, preprocessing, class_list_id) where own.id = any(${memberIds}::int[])))
    group by 1 having min(v.top1) <> max(v.top1))`;
}

function anyOf<T>(values: readonly T[], condition: (value: T) => RawBuilder<unknown>): RawBuilder<unknown>[] {
  return values.length === 0 ? [] : [sql`(${sql.join(values.map(condition), sql` or `)})`];
}

function isOne(column: string, values: readonly string[]): RawBuilder<unknown>[] {
  // With an array, PostgreSQL would not use an index for the order of the rest.
  if (values.length === 1) return [sql`${sql.ref(column)} = ${values[0]}`];
  return values.length === 0 ? [] : [sql`${sql.ref(column)} = any(${values}::text[])`];
}

function isOnDays(day: RawBuilder<unknown>, date: string): RawBuilder<unknown>[] {
  const days = dayRangeOf(date);
  return days === null ? [] : [sql`${day} between ${days[0]}::date and ${days[1]}::date`];
}

/** @param named ids of the classes whose names have the text of the filter */
export function matches(view: GalleryView, filter: PhotoFilter, named: readonly string[]): RawBuilder<unknown> {
  const days = dayRangeOf(filter.date);
  return sql.join(
    [
      sql`true`,
      ...anyOf(filter.state, (state) => inState(view, state)),
      ...anyOf(filter.reason, (reason) => hasReason(view, reason)),
      ...isOne('c.wnid', filter.class),
      ...isOne('d.confusion_wnid', filter.seen),
      ...isOne('c.source', filter.source),
      ...isOne('c.licence', filter.licence),
      ...isOnDays(sql`c.taken_at`, filter.taken),
      ...isOnDays(sql`c.uploaded_at`, filter.uploaded),
      ...hasJudgement(view, filter),
      ...anyOf(filter.tag, (tag) => sql`${tag} = any(v.tags) and ${isShown(view)}`),
      ...anyOf(filter.split, (split) =>
        split === 'test'
          ? isListed(view)
          : sql`(${isOfFew(entries(view, sql`e.state = 'control'`))} and e.state = 'control')`,
      ),
      ...(filter.disagree ? [membersDisagree(view)] : []),
      ...(filter.text === '' ? [] : [hasText(view, filter.text, named)]),
      ...(days === null
        ? []
        : [
            sql`c.found_at >= ${days[0]}::timestamp at time zone 'UTC' and c.found_at < (${days[1]}::date + 1)::timestamp at time zone 'UTC'`,
          ]),
    ],
    sql` and `,
  );
}

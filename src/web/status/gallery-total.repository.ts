import { sql, type Kysely, type RawBuilder, type Transaction } from 'kysely';
import { ofCollection } from '../../core/filter/run/decision.repository.ts';
import { photoKinds } from '../../core/filter/run/photo-tally.repository.ts';
import {
  dayRangeOf,
  EVERY_PHOTO,
  FILTER_REASONS,
  type PhotoFilter,
  type PhotoState,
} from '../../core/kernel/photo-filter.ts';
import { isCandidateReason } from '../../core/kernel/reasons.ts';
import type { Database } from '../../core/platform/postgres/database.ts';
import { onlyRow } from '../../core/platform/postgres/query.ts';
import { judged } from '../../core/status/funnel.repository.ts';
import {
  decidedAs,
  isWanted,
  matches,
  mayHide,
  PARTS,
  shownCandidates,
  type GalleryView,
} from './gallery-filter.repository.ts';
import type { GalleryQuery } from './gallery.repository.ts';

/** How many candidates match: from the tallies less the hidden ones if the tallies can tell, otherwise counted one by one. */
export async function countGallery(trx: Transaction<Database>, query: GalleryQuery): Promise<number> {
  const { filter } = query;
  // Each listed photo is open or has a verdict, and few have one.
  if (String(filter.state) === 'open') {
    const countIn = (...state: PhotoState[]): Promise<number> =>
      countGallery(trx, { ...query, filter: { ...filter, state } });
    return (await countIn('listed')) - (await countIn('accepted', 'rejected', 'unsure', 'disputed'));
  }
  const tallied = await tallyOf(trx, query);
  if (tallied === null) return countMatching(trx, query, false);
  return mayHide(query.view) ? tallied - (await countMatching(trx, query, true)) : tallied;
}

async function countMatching(
  db: Kysely<Database>,
  { view, filter, named }: GalleryQuery,
  isHidden: boolean,
): Promise<number> {
  const parts = PARTS.map(
    (part) => sql`(select count(*) as count from ${shownCandidates(view, { part, isHidden })}
      where ${matches(view, filter, named)})`,
  );
  return sumOf(db, sql.join(parts, sql` union all `));
}

async function sumOf(db: Kysely<Database>, rows: RawBuilder<unknown>): Promise<number> {
  const found = await sql<{ total: number }>`
    select coalesce(sum(count), 0)::bigint as total from (${rows}) as g`.execute(db);
  return onlyRow(found).total;
}

/** Parts of a filter that tallies know. The order, the size and the open photo change no total. */
const TALLIED: readonly (keyof PhotoFilter)[] = ['state', 'reason', 'class', 'source', 'licence', 'split'];
const OF_ORDER: readonly (keyof PhotoFilter)[] = ['sort', 'like', 'size', 'photo'];
/** States that the tally of candidates tells without that of photos. */
const OF_CANDIDATES: ReadonlySet<string> = new Set(['found', 'waiting', 'fetched']);
/** Reasons that the tally of photos tells. A photo that is a near-duplicate may also be rejected as such. */
const OF_PHOTOS: ReadonlySet<string> = new Set([...FILTER_REASONS, 'cap', 'target']);
const OF_VERDICTS: ReadonlySet<string> = new Set(['open', 'accepted', 'rejected', 'unsure', 'disputed']);

function onlyHas(filter: PhotoFilter, names: readonly (keyof PhotoFilter)[]): boolean {
  return Object.entries(filter).every(
    ([name, value]) =>
      [...names, ...OF_ORDER].some((one) => one === name) || String(value) === String(Reflect.get(EVERY_PHOTO, name)),
  );
}

/** Null if the tallies cannot tell. */
async function tallyOf(trx: Transaction<Database>, query: GalleryQuery): Promise<number | null> {
  const { view, filter, named } = query;
  if (filter.date !== '' && onlyHas(filter, ['date'])) return foundOnDays(trx, view, filter.date);
  const { state, reason, licence, split } = filter;
  const ofPhotos = reason.filter((one) => !isCandidateReason(one));
  const knowsReasons = ofPhotos.every((one) => OF_PHOTOS.has(one));
  if (
    !onlyHas(filter, TALLIED) ||
    !knowsReasons ||
    split.includes('control') ||
    state.some((one) => OF_VERDICTS.has(one))
  )
    return null;
  const needsPhotos = ofPhotos.length > 0 || split.length > 0 || state.some((one) => !OF_CANDIDATES.has(one));
  if (needsPhotos && licence.length > 0) return null;
  const candidates = sql`select count from ${talliedCandidates(view)} where ${matches(view, filter, named)}`;
  if (!needsPhotos) return sumOf(trx, candidates);
  const kinds = await photoKinds(trx, view.scope);
  // The tally of candidates counts first ones as if they were duplicates.
  const as = (part: RawBuilder<unknown>, sign: RawBuilder<unknown>): RawBuilder<unknown> =>
    sql`select ${sign} * count from ${part} where ${matches(view, filter, named)}`;
  return sumOf(
    trx,
    sql`${candidates} union all ${as(talliedPhotos(view, kinds, true), sql`1`)} union all ${as(talliedPhotos(view, kinds, false), sql`-1`)}`,
  );
}

/** SQL: the tally of candidates, with the columns that `shownCandidates` gives for the rest. */
function talliedCandidates({ scope }: GalleryView): RawBuilder<unknown> {
  const { reason } = judged(scope);
  return sql`(
    select c.wnid, c.source, c.licence, c.refusal, c.count, false as is_first, null::text as decided, ${reason} as reason,
      ${isWanted(scope)} as is_wanted, p.state as picture_state, p.reason as picture_reason
    from candidate_tally c cross join lateral (select c.licence, c.state, c.reason) as p
    where c.collection_id = ${scope.collectionId} and (${ofCollection(scope)} or c.refusal = 'unknown-class')) as c ${NOTHING_LATER}`;
}

const NOTHING_LATER = sql`
  cross join (select null::text as state, null::text as reason) as e
  cross join (select null::text as bytes_state) as f`;

/** SQL: the tally of photos, with the columns that `shownCandidates` gives for first candidates, or for the rest. */
function talliedPhotos(
  { scope, isCrawlOnly }: GalleryView,
  kinds: RawBuilder<unknown>,
  isFirst: boolean,
): RawBuilder<unknown> {
  const decided = sql`case when ${isFirst && !isCrawlOnly}::boolean and t.state <> 'undecided' then coalesce(t.reason, t.state) || ${decidedAs(scope, '')} end`;
  const photos = sql`(
    select t.wnid, t.source, null::text as licence, null::text as refusal, t.count, ${isFirst}::boolean as is_first, ${decided} as decided,
      null::text as reason, true as is_wanted,
      'fetched' as picture_state, null::text as picture_reason, t.listed, t.is_pruned
    from ${kinds} as t) as c`;
  if (!isFirst) return sql`${photos} ${NOTHING_LATER}`;
  return sql`${photos}
    cross join lateral (select case when c.listed = 'listed' then c.listed when c.listed is not null then 'left-out' end as state, c.listed as reason) as e
    cross join lateral (select case when c.is_pruned then 'pruned' else 'stored' end as bytes_state) as f`;
}

/** Null if the collection has links to candidates that it no longer counts. */
async function foundOnDays(db: Kysely<Database>, { scope }: GalleryView, date: string): Promise<number | null> {
  const [from, to] = dayRangeOf(date) ?? [];
  const { collectionId } = scope;
  const found = await sql<{ others: number; total: number }>`
    select (select coalesce(sum(count), 0)::bigint from candidate_tally c where c.collection_id = ${collectionId}
        and not (${ofCollection(scope)} or c.refusal is not distinct from 'unknown-class')) as others,
      (select coalesce(sum(count), 0)::bigint from day_tally where collection_id = ${collectionId} and kind = 'found'
        and day between ${from}::date and ${to}::date) as total`.execute(db);
  const { others, total } = onlyRow(found);
  return others === 0 ? total : null;
}

import { sql, type Kysely, type RawBuilder, type Transaction } from 'kysely';
import { foldPhotoCounts } from '../../core/filter/run/photo-tally.repository.ts';
import { ofCollection } from '../../core/filter/run/decision.repository.ts';
import { isSha256, type Sha256 } from '../../core/kernel/ids.ts';
import { isOfVerdicts, MOST_LISTED, type PhotoFilter } from '../../core/kernel/photo-filter.ts';
import type { DecisionScope } from '../../core/models/workspace/scope.ts';
import type { Database } from '../../core/platform/postgres/database.ts';
import { allowMoreMemory, readSnapshot } from '../../core/platform/postgres/transactions.ts';
import { onlyRow } from '../../core/platform/postgres/query.ts';
import {
  hasP,
  IS_LEFT_OUT,
  isListed,
  isOfReader,
  isShown,
  matches,
  PARTS,
  shownCandidates,
  verdictOf,
  type GalleryView,
  type Part,
} from './gallery-filter.repository.ts';
import type { GalleryChoices, GalleryPiece, GalleryTile } from './gallery.ts';

export interface GalleryQuery {
  readonly view: GalleryView;
  readonly filter: PhotoFilter;
  /** Ids of the classes whose names have the text of the filter. */
  readonly named: readonly string[];
  /** By id of the photo, the similarity to the one of the filter. Empty if they are compared by their fingerprints alone. */
  readonly similar: ReadonlyMap<number, number>;
}

/** Candidates that have the value come first, in its order and then in that of their ids; the others follow in that of their ids. */
interface Order {
  readonly value: RawBuilder<unknown>;
  readonly type: 'float8' | 'timestamptz';
  readonly has: RawBuilder<unknown>;
  readonly isDesc: boolean;
}

const CONFUSION = sql`d.confusion_prob`;

/** Ids are in the order of time. With days, it is that of the index by time. */
function orderOf({ view, filter: { sort, like, date } }: GalleryQuery): Order {
  const isDesc = sort === '-p' || !(sort === 'p' || sort.startsWith('-'));
  if (like !== null) {
    // Photos `s` with features come first, the most similar one before the others; then all by their fingerprints.
    const value = sql`coalesce(s.cosine, -2 - ${distanceTo(like)})`;
    return { value, type: 'float8', has: sql`${value} is not null`, isDesc: true };
  }
  if (sort.endsWith('time'))
    return { value: sql`c.found_at`, type: 'timestamptz', has: sql.raw(String(date !== '')), isDesc };
  if (sort.endsWith('taken') || sort.endsWith('uploaded')) {
    const day = sort.endsWith('taken') ? sql`c.taken_at` : sql`c.uploaded_at`;
    return {
      value: sql`${day}::timestamp at time zone 'UTC'`,
      type: 'timestamptz',
      has: sql`${day} is not null`,
      isDesc,
    };
  }
  const isOfP = sort === 'p' || sort === '-p';
  const has = isOfP ? hasP(view) : sql`${CONFUSION} is not null`;
  return { value: isOfP ? sql`c.p` : CONFUSION, type: 'float8', has, isDesc };
}

/** SQL: the number of bits in which the fingerprints of photo `f` and of another photo differ. */
function distanceTo(sha256: Sha256): RawBuilder<unknown> {
  const own = sql`(select o.perceptual_hash from photo o where o.sha256 = decode(${sha256}, 'hex'))`;
  return sql`length(replace((${bitsOf(sql`f.perceptual_hash`)} # ${bitsOf(own)})::text, '0', ''))`;
}

function bitsOf(hash: RawBuilder<unknown>): RawBuilder<unknown> {
  return sql`('x' || encode(${hash}, 'hex'))::bit(64)`;
}

/** SQL: the candidates of a part that match, and the similarity `s` of their photos. */
function matching(query: GalleryQuery, part: Part | null, of?: RawBuilder<unknown>): RawBuilder<unknown> {
  const { view, filter, named, similar } = query;
  const similarity =
    filter.like === null
      ? sql``
      : sql`left join unnest(${[...similar.keys()]}::bigint[], ${[...similar.values()]}::float8[]) as s(photo_id, cosine) on s.photo_id = c.photo_id`;
  return sql`${shownCandidates(view, { part, walks: isOfMany(filter) && (part === 'first' || filter.reason.length === 0), ...(of === undefined ? {} : { of }) })} ${similarity} where ${matches(view, filter, named)}`;
}

/** Parts of a filter that links have, or that choose no photos. */
const OF_LINKS: ReadonlySet<string> = new Set(['class', 'source', 'licence', 'sort', 'size', 'photo']);

/** True if an order by p needs nothing beyond what links say of first candidates. */
function isOfLinks({ view, filter }: GalleryQuery): boolean {
  const others = Object.entries(filter).flatMap(([name, value]: [string, unknown]) =>
    OF_LINKS.has(name) ? [] : value,
  );
  const isByP = filter.sort === 'p' || filter.sort === '-p';
  return isByP && !view.isCrawlOnly && others.every((value) => value === '' || value === false || value === null);
}

/** SQL: the first candidates that match, from their links alone. */
function matchingLinks({ view, filter }: GalleryQuery): RawBuilder<unknown> {
  return sql`(
    select candidate_id as id, first_of as photo_id, wnid, source, licence, decided, p from collection_candidate
    where collection_id = ${view.scope.collectionId} and first_of is not null) as c
    where ${ofCollection(view.scope)} and ${isOfReader(view, sql`c.photo_id`)} and ${matches(view, filter, [])}`;
}

/** True if the filter is by states, reasons and splits, and by nothing that has an index. */
function isOfMany({ state, reason, split, class: classes, seen, source, date, text }: PhotoFilter): boolean {
  const isGiven = [state, reason, split].some(({ length }) => length > 0);
  return isGiven && [classes, seen, source, date, text].every(({ length }) => length === 0);
}

/** A candidate's place in an order. Its value is null if it comes after all that have one. */
interface Place {
  readonly id: number;
  readonly value: string | null;
}

/** Null if the candidate does not match. */
async function placeOf(db: Kysely<Database>, query: GalleryQuery, id: number): Promise<Place | null> {
  const { has, value } = orderOf(query);
  const { rows } = await sql<Place>`${sql.join(
    PARTS.map(
      (part) =>
        sql`(select c.id, case when ${has} then (${value})::text end as value from ${matching(query, part, sql`l.candidate_id = ${id}`)})`,
    ),
    sql` union all `,
  )}`.execute(db);
  return rows[0] ?? null;
}

interface Beside {
  /** `null` for the beginning. */
  readonly from: Place | null;
  readonly isBack: boolean;
  readonly limit: number;
}

/** The places that follow one in their order, or that are before it, the nearest one first. */
async function placesBeside(db: Kysely<Database>, query: GalleryQuery, beside: Beside): Promise<Place[]> {
  const { from, isBack, limit } = beside;
  const places: Place[] = [];
  for (const hasValue of isBack ? [false, true] : [true, false]) {
    const isInside = from !== null && (from.value !== null) === hasValue;
    const isPassed = from !== null && !isInside && hasValue !== isBack;
    if (isPassed || places.length === limit) continue;
    const next = { from: isInside ? from : null, isBack, limit: limit - places.length };
    places.push(...(await placesAmong(db, query, { ...next, hasValue })));
  }
  return places;
}

/** The same among candidates that have the value of the order, or among the others. */
async function placesAmong(
  db: Kysely<Database>,
  query: GalleryQuery,
  { from, isBack, limit, hasValue }: Beside & { readonly hasValue: boolean },
): Promise<readonly Place[]> {
  const { value, type, has, isDesc } = orderOf(query);
  const [direction, beyond] = (isDesc === isBack ? ['asc', '>'] : ['desc', '<']).map((text) => sql.raw(text));
  const of = hasValue
    ? { key: sql`${value}, c.id`, order: sql`${value} ${direction}, c.id ${direction}`, isOf: has }
    : { key: sql`c.id`, order: sql`c.id ${direction}`, isOf: sql`(${has}) is not true` };
  const start = hasValue ? sql`${from?.value}::${sql.raw(type)}, ${from?.id}::bigint` : sql`${from?.id}::bigint`;
  const isBeyond = from === null ? sql`true` : sql`(${of.key}) ${beyond} (${start})`;
  const candidates =
    hasValue && isOfLinks(query)
      ? [matchingLinks(query)]
      : partsFor(query.filter, hasValue).map((part) => matching(query, part));
  const parts = candidates.map(
    (shown) => sql`(select ${hasValue ? value : sql`1`} as value, c.id from ${shown} and ${of.isOf} and ${isBeyond}
      order by ${of.order} limit ${limit})`,
  );
  const { rows } = await sql<Place>`
    select id, ${hasValue ? sql`value::text` : null} as value from (${sql.join(parts, sql` union all `)}) as g
    order by g.value ${direction}, id ${direction} limit ${limit}`.execute(db);
  return rows;
}

/** For a filter by what is known of all candidates, in the order of their ids, one walk over both parts finds the next ones sooner. */
function partsFor(filter: PhotoFilter, hasValue: boolean): readonly (Part | null)[] {
  const { state, reason, split, seen, tag, text, disagree, class: classes, source, licence } = filter;
  const isOfAll = [state, classes, source, licence].some(({ length }) => length > 0);
  const isOfFirst =
    disagree ||
    isOfVerdicts(filter) ||
    state.some((one) => one !== 'found' && one !== 'fetched') ||
    [reason, split, seen, tag, text].some(({ length }) => length > 0);
  return isOfAll && !isOfFirst && !hasValue ? [null] : PARTS;
}

/** True if each candidate of the collection must be compared, which takes many seconds if there are millions. */
export function looksAtAll({ class: classes, text, like, disagree, taken, uploaded, sort }: PhotoFilter): boolean {
  const hasText = text !== '' && !isSha256(text);
  const hasDay = taken !== '' || uploaded !== '' || /(?:taken|uploaded)$/.test(sort);
  return classes.length === 0 && (hasText || hasDay || like !== null || disagree || sort.endsWith('confusion'));
}

/**
 * PostgreSQL would read whole tables where looking up some thousand rows is faster, because rows that were found together lie
 * together. If each candidate of the collection must be compared, it would look up millions.
 */
async function expectLookUps(trx: Transaction<Database>, filter: PhotoFilter): Promise<void> {
  await allowMoreMemory(trx);
  if (looksAtAll(filter)) {
    await sql`set local enable_nestloop = off`.execute(trx);
    return;
  }
  for (const name of ['random_page_cost', 'seq_page_cost']) await sql.raw(`set local ${name} = 0.2`).execute(trx);
  for (const name of ['hashjoin', 'mergejoin', 'seqscan']) await sql.raw(`set local enable_${name} = off`).execute(trx);
}

/** Brings the marks of first candidates up to date. Then reads a gallery in one snapshot, with plans for its filter. */
export async function readGallery<T>(
  db: Kysely<Database>,
  { view, filter }: GalleryQuery,
  read: (trx: Transaction<Database>) => Promise<T>,
): Promise<T> {
  await foldPhotoCounts(db, view.scope);
  return readSnapshot(db, async (trx) => {
    await expectLookUps(trx, filter);
    return read(trx);
  });
}

/** A piece of a gallery: around a candidate, from the beginning without one, or beside one. */
export interface PieceAt {
  readonly side: 'around' | 'after' | 'before';
  readonly id: number | null;
}

/** Around a candidate that does not match, it begins with the first one. Null if the one that it is beside does not match any more. */
export async function readPiece(
  db: Kysely<Database>,
  query: GalleryQuery,
  { side, id, limit }: PieceAt & { readonly limit: number },
): Promise<GalleryPiece | null> {
  const from = id === null ? null : await placeOf(db, query, id);
  if (from === null)
    return side === 'around'
      ? pieceOf([], await placesBeside(db, query, { from, isBack: false, limit: limit + 1 }), limit)
      : null;
  const half = side === 'around' ? Math.ceil(limit / 2) : limit;
  const beside = (isBack: boolean): Promise<Place[]> => placesBeside(db, query, { from, isBack, limit: half + 1 });
  if (side === 'after') return { ...pieceOf([], await beside(false), half), hasBefore: true };
  if (side === 'before') return { ...pieceOf(await beside(true), [], half), hasAfter: true };
  return pieceOf(await beside(true), [from, ...(await beside(false))], half);
}

function pieceOf(back: readonly Place[], ahead: readonly Place[], most: number): GalleryPiece {
  const places = [...back.slice(0, most).toReversed(), ...ahead.slice(0, most)];
  return { ids: places.map(({ id }) => id), hasBefore: back.length > most, hasAfter: ahead.length > most };
}

/** The ids of all that match, in large pieces, so that no transaction stays open while a client reads slowly. */
export async function* allIds(db: Kysely<Database>, query: GalleryQuery): AsyncGenerator<readonly number[]> {
  for (let from: Place | null | undefined = null; from !== undefined;) {
    const beside: Beside = { from, isBack: false, limit: MOST_LISTED };
    const places = await readGallery(db, query, (trx) => placesBeside(trx, query, beside));
    yield places.map(({ id }) => id);
    from = places.length < MOST_LISTED ? undefined : places.at(-1);
  }
}

type TileRow = Omit<GalleryTile, 'name' | 'confusionName'>;

export async function readTiles(
  db: Kysely<Database>,
  view: GalleryView,
  ids: readonly number[],
): Promise<readonly TileRow[]> {
  const { rows } = await sql<TileRow>`
    select c.id, encode(f.sha256, 'hex') as sha256, coalesce(f.bytes_state = 'stored', false) as "hasBytes", c.wnid,
      case when c.state = 'found' then 'waiting' when c.state <> 'fetched' then c.state when not c.is_first then 'duplicate'
        when ${view.isCrawlOnly} then 'fetched' when d.state is null then 'undecided' when d.state <> 'kept' then d.state when ${IS_LEFT_OUT} then 'left-out'
        when e.state is distinct from 'listed' then 'unlisted' else replace(${verdictOf(view)}, 'unreviewed', 'open') end as outcome,
      case when c.state in ('dropped', 'failed') then c.reason when d.state <> 'kept' then d.reason when ${IS_LEFT_OUT} then e.reason
        when ${isListed(view)} and ${isShown(view)} then v.reason end as reason,
      case when c.state in ('dropped', 'failed') then c.detail else d.detail end as detail,
      coalesce(e.state = 'control', false) as "isControl", d.max_true_prob as "maxTrueProb", coalesce(d.is_lower_bound, false) as "isLowerBound",
      d.confusion_wnid as "confusionWnid", d.confusion_prob as "confusionProb", case when ${isShown(view)} then coalesce(v.tags, '{}') else '{}' end as tags,
      c.source, c.source_id as "sourceId", c.url, c.page_url as "pageUrl", c.creator, c.licence, c.licence_url as "licenceUrl",
      to_char(c.found_at at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS"Z"') as "foundAt",
      array(select left(encode(r.revision, 'hex'), 12) from export_photo x join export_revision r on r.id = x.export_id
        where r.collection_id = ${view.scope.collectionId} and x.sha256 = f.sha256 and x.wnid = c.wnid and x.folder is not null and ${isShown(view)}
        order by r.id) as revisions
    from ${shownCandidates(view, { part: null, of: sql`l.candidate_id = any(${ids}::bigint[])` })}`.execute(db);
  return rows;
}

/** The sources and licences of a collection's candidates, sorted; from a tally, so a million take no longer. */
export async function readSources(
  db: Kysely<Database>,
  { collectionId }: DecisionScope,
): Promise<Pick<GalleryChoices, 'sources' | 'licences'>> {
  const found = await sql<Pick<GalleryChoices, 'sources' | 'licences'>>`
    select coalesce(array_agg(distinct source), '{}') as sources, coalesce(array_agg(distinct licence), '{}') as licences
    from candidate_tally where collection_id = ${collectionId}`.execute(db);
  return onlyRow(found);
}

import { sql, type Kysely, type RawBuilder } from 'kysely';
import { isLinked } from '../../core/crawl/candidates/link.repository.ts';
import { isTaken, ofCollection } from '../../core/filter/run/decision.repository.ts';
import { isCandidateReason, REJECT_REASONS } from '../../core/kernel/reasons.ts';
import { isSha256, type Sha256 } from '../../core/kernel/ids.ts';
import type { Reader } from '../../core/kernel/people.ts';
import {
  dayRangeOf,
  FILTER_REASONS,
  LEFT_OUT_REASONS,
  type PhotoFilter,
  type PhotoState,
} from '../../core/kernel/photo-filter.ts';
import type { DecisionScope } from '../../core/models/workspace/scope.ts';
import { CENTRE_CROP } from '../../core/models/evidence/evidence.ts';
import type { Database } from '../../core/platform/postgres/database.ts';
import { onlyRow } from '../../core/platform/postgres/query.ts';
import { allowMoreMemory, readSnapshot } from '../../core/platform/postgres/transactions.ts';
import { isNotAsked, unjudgedPhotos, type DeskView } from '../../core/review/desk/known-photos.repository.ts';
import { isKeptPending } from '../../core/shortlist/second-pass.repository.ts';
import { judged } from '../../core/status/funnel.repository.ts';
import type { GalleryChoices, GalleryIndex, GalleryTile } from './gallery.ts';

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
 * SQL: the candidates `c` of a collection that the reader may know of, with their pictures `p`, photos `f`, and the decision `d`,
 * shortlist entry `e` and verdict `v` of a photo at the first candidate that brought it to its class (`c.is_first`). It counts
 * like the funnel (`countCandidates`, `judgedPhotos`, `countVerdicts`). Each left join finds at most one row, so PostgreSQL leaves
 * out those that a query does not use. The window keeps its estimates right, so it joins by hashes. While a blind review is open,
 * `d`, `e` and `v` are null for each candidate, so that nothing that is made from them can tell photos apart.
 *
 * @param of SQL about candidates `c` and pictures `p`: all of the photos that a query asks for, if they are few
 */
function shownCandidates(view: GalleryView, of: RawBuilder<unknown> | null = null): RawBuilder<unknown> {
  const { scope, isCrawlOnly, blind } = view;
  const unjudged = unjudgedPhotos(view, blind);
  // All candidates are looked up in a hash, and a few by the index. Left to itself, PostgreSQL would join them in a loop.
  const isOfOthers =
    of === null
      ? sql`coalesce(p.photo_id, 0) in (select u.photo_id from ${unjudged} as u)`
      : sql`exists (select 1 from ${unjudged} as u where u.photo_id = p.photo_id offset 0)`;
  const isKnown = isCrawlOnly || blind.length === 0 ? sql`true` : sql`not ${isOfOthers}`;
  const isSeen = isCrawlOnly ? sql`false` : sql`c.is_first`;
  const { state, reason, detail } = judged(scope);
  return sql`(
    select c.id, c.wnid, c.found_at, p.photo_id, p.source, p.source_id, p.url, p.page_url, p.creator, p.licence, p.licence_url,
      ${state} as state, ${reason} as reason, ${detail} as detail,
      p.photo_id is not null and c.id = min(c.id) filter (where ${isTaken(scope)} and ${ofCollection(scope)})
        over (partition by p.photo_id, c.wnid) as is_first
    from candidate c join picture p on p.id = c.picture_id
    where (${ofCollection(scope)} or c.refusal = 'unknown-class') and ${isLinked(scope.collectionId)}
      and ${isKnown} and ${isNotAsked(view, sql`coalesce(p.photo_id, 0)`)} and ${of ?? sql`true`}
  ) as c
    left join photo f on f.id = c.photo_id
    left join decision d on d.collection_id = ${scope.collectionId} and d.photo_id = c.photo_id and d.wnid = c.wnid and ${isSeen}
      and d.decision_sha256 = ${Buffer.from(scope.decisionSha256, 'hex')}
    left join shortlist_entry e on e.collection_id = ${scope.collectionId} and e.photo_id = c.photo_id and e.wnid = c.wnid and ${isSeen}
    left join verdict v on v.collection_id = ${scope.collectionId} and v.wnid = c.wnid and v.sha256 = f.sha256 and ${isSeen}`;
}

const IS_LISTED = sql`(d.state = 'kept' and e.state = 'listed')`;
const IS_CONTROL = sql`(e.state = 'control')`;

/** SQL: the reader may know the verdict. To others than operators, a photo that waits for a second verdict looks open. */
function isShown({ reader, secondPass, isCrawlOnly }: GalleryView): RawBuilder<unknown> {
  if (isCrawlOnly) return sql`false`;
  return reader === 'operators' ? sql`true` : sql`not ${isKeptPending(secondPass)}`;
}

function verdictOf(view: GalleryView): RawBuilder<unknown> {
  return sql`case when ${isShown(view)} then coalesce(v.state, 'unreviewed') else 'unreviewed' end`;
}

function inState(view: GalleryView, state: PhotoState): RawBuilder<unknown> {
  const verdict = (name: string): RawBuilder<unknown> => sql`${IS_LISTED} and ${verdictOf(view)} = ${name}`;
  const conditions: Record<PhotoState, RawBuilder<unknown>> = {
    found: sql`true`,
    waiting: sql`c.state = 'found'`,
    dropped: sql`(c.state = 'dropped' or d.state = 'dropped')`,
    failed: sql`(c.state = 'failed' or d.state = 'failed')`,
    fetched: sql`c.state = 'fetched'`,
    duplicate: sql`c.state = 'fetched' and not c.is_first`,
    distinct: sql`c.is_first`,
    undecided: sql`c.is_first and d.state is null`,
    pruned: sql`c.is_first and f.bytes_state <> 'stored'`,
    kept: sql`d.state = 'kept'`,
    'left-out': sql`d.state = 'kept' and e.state = 'left-out'`,
    unlisted: sql`d.state = 'kept' and (e.state is null or e.state = 'control')`,
    listed: IS_LISTED,
    open: verdict('unreviewed'),
    accepted: verdict('accepted'),
    rejected: verdict('rejected'),
    unsure: verdict('unsure'),
    disputed: verdict('disputed'),
  };
  return conditions[state];
}

function hasReason(view: GalleryView, reason: string): RawBuilder<unknown> {
  if (isCandidateReason(reason)) return sql`c.state in ('dropped', 'failed') and c.reason = ${reason}`;
  if (FILTER_REASONS.some((one) => one === reason)) return sql`d.reason = ${reason}`;
  const isLeftOut = sql`d.state = 'kept' and e.state = 'left-out' and e.reason = ${reason}`;
  const isRejected = sql`${IS_LISTED} and ${verdictOf(view)} = 'rejected' and v.reason = ${reason}`;
  if (!LEFT_OUT_REASONS.some((one) => one === reason)) return isRejected;
  return REJECT_REASONS.some((one) => one === reason) ? sql`(${isLeftOut} or ${isRejected})` : isLeftOut;
}

/** SQL: the text is the photo's whole SHA-256, its id at the source or an address of it, or it is in the name of the file or class, in the creator, or in a person's last note, if the reader may know it. */
function hasText(view: GalleryView, text: string, named: readonly string[]): RawBuilder<unknown> {
  if (isSha256(text)) return sql`f.sha256 = decode(${text}, 'hex')`;
  if (/^https?:\/\//.test(text)) return sql`(c.page_url = ${text} or c.url = ${text})`;
  const like = `%${text.replaceAll(/[\\%_]/g, String.raw`\$&`)}%`;
  return sql`(c.source_id ilike ${like} or c.creator ilike ${like} or c.wnid = any(${named}::text[]) or d.confusion_wnid = any(${named}::text[])
    or ${isShown(view)} and (c.wnid, f.sha256) in (
      select n.wnid, n.sha256 from (
        select distinct on (wnid, sha256, reviewer) * from review_event r
        where collection_id = ${view.scope.collectionId} and kind in ('note', 'import')
          and not exists (select 1 from review_event u where u.undoes = r.id and u.kind = 'undo')
        order by wnid, sha256, reviewer, id desc) as n
      where n.value ->> 'note' ilike ${like}))`;
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
  return values.length === 0 ? [] : [sql`${sql.ref(column)} = any(${values}::text[])`];
}

/** @param named ids of the classes whose names have the text of the filter */
function matches(view: GalleryView, filter: PhotoFilter, named: readonly string[]): RawBuilder<unknown> {
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
      ...anyOf(filter.tag, (tag) => sql`${tag} = any(v.tags) and ${isShown(view)}`),
      ...anyOf(filter.split, (split) => (split === 'test' ? IS_LISTED : IS_CONTROL)),
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

/** In mode O, where no class was searched, the surest prediction comes first. */
const P = sql`coalesce(d.max_true_prob, -d.confusion_prob)`;
const ORDERS: Readonly<Record<PhotoFilter['sort'], RawBuilder<unknown>>> = {
  time: sql`c.found_at desc, c.id desc`,
  '-time': sql`c.found_at, c.id`,
  p: sql`${P} nulls last, c.id`,
  '-p': sql`${P} desc nulls last, c.id`,
  confusion: sql`d.confusion_prob desc nulls last, c.id`,
  '-confusion': sql`d.confusion_prob nulls last, c.id`,
};

/** Photos `s` with features come first, the most similar one before the others; then all by their fingerprints. */
function orderOf({ sort, like }: PhotoFilter): RawBuilder<unknown> {
  return like === null ? ORDERS[sort] : sql`s.cosine desc nulls last, ${distanceTo(like)} nulls last, ${ORDERS[sort]}`;
}

/** SQL: the number of bits in which the fingerprints of photo `f` and of another photo differ. */
function distanceTo(sha256: Sha256): RawBuilder<unknown> {
  const own = sql`(select o.perceptual_hash from photo o where o.sha256 = decode(${sha256}, 'hex'))`;
  return sql`length(replace((${bitsOf(sql`f.perceptual_hash`)} # ${bitsOf(own)})::text, '0', ''))`;
}

function bitsOf(hash: RawBuilder<unknown>): RawBuilder<unknown> {
  return sql`('x' || encode(${hash}, 'hex'))::bit(64)`;
}

interface GalleryQuery {
  readonly filter: PhotoFilter;
  /** Ids of the classes whose names have the text of the filter. */
  readonly named: readonly string[];
  /** By id of the photo, the similarity to the one of the filter. Empty if they are compared by their fingerprints alone. */
  readonly similar: ReadonlyMap<number, number>;
  /** The most ids. */
  readonly limit: number;
}

export async function readGallery(
  db: Kysely<Database>,
  view: GalleryView,
  { filter, named, similar, limit }: GalleryQuery,
): Promise<GalleryIndex> {
  return readSnapshot(db, async (trx) => {
    await allowMoreMemory(trx);
    const found = await sql<GalleryIndex>`
      select count(*) as total, coalesce(array_to_json((array_agg(id))[1:${limit}]), '[]') as ids from (
        select c.id from ${shownCandidates(view)}
        left join unnest(${[...similar.keys()]}::bigint[], ${[...similar.values()]}::float8[]) as s(photo_id, cosine) on s.photo_id = c.photo_id
        where ${matches(view, filter, named)} order by ${orderOf(filter)}) as g`.execute(trx);
    return onlyRow(found);
  });
}

type TileRow = Omit<GalleryTile, 'name' | 'confusionName'>;

export async function readTiles(
  db: Kysely<Database>,
  view: GalleryView,
  ids: readonly number[],
): Promise<readonly TileRow[]> {
  const isIn = sql`c.id = any(${ids}::bigint[])`;
  const withTwins = sql`c.id = any(array(
    select unnest(${ids}::bigint[]) union
    select o.id from candidate c join picture q on q.id = c.picture_id join picture r on r.photo_id = q.photo_id
    join candidate o on o.picture_id = r.id where ${isIn}))`;
  const { rows } = await sql<TileRow>`
    select c.id, encode(f.sha256, 'hex') as sha256, coalesce(f.bytes_state = 'stored', false) as "hasBytes", c.wnid,
      case when c.state = 'found' then 'waiting' when c.state <> 'fetched' then c.state when not c.is_first then 'duplicate'
        when ${view.isCrawlOnly} then 'fetched' when d.state is null then 'undecided' when d.state <> 'kept' then d.state when e.state = 'left-out' then e.state
        when e.state is distinct from 'listed' then 'unlisted' else replace(${verdictOf(view)}, 'unreviewed', 'open') end as outcome,
      case when c.state in ('dropped', 'failed') then c.reason when d.state <> 'kept' then d.reason when e.state = 'left-out' then e.reason
        when ${IS_LISTED} and ${isShown(view)} then v.reason end as reason,
      case when c.state in ('dropped', 'failed') then c.detail else d.detail end as detail,
      coalesce(${IS_CONTROL}, false) as "isControl", d.max_true_prob as "maxTrueProb", coalesce(d.is_lower_bound, false) as "isLowerBound",
      d.confusion_wnid as "confusionWnid", d.confusion_prob as "confusionProb", case when ${isShown(view)} then coalesce(v.tags, '{}') else '{}' end as tags,
      c.source, c.source_id as "sourceId", c.url, c.page_url as "pageUrl", c.creator, c.licence, c.licence_url as "licenceUrl",
      to_char(c.found_at at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS"Z"') as "foundAt",
      array(select left(encode(r.revision, 'hex'), 12) from export_photo x join export_revision r on r.id = x.export_id
        where r.collection_id = ${view.scope.collectionId} and x.sha256 = f.sha256 and x.wnid = c.wnid and x.folder is not null and ${isShown(view)}
        order by r.id) as revisions
    from ${shownCandidates(view, withTwins)} where ${isIn}`.execute(db);
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

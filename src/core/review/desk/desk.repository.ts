import { sql, type Kysely, type RawBuilder } from 'kysely';
import { isLinked } from '../../crawl/candidates/link.repository.ts';
import { CENTRE_CROP } from '../../models/evidence/evidence.ts';
import type { Wnid } from '../../kernel/ids.ts';
import { isOfVerdicts } from '../../kernel/photo-filter.ts';
import type { Database } from '../../platform/postgres/database.ts';
import {
  SHOWN_STATES,
  type ClassPage,
  type ClassProgress,
  type ReviewFilter,
  type ReviewOrder,
  type ReviewPhoto,
} from './desk.ts';
import { allowedFirst, firstPicture } from '../../shortlist/photo-of-class.repository.ts';
import { subjectKey, type Subject } from '../events/event.ts';
import { standingVerdicts } from '../events/standing-verdicts.repository.ts';
import type { FreePhoto } from './lease.repository.ts';
import { knownPhotos, type DeskView } from './known-photos.repository.ts';

/**
 * The listed photos as the reviewer may see them. `waits`: this reviewer should give a verdict. Then the photo looks
 * open, whatever another reviewer has said. `shown_accepted`: the accepted photos of a confusion that the reviewer may
 * know of. `wnids`: null for all classes.
 */
function shownPhotos(view: DeskView, wnids: readonly Wnid[] | null): RawBuilder<unknown> {
  const { reviewer } = view;
  return sql`(
    select s.*, case when s.waits or s.state = 'unreviewed' then 'open' else s.state end as shown_state,
      count(*) filter (where s.state = 'accepted' and not s.waits) over (partition by s.wnid, s.confusion_wnid) as shown_accepted
    from (
      select l.*, l.wants_more and not ${reviewer} = any(l.reviewers) as waits
      from ${knownPhotos(view, wnids)} as l
    ) as s
  )`;
}

/** SQL: true if each outside model with evidence predicts the ensemble's class on the centre crop of photo `p`. */
function isNoise({ ensembleModels }: DeskView): RawBuilder<unknown> {
  const shas = ensembleModels.map((sha256) => Buffer.from(sha256, 'hex'));
  return sql`coalesce((
    select bool_and(c.wnids[v.top1 + 1] = p.confusion_wnid)
    from counted_evidence v join member m on m.id = v.member_id join class_list c on c.id = m.class_list_id
    where v.photo_id = p.photo_id and v.crop = ${CENTRE_CROP}
      and v.member_id = any(array(select id from member where model_sha256 <> all(${shas}::bytea[])))), false)`;
}

/** `firstPicture` of photos of all classes: one pass over all pictures takes a third of the time of a look at each photo. */
function firstPictures({ scope }: DeskView): RawBuilder<unknown> {
  return sql`(
    select distinct on (p.photo_id, c.wnid) p.photo_id, c.wnid, p.source, c.found_at as candidate_found_at
    from shortlist_entry e join picture p on p.photo_id = e.photo_id
    join candidate c on c.picture_id = p.id and c.wnid = e.wnid
    where e.collection_id = ${scope.collectionId} and e.state <> 'left-out' and c.refusal is null and ${isLinked(scope.collectionId)}
    order by p.photo_id, c.wnid, ${allowedFirst(scope)})`;
}

function pictureOf({ scope }: DeskView): RawBuilder<unknown> {
  return sql`${firstPicture(scope, { photoId: sql`shown.photo_id`, wnid: sql`shown.wnid` })} as first`;
}

const SEARCHED_PROB = sql`coalesce(shown.max_true_prob, shown.confusion_prob)`;

/** The SQL of each part of a filter that a photo's own row answers. */
const CONDITIONS = {
  confusion: (wnid) => sql`shown.confusion_wnid = ${wnid}`,
  source: (source) => sql`first.source = ${source}`,
  state: (state) => sql`shown.shown_state = ${state}`,
  reason: (reason) => sql`not shown.waits and shown.reason = ${reason}`,
  tag: (tag) => sql`not shown.waits and ${tag} = any(shown.tags)`,
  flagged: (flagged) => sql`(not shown.waits and shown.is_flagged) = ${flagged}`,
  pMin: (pMin) => sql`${SEARCHED_PROB} >= ${pMin}::float8`,
  pMax: (pMax) => sql`${SEARCHED_PROB} <= ${pMax}::float8`,
} satisfies Partial<Record<keyof ReviewFilter, (value: string | number | boolean) => RawBuilder<unknown>>>;

function conditionsOf(filter: ReviewFilter): RawBuilder<unknown>[] {
  const given = new Map(Object.entries(filter));
  return Object.entries(CONDITIONS).flatMap(([part, conditionOf]) => {
    const value: unknown = given.get(part);
    return typeof value === 'string' || typeof value === 'number' || typeof value === 'boolean'
      ? [conditionOf(value)]
      : [];
  });
}

function verdictsOf(view: DeskView, filter: ReviewFilter): RawBuilder<unknown>[] {
  if (!isOfVerdicts(filter)) return [];
  const verdicts = standingVerdicts({ ...view, collectionId: view.scope.collectionId }, filter);
  return [sql`(shown.wnid, shown.photo_id) in (select s.wnid, s.photo_id from ${verdicts} as s)`];
}

/** A filter and an order. `wnids` limits the classes, which is much less work than all classes. */
export interface DeskQuery {
  readonly filter: ReviewFilter;
  readonly order: ReviewOrder;
  readonly wnids?: readonly Wnid[] | undefined;
}

/** The listed photos `p` that match a filter. Others' verdicts on a photo that waits are ignored. */
export function matching(view: DeskView, { filter, order, wnids }: DeskQuery): RawBuilder<unknown> {
  const { wnid, source } = filter;
  const classes = wnids ?? (wnid === undefined ? null : [wnid]);
  // Looking up the pictures of 100,000 photos takes as long as everything else.
  const needsPicture = source !== undefined || order === 'source' || order === 'newest';
  const ofEach =
    classes === null ? sql`${firstPictures(view)} as first using (photo_id, wnid)` : sql`${pictureOf(view)} on true`;
  const first = needsPicture ? ofEach : sql`(select null as source, null as candidate_found_at) as first on true`;
  return sql`(
    select shown.*, first.source, first.candidate_found_at from ${shownPhotos(view, classes)} as shown
    join ${first} where ${sql.join([sql`true`, ...conditionsOf(filter), ...verdictsOf(view, filter)], sql` and `)}
  ) as p`;
}

/** Place of photo `p` in its confusion: first the accepted photos that the reviewer may know of, then the matches by rank. */
export const TURN = sql`p.shown_accepted + row_number() over (partition by p.wnid, p.confusion_wnid order by p.rank) as turn`;

export function orderSql(view: DeskView, order: ReviewOrder): RawBuilder<unknown> {
  const first: Record<ReviewOrder, RawBuilder<unknown>> = {
    confusions: sql`p.turn`,
    // In mode O, where no class was searched, the surest prediction comes first.
    lowest: sql`coalesce(p.max_true_prob, -p.confusion_prob)`,
    source: sql`p.source`,
    newest: sql`p.candidate_found_at desc`,
  };
  return sql`${first[order]}, p.wnid collate "C", p.rank`;
}

export interface NextPhotos extends DeskQuery {
  readonly client: string;
  readonly held: readonly Subject[];
  /** The class that comes first; then those after it, then those before it. */
  readonly from: Wnid | undefined;
  /** Photos of all classes at once, those of the emptiest confusions first. */
  readonly isBalanced: boolean;
  readonly limit: number;
}

export async function nextPhotos(
  db: Kysely<Database>,
  view: DeskView,
  wanted: NextPhotos,
): Promise<readonly FreePhoto[]> {
  const { client, held, order, from, isBalanced, limit } = wanted;
  const classes = isBalanced ? sql`` : sql`p.wnid collate "C" < ${from ?? ''}, p.wnid collate "C",`;
  const { rows } = await sql<FreePhoto>`
    with waiting as materialized (select p.*, ${TURN} from ${matching(view, wanted)} where p.waits),
      taken as (
        select wnid, sha256 from review_lease
        where collection_id = ${view.scope.collectionId} and client <> ${client} and until > clock_timestamp()
        union all select wnid, decode(sha256, 'hex') from jsonb_to_recordset(${JSON.stringify(held)}::jsonb) as h(sha256 text, wnid text))
    select encode(p.sha256, 'hex') as sha256, p.wnid, cardinality(p.reviewers) as reviews from waiting as p
    where not exists (select 1 from taken t where t.wnid = p.wnid and t.sha256 = p.sha256)
    order by ${classes} ${orderSql(view, order)} limit ${limit}`.execute(db);
  return rows;
}

/** The classes with photos on the shortlist, sorted. One look at the index finds each of them. */
export async function listedClasses(db: Kysely<Database>, { scope }: DeskView): Promise<Wnid[]> {
  const next = (after: RawBuilder<unknown>): RawBuilder<unknown> => sql`
    select min(wnid) as wnid from shortlist_entry where collection_id = ${scope.collectionId} and ${after}`;
  const { rows } = await sql<{ wnid: Wnid }>`
    with recursive class as (
      ${next(sql`true`)}
      union all select n.wnid from class c cross join lateral (${next(sql`wnid > c.wnid`)}) as n where c.wnid is not null)
    select wnid from class where wnid is not null order by wnid collate "C"`.execute(db);
  return rows.map(({ wnid }) => wnid);
}

export type ShownRow = Omit<ReviewPhoto, 'name' | 'confusionName' | 'mine' | 'others' | 'seen'> & {
  /** True if this reviewer should give a verdict. */
  readonly waits: boolean;
};

export async function shownRows(
  db: Kysely<Database>,
  view: DeskView,
  subjects: readonly Subject[],
): Promise<ShownRow[]> {
  const wnids = [...new Set(subjects.map(({ wnid }) => wnid))];
  const { rows } = await sql<ShownRow>`
    select p.wnid, encode(p.sha256, 'hex') as sha256, p.rank, p.confusion_wnid as "confusionWnid", p.max_true_prob as "maxTrueProb",
      p.confusion_prob as "confusionProb", p.shown_accepted as "acceptedOfConfusion", p.width, p.height, p.shown_state as state, p.waits, p.wanted = 0 as "isSettled",
      case when p.waits then null else p.reason end as reason, ${isNoise(view)} as "isNoise", p.source,
      p.page_url as "pageUrl", p.creator, p.licence, p.licence_url as "licenceUrl",
      to_char(p.candidate_found_at at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS"Z"') as "foundAt"
    from (
      select shown.*, first.source, first.page_url, first.creator, first.licence, first.licence_url, first.candidate_found_at, s.place
      from rows from (jsonb_to_recordset(${JSON.stringify(subjects)}::jsonb) as (sha256 text, wnid text)) with ordinality as s(sha256, wnid, place)
      join ${shownPhotos(view, wnids)} as shown on shown.wnid = s.wnid and shown.sha256 = decode(s.sha256, 'hex')
      join ${pictureOf(view)} on true
    ) as p order by p.place`.execute(db);
  return rows;
}

export async function waitingAmong(
  db: Kysely<Database>,
  view: DeskView,
  subjects: readonly Subject[],
): Promise<ReadonlySet<string>> {
  const wnids = [...new Set(subjects.map(({ wnid }) => wnid))];
  const { rows } = await sql<Subject>`
    select s.sha256, s.wnid from jsonb_to_recordset(${JSON.stringify(subjects)}::jsonb) as s(sha256 text, wnid text)
    join ${shownPhotos(view, wnids)} as p on p.wnid = s.wnid and p.sha256 = decode(s.sha256, 'hex')
    where p.waits`.execute(db);
  return new Set(rows.map(subjectKey));
}

/**
 * The photos that this reviewer has reviewed or should review. Leaves out disputed photos and those that an adjudication
 * has settled: a person who sees others' verdicts decides about them, one at a time.
 */
export async function ownAmongListed(
  db: Kysely<Database>,
  view: DeskView,
  subjects: readonly Subject[],
): Promise<Subject[]> {
  const wnids = [...new Set(subjects.map(({ wnid }) => wnid))];
  const { rows } = await sql<Subject>`
    select s.sha256, s.wnid from jsonb_to_recordset(${JSON.stringify(subjects)}::jsonb) as s(sha256 text, wnid text)
    join ${shownPhotos(view, wnids)} as p on p.wnid = s.wnid and p.sha256 = decode(s.sha256, 'hex')
    where p.wanted > 0 and (p.waits or p.state <> 'disputed' and ${view.reviewer} = any(p.reviewers))`.execute(db);
  return rows;
}

/** In the order of the wnids (null: all classes). Classes without listed photos are left out. */
export async function classProgress(
  db: Kysely<Database>,
  view: DeskView,
  wnids: readonly Wnid[] | null,
): Promise<Omit<ClassProgress, 'name'>[]> {
  const { rows } = await sql<Omit<ClassProgress, 'name'>>`
    select p.wnid, count(*) as listed, ${stateCounts} from ${shownPhotos(view, wnids)} as p
    group by p.wnid order by p.wnid collate "C"`.execute(db);
  return rows;
}

const stateCounts = sql.join(
  SHOWN_STATES.map((state) => sql`count(*) filter (where p.shown_state = ${sql.lit(state)}) as ${sql.ref(state)}`),
);

type ConfusionProgress = Omit<ClassPage['confusions'][number], 'name'>;

export async function confusionProgress(
  db: Kysely<Database>,
  view: DeskView,
  wnid: Wnid,
): Promise<ConfusionProgress[]> {
  const { rows } = await sql<ConfusionProgress>`
    select p.confusion_wnid as wnid, count(*) as listed, count(*) filter (where p.shown_state = 'open') as open,
      count(*) filter (where p.shown_state = 'accepted') as accepted
    from ${shownPhotos(view, [wnid])} as p where p.confusion_wnid is not null group by 1 order by accepted, open desc, 1`.execute(
    db,
  );
  return rows;
}

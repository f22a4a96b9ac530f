import { sql, type Kysely, type RawBuilder, type Transaction } from 'kysely';
import { sha256Of } from '../../tools/sha256.ts';
import type { Database } from '../../platform/postgres/database.ts';
import { placesOfOrigin, type Place } from '../../photo/origin.repository.ts';
import { wellFormed } from '../sources/text.ts';
import type { NewCandidate } from './candidate.ts';
import { storeLicences } from './licence.repository.ts';
import { isLinked, linkCandidates } from './link.repository.ts';

/** Drops that depend on the collection or on settings. A later crawl under other rules may accept the picture. */
const REVISABLE_DROPS = [
  'unknown-class',
  'licence-not-allowed',
  'too-small',
  'aspect-ratio',
  'outside-folder',
  'not-a-photo-title',
  'too-old',
];

export interface StoreResult {
  readonly newPictures: number;
  readonly overLimit: number;
  /** Ids of the old and new pictures whose bytes are not fetched yet. */
  readonly waiting: readonly number[];
}

export interface StoreOptions {
  /** The collection whose crawl found the page. */
  readonly collectionId: number;
  /** True if finding pictures again costs nothing, as in a folder. */
  readonly retryFailed: boolean;
  /** Candidates that are new to the collection, not counting those that are refused or have a problem; null: no limit. */
  readonly admitAtMost: number | null;
}

/**
 * Stores a page of candidates, and that the collection found them. Storing the same page again changes nothing, with three exceptions: pictures that failed may be
 * retried, rights that the source states now are stored, and a class or licence that is wanted now is no longer refused.
 * Photos that were taken down stay so. Rows are locked in one order, so that two concurrent crawls cannot deadlock.
 */
export async function storeCandidates(
  trx: Transaction<Database>,
  page: readonly NewCandidate[],
  { collectionId, retryFailed, admitAtMost }: StoreOptions,
): Promise<StoreResult> {
  const room = admitAtMost === null ? page : await withinLimit(trx, page, { collectionId, admitAtMost });
  const overLimit = page.length - room.length;
  if (room.length === 0) return { newPictures: 0, overLimit, waiting: [] };
  const rows = await withTakedowns(trx, room);
  const found = sql`(select r.*, "sourceId" as source_id, "pageUrl" as page_url, "licenceUrl" as licence_url,
      "queryId" as query_id, "refusalDetail" as refusal_detail, "originalWidth" as original_width, "originalHeight" as original_height,
      "takenAt" as taken_at, "uploadedAt" as uploaded_at,
      "sourceCreator" as source_creator, coalesce("rightsBy", 'source') as rights_by
    from jsonb_to_recordset(${JSON.stringify(rows.map(toRow))}::jsonb) as r(source text, "sourceId" text, wnid text, url text,
      "pageUrl" text, creator text, licence text, "licenceUrl" text, host text, "queryId" bigint, position int, refusal text,
      "refusalDetail" text, state text, reason text, detail text, "rightsBy" text, "sourceCreator" text,
      origin text, restrictions text[], "originalWidth" int, "originalHeight" int, "takenAt" date, "uploadedAt" date)) as f`;
  await storeLicences(
    trx,
    room.map(({ licence }) => licence),
  );
  const newPictures = await insertPictures(trx, found);
  const pictureIds = await lockPictures(trx, found);
  await reviseRights(trx, found);
  await reopenPictures(trx, found, retryFailed);
  await insertCandidates(trx, found);
  await linkCandidates(
    trx,
    collectionId,
    sql`select c.id from ${found} join picture p using (source, source_id)
      join candidate c on c.picture_id = p.id and c.wnid = f.wnid group by c.id order by c.id`,
  );
  return { newPictures, overLimit, waiting: await waitingAmong(trx, pictureIds) };
}

/** Removes new photos beyond the limit from a page. Photos that the collection has, and refused or unusable ones, do not count. */
async function withinLimit(
  trx: Transaction<Database>,
  page: readonly NewCandidate[],
  { collectionId, admitAtMost: atMost }: { readonly collectionId: number; readonly admitAtMost: number },
): Promise<NewCandidate[]> {
  const { rows } = await sql<{ source: string; source_id: string; wnid: string }>`
    select p.source, p.source_id, c.wnid from candidate c join picture p on p.id = c.picture_id
    where p.source = any(${[...new Set(page.map(({ source }) => source))]}::text[])
      and p.source_id = any(${page.map(({ sourceId }) => storableKey(sourceId))}::text[]) and ${isLinked(collectionId)}`.execute(
    trx,
  );
  const known = new Set(rows.map((row) => keyOf(row.source, row.source_id, row.wnid)));
  let admitted = 0;
  return page.filter((candidate) => {
    const { source, sourceId, wnid, refusal, problem } = candidate;
    const key = keyOf(source, storableKey(sourceId), storableKey(wnid));
    if (refusal !== null || problem !== null || known.has(key)) return true;
    known.add(key);
    admitted += 1;
    return admitted <= atMost;
  });
}

function keyOf(source: string, sourceId: string, wnid: string): string {
  return JSON.stringify([source, sourceId, wnid]);
}

/** Marks candidates whose place or URL was taken down as dropped, so that a crawl does not bring them back. */
async function withTakedowns(
  trx: Transaction<Database>,
  page: readonly NewCandidate[],
): Promise<readonly NewCandidate[]> {
  const places = page.flatMap(placesOf);
  const { rows } = await sql<{ source: string | null; source_id: string | null; url: string | null; reason: string }>`
    select source, source_id, url, reason from takedown
    where source_id = any(${places.map(({ sourceId }) => sourceId)}::text[]) and source = any(${places.map(({ source }) => source)}::text[])
      or md5(url) = any(select md5(u) from unnest(${page.map(({ url }) => wellFormed(url))}::text[]) as u)`.execute(
    trx,
  );
  if (rows.length === 0) return page;
  return page.map((candidate) => {
    const own = placesOf(candidate);
    const hit = rows.find(
      (row) =>
        own.some(({ source, sourceId }) => row.source === source && row.source_id === sourceId) ||
        row.url === candidate.url,
    );
    return hit === undefined
      ? candidate
      : { ...candidate, problem: { state: 'dropped', reason: 'taken-down', detail: hit.reason } };
  });
}

/** The candidate's place at its source, and those of the photo that it is a copy of. */
function placesOf({ source, sourceId, origin = null }: NewCandidate): Place[] {
  return [{ source, sourceId: storableKey(sourceId) }, ...placesOfOrigin(origin)];
}

type Found = ReturnType<typeof sql>;

/** One row for each picture, however many classes found it. A row without a refusal wins, otherwise the first row. */
const ONE_PER_PICTURE = sql`distinct on (f.source, f.source_id) f.*`;
const WANTED_FIRST = sql`f.source, f.source_id, (f.state = 'found') desc, f.position`;

const FACTS = sql.raw('origin, restrictions, original_width, original_height, taken_at, uploaded_at');

async function insertPictures(trx: Transaction<Database>, found: Found): Promise<number> {
  const result = await sql`
    insert into picture (source, source_id, url, host, page_url, creator, licence, licence_url, rights_by,
      source_creator, ${FACTS}, state, reason, detail, settled_at)
    select source, source_id, url, host, page_url, creator, licence, licence_url, rights_by, source_creator,
      ${FACTS}, state, reason, detail,
      case when state <> 'found' then now() end
    from (select ${ONE_PER_PICTURE} from ${found} order by ${WANTED_FIRST}) as one
    on conflict (source, source_id) do nothing`.execute(trx);
  return Number(result.numAffectedRows ?? 0);
}

/** Locks pictures in order and returns their ids. An update locks rows in its plan's order, which is harmless if all are locked. */
async function lockPictures(trx: Transaction<Database>, found: Found): Promise<readonly number[]> {
  const { rows } = await sql<{ id: number }>`
    select p.id from picture p join (select distinct f.source, f.source_id from ${found}) as one using (source, source_id)
    order by p.source, p.source_id for no key update of p`.execute(trx);
  return rows.map(({ id }) => id);
}

/** `offset 0` makes PostgreSQL look for the ids first. Otherwise it scans all waiting pictures if its statistics are old. */
async function waitingAmong(trx: Transaction<Database>, pictureIds: readonly number[]): Promise<readonly number[]> {
  const { rows } = await sql<{ id: number }>`
    select id from (select id, state from picture where id = any(${pictureIds}::bigint[]) offset 0) as p
    where state = 'found'`.execute(trx);
  return rows.map(({ id }) => id);
}

/**
 * Updates rights. What the source states wins over what the curator states. If a source states no rights now, those that
 * it stated before stay. So do those that the curator stated before.
 */
async function reviseRights(trx: Transaction<Database>, found: Found): Promise<void> {
  await sql`
    update picture p set page_url = r.page_url, creator = r.creator, licence = r.licence, licence_url = r.licence_url,
      rights_by = r.rights_by, source_creator = r.source_creator, restrictions = r.restrictions, taken_at = r.taken_at, uploaded_at = r.uploaded_at
    from (
      select o.id, coalesce(one.restrictions, o.restrictions) as restrictions,
        coalesce(one.taken_at, o.taken_at) as taken_at, coalesce(one.uploaded_at, o.uploaded_at) as uploaded_at, s.page_url, s.licence, s.licence_url, s.rights_by,
        case when s.rights_by = 'curator' then s.said end as source_creator,
        case when s.rights_by = 'curator' then coalesce(s.said, s.creator) else s.said end as creator
      from (select ${ONE_PER_PICTURE} from ${found} order by ${WANTED_FIRST}) as one
      join picture o on o.source = one.source and o.source_id = one.source_id
      cross join lateral (select case when one.rights_by = 'curator' then o.licence = 'unknown' else one.licence <> 'unknown' end as is_new) as n
      cross join lateral (select coalesce(one.page_url, o.page_url) as page_url,
        case when n.is_new then one.licence else o.licence end as licence,
        case when n.is_new then one.licence_url else o.licence_url end as licence_url,
        case when n.is_new then one.rights_by else o.rights_by end as rights_by,
        case when n.is_new then one.creator else o.creator end as creator,
        coalesce(${saidCreator(sql`one`)}, ${saidCreator(sql`o`)}) as said) as s) as r
    where p.id = r.id and (p.page_url, p.creator, p.licence, p.licence_url, p.rights_by, p.source_creator, p.restrictions, p.taken_at, p.uploaded_at)
      is distinct from (r.page_url, r.creator, r.licence, r.licence_url, r.rights_by, r.source_creator, r.restrictions, r.taken_at, r.uploaded_at)`.execute(
    trx,
  );
}

/** SQL: the creator that the source of picture `p` names. */
export function saidCreator(p: RawBuilder<unknown> = sql`p`): RawBuilder<unknown> {
  return sql`case when ${p}.rights_by = 'curator' then ${p}.source_creator else ${p}.creator end`;
}

/** SQL: the columns of `PhotoFacts` of picture `p`. */
export const PHOTO_FACTS = sql`p.origin, p.restrictions, p.signals, p.original_width as "originalWidth", p.original_height as "originalHeight",
  to_char(p.taken_at, 'YYYY-MM-DD') as "takenAt", to_char(p.uploaded_at, 'YYYY-MM-DD') as "uploadedAt"`;

/** Reopens pictures, and fetches waiting ones from their latest place, in case a folder was moved or a URL has expired. */
async function reopenPictures(trx: Transaction<Database>, found: Found, retryFailed: boolean): Promise<void> {
  await sql`
    update picture p set url = one.url, host = one.host, attempts = 0, not_before = null, state = one.state, reason = one.reason, detail = one.detail,
      settled_at = case when one.state <> 'found' then now() end
    from (select ${ONE_PER_PICTURE} from ${found} order by ${WANTED_FIRST}) as one
    where p.source = one.source and p.source_id = one.source_id
      and (${retryFailed} and p.state = 'failed' or p.state = 'dropped' and p.reason = any(${REVISABLE_DROPS}) or p.state = 'found' and one.url <> p.url)
      and (one.state = 'found' or one.reason is distinct from p.reason and one.refusal is null)`.execute(trx);
}

/** If one collection wants a candidate, one with narrower rules does not refuse it. */
async function insertCandidates(trx: Transaction<Database>, found: Found): Promise<void> {
  await sql`
    insert into candidate (picture_id, wnid, refusal, refusal_detail, query_id)
    select distinct on (p.id, f.wnid) p.id, f.wnid, f.refusal, f.refusal_detail, f.query_id
    from ${found} join picture p using (source, source_id)
    order by p.id, f.wnid, f.refusal nulls first, f.position
    on conflict (picture_id, wnid) do update set refusal = null, refusal_detail = null
      where candidate.refusal is not null and excluded.refusal is null`.execute(trx);
}

function toRow({ problem, refusal, ...found }: NewCandidate, position: number): Readonly<Record<string, unknown>> {
  const first = problem ?? { state: refusal === null ? 'found' : 'dropped', ...refusal };
  const keys = { sourceId: indexable(found.sourceId), wnid: indexable(found.wnid), host: hostOf(found.url) };
  const refused = { refusal: refusal?.reason, refusalDetail: refusal?.detail };
  const row = { ...found, ...first, ...keys, ...refused, position };
  return Object.fromEntries(
    Object.entries(row).map(([column, value]) => [column, typeof value === 'string' ? wellFormed(value) : value]),
  );
}

/** `host:port` of a picture, by which requests are spaced. Empty for a file on disk. */
function hostOf(url: string): string {
  return URL.parse(url)?.host ?? '';
}

export function storableKey(text: string): string {
  return wellFormed(indexable(text));
}

/** A row of an index has at most 2,704 bytes (https://www.postgresql.org/docs/current/btree.html). */
const MAX_KEY_BYTES = 2_000;

/** Shortens key text that is too long to its beginning, its hash and its end (where a folder's ids have their digits). */
function indexable(text: string): string {
  if (Buffer.byteLength(text) <= MAX_KEY_BYTES) return text;
  const hash = sha256Of(text).slice(0, 32);
  return `${text.slice(0, 400)}…${hash}…${text.slice(-64)}`;
}

/** The paths of the first files of folders that failed for a reason within a time. */
export async function failedFiles(
  db: Kysely<Database>,
  collectionId: number,
  within: { readonly reason: string; readonly withinMs: number; readonly limit: number },
): Promise<string[]> {
  const { rows } = await sql<{ sourceId: string }>`
    select source_id as "sourceId" from picture p
    where source = 'folder' and state = 'failed' and reason = ${within.reason}
      and settled_at >= now() - ${within.withinMs} * interval '1 millisecond'
      and exists (select 1 from candidate c join collection_candidate l on l.candidate_id = c.id
        where c.picture_id = p.id and l.collection_id = ${collectionId})
    order by source_id limit ${within.limit}`.execute(db);
  return rows.map(({ sourceId }) => sourceId.replace(/@[^@]*$/, ''));
}

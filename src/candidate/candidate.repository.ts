import { createHash } from 'node:crypto';
import { sql, type Kysely, type Transaction } from 'kysely';
import type { Database } from '../platform/postgres/database.ts';
import { rangeOf } from '../kernel/pages.ts';
import type { PhotoProblem } from '../source/source.ts';
import type { NewCandidate } from './candidate.ts';

/** Drops that depend on the collection or on settings: a later crawl under other rules takes the picture up again. */
const REVISABLE_DROPS = ['unknown-class', 'licence-not-allowed', 'too-small', 'aspect-ratio', 'outside-folder'];

export interface StoreResult {
  /** Pictures seen for the first time. */
  readonly newPictures: number;
  /** Ids of those, old or new, whose bytes are still to be fetched. */
  readonly waiting: readonly number[];
}

/**
 * Stores a page of candidates. Idempotent: the same page again changes nothing, but what failed before is given another
 * try, rights that the source now states are taken over, and a class or licence that is wanted now is no longer refused.
 * Rows are touched in one order, so that two crawls at once cannot lock each other out.
 */
export async function storeCandidates(trx: Transaction<Database>, page: readonly NewCandidate[]): Promise<StoreResult> {
  if (page.length === 0) return { newPictures: 0, waiting: [] };
  const found = sql`jsonb_to_recordset(${JSON.stringify(page.map(toRow))}::jsonb) as f(
    source text, source_id text, wnid text, url text, page_url text, creator text, licence text, licence_url text,
    position int, refusal text, refusal_detail text, state text, reason text, detail text)`;
  const inserted = await insertPictures(trx, found);
  await lockPictures(trx, found);
  await reviseRights(trx, found);
  await reopenPictures(trx, found);
  await insertCandidates(trx, found);
  const { rows } = await sql<{ id: number }>`
    select distinct p.id from ${found} join picture p using (source, source_id) where p.state = 'found'`.execute(trx);
  return { newPictures: inserted, waiting: rows.map((row) => row.id) };
}

type Found = ReturnType<typeof sql>;

/** One row a picture, however many classes found it: wanted by one of them is wanted, else the first speaks. */
const ONE_PER_PICTURE = sql`distinct on (f.source, f.source_id) f.*`;
const WANTED_FIRST = sql`f.source, f.source_id, (f.state = 'found') desc, f.position`;

async function insertPictures(trx: Transaction<Database>, found: Found): Promise<number> {
  const result = await sql`
    insert into picture (source, source_id, url, page_url, creator, licence, licence_url, state, reason, detail, settled_at)
    select source, source_id, url, page_url, creator, licence, licence_url, state, reason, detail,
      case when state <> 'found' then now() end
    from (select ${ONE_PER_PICTURE} from ${found} order by ${WANTED_FIRST}) as one
    on conflict (source, source_id) do nothing`.execute(trx);
  return Number(result.numAffectedRows ?? 0);
}

/** An update takes rows in whatever order its plan finds them; once they are all locked, in order, that does no harm. */
async function lockPictures(trx: Transaction<Database>, found: Found): Promise<void> {
  await sql`
    select 1 from picture p join (select distinct f.source, f.source_id from ${found}) as one using (source, source_id)
    order by p.source, p.source_id for no key update of p`.execute(trx);
}

/** A source that says nothing now does not erase what it said before. */
async function reviseRights(trx: Transaction<Database>, found: Found): Promise<void> {
  await sql`
    update picture p set
      page_url = coalesce(one.page_url, p.page_url),
      creator = coalesce(one.creator, p.creator),
      licence = case when one.licence = 'unknown' then p.licence else one.licence end,
      licence_url = case when one.licence = 'unknown' then p.licence_url else one.licence_url end
    from (select ${ONE_PER_PICTURE} from ${found} order by ${WANTED_FIRST}) as one
    where p.source = one.source and p.source_id = one.source_id
      and (one.page_url is distinct from p.page_url and one.page_url is not null
        or one.creator is distinct from p.creator and one.creator is not null
        or one.licence <> 'unknown' and (one.licence <> p.licence or one.licence_url is distinct from p.licence_url))`.execute(
    trx,
  );
}

/** What waits to be fetched is fetched from where it was seen last: a folder that was moved, a URL that has expired. */
async function reopenPictures(trx: Transaction<Database>, found: Found): Promise<void> {
  await sql`
    update picture p set url = one.url, state = one.state, reason = one.reason, detail = one.detail,
      settled_at = case when one.state <> 'found' then now() end
    from (select ${ONE_PER_PICTURE} from ${found} order by ${WANTED_FIRST}) as one
    where p.source = one.source and p.source_id = one.source_id
      and (p.state = 'failed' or p.state = 'dropped' and p.reason = any(${REVISABLE_DROPS}) or p.state = 'found' and one.url <> p.url)
      and (one.state = 'found' or one.reason is distinct from p.reason and one.refusal is null)`.execute(trx);
}

/** A candidate that some collection wants is never refused again by another one with narrower rules. */
async function insertCandidates(trx: Transaction<Database>, found: Found): Promise<void> {
  await sql`
    insert into candidate (picture_id, wnid, refusal, refusal_detail)
    select distinct on (p.id, f.wnid) p.id, f.wnid, f.refusal, f.refusal_detail
    from ${found} join picture p using (source, source_id)
    order by p.id, f.wnid, f.refusal nulls first, f.position
    on conflict (picture_id, wnid) do update set refusal = null, refusal_detail = null
      where candidate.refusal is not null and excluded.refusal is null`.execute(trx);
}

type FoundRow = Readonly<Record<string, string | number | null>>;

function toRow(candidate: NewCandidate, position: number): FoundRow {
  const { source, sourceId, wnid, url, pageUrl, creator, licence, licenceUrl, refusal } = candidate;
  const row: FoundRow = {
    position,
    source,
    source_id: indexable(sourceId),
    wnid: indexable(wnid),
    url,
    page_url: pageUrl,
    creator,
    licence,
    licence_url: licenceUrl,
    refusal: refusal?.reason ?? null,
    refusal_detail: refusal?.detail ?? null,
    ...firstStateOf(candidate),
  };
  return Object.fromEntries(
    Object.entries(row).map(([column, value]) => [column, typeof value === 'string' ? storable(value) : value]),
  );
}

function firstStateOf({ problem, refusal }: NewCandidate): FoundRow {
  if (problem !== null) return { ...problem };
  if (refusal !== null) return { state: 'dropped', ...refusal };
  return { state: 'found', reason: null, detail: null };
}

/** PostgreSQL stores neither NUL nor half a surrogate pair; nothing that matters is lost by replacing them. */
function storable(text: string): string {
  return text.replaceAll('\0', '\u{FFFD}').replaceAll(/\p{Surrogate}/gu, '\u{FFFD}');
}

/** A row of an index holds 2,704 bytes at most (https://www.postgresql.org/docs/current/btree.html). */
const MAX_KEY_BYTES = 2_000;

/** Keeps a text that is part of a key; of one that is too long its beginning, its hash and its end, where a folder's ids carry digits. */
function indexable(text: string): string {
  if (Buffer.byteLength(text) <= MAX_KEY_BYTES) return text;
  const hash = createHash('sha256').update(text).digest('hex').slice(0, 32);
  return `${text.slice(0, 400)}…${hash}…${text.slice(-64)}`;
}

/** A picture whose bytes are still to be fetched. */
export interface WaitingPicture {
  readonly id: number;
  readonly source: string;
  readonly sourceId: string;
  readonly url: string;
}

export async function waitingPictures(db: Kysely<Database>, page: number): Promise<WaitingPicture[]> {
  const { from, before } = rangeOf(page);
  return db
    .selectFrom('picture')
    .select(['id', 'source', 'source_id as sourceId', 'url'])
    .where('state', '=', 'found')
    .where('id', '>=', from)
    .where('id', '<', before)
    .orderBy('id')
    .execute();
}

/** Every picture that waits, in ids ascending, `limit` at a time: what a start queues again. */
export async function waitingPictureIds(db: Kysely<Database>, after: number, limit: number): Promise<number[]> {
  const rows = await db
    .selectFrom('picture')
    .select('id')
    .where('state', '=', 'found')
    .where('id', '>', after)
    .orderBy('id')
    .limit(limit)
    .execute();
  return rows.map((row) => row.id);
}

export async function countWaitingPictures(db: Kysely<Database>): Promise<number> {
  const { count } = await db
    .selectFrom('picture')
    .select((eb) => eb.fn.countAll<number>().as('count'))
    .where('state', '=', 'found')
    .executeTakeFirstOrThrow();
  return count;
}

/** Settles a picture that was refused or could not be had; one that is settled already stays as it is. */
export async function settlePicture(db: Kysely<Database>, id: number, outcome: PhotoProblem): Promise<void> {
  const { state, reason, detail } = outcome;
  await db
    .updateTable('picture')
    .set({ state, reason, detail: storable(detail), settled_at: new Date() })
    .where('id', '=', id)
    .where('state', '=', 'found')
    .execute();
}

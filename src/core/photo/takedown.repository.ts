import { sql, type Insertable, type Kysely, type RawBuilder, type Transaction } from 'kysely';
import { toSha256, type Sha256 } from '../kernel/ids.ts';
import type { Database } from '../platform/postgres/database.ts';
import { ORIGINAL, placesOfOrigin } from './origin.repository.ts';

/** Selects for takedown the bytes of a photo or of its exported file, or any picture at a URL or a place of a source. */
export type TakedownTarget =
  | { readonly sha256: Sha256 }
  /** All spellings under which the URL may be stored. */
  | { readonly urls: readonly string[] }
  | { readonly source: string; readonly sourceId: string };

export async function takenDownReasons(
  db: Kysely<Database>,
  hashes: readonly Sha256[],
): Promise<ReadonlyMap<Sha256, string>> {
  const rows = await db
    .selectFrom('takedown')
    .select(['sha256', 'reason'])
    .where('sha256', '=', sql<Buffer>`any(${hashes.map(hexBytes)}::bytea[])`)
    .execute();
  return new Map(
    rows.flatMap(({ sha256, reason }) => (sha256 === null ? [] : [[toSha256(sha256.toString('hex')), reason]])),
  );
}

export interface ListedTakedown {
  readonly sha256: Sha256 | null;
  readonly source: string | null;
  readonly sourceId: string | null;
  readonly url: string | null;
  readonly reason: string;
  readonly at: string;
}

export async function listTakedowns(db: Kysely<Database>): Promise<ListedTakedown[]> {
  const rows = await db.selectFrom('takedown').selectAll().orderBy('id').execute();
  return rows.map(({ sha256, source, source_id: sourceId, url, reason, created_at: at }) => ({
    sha256: sha256 === null ? null : toSha256(sha256.toString('hex')),
    source,
    sourceId,
    url,
    reason,
    at: at.toISOString(),
  }));
}

export interface TakedownResult {
  /** Photos whose bytes must be deleted now; their rows are gone already. */
  readonly photos: readonly Sha256[];
  readonly pictures: number;
  /** Collections whose shortlist had one of the photos: their files on disk still show it. */
  readonly collections: readonly string[];
  /** Collections whose report was removed, because it is of one of the photos. Its files on disk still show it. */
  readonly reports: readonly string[];
}

/**
 * Removes a photo from the catalogue permanently, in one transaction, with its copies at other sources. It writes tombstones for what
 * was named, for the bytes behind it and for the original, drops the pictures as `taken-down`, and deletes evidence, decisions,
 * shortlist entries and reports. The bytes are deleted afterwards; a crash in between leaves a file that
 * `doctor --deep` finds.
 */
export async function takeDown(db: Kysely<Database>, target: TakedownTarget, reason: string): Promise<TakedownResult> {
  return db.transaction().execute(async (trx) => {
    await keepStoringOut(trx);
    const named = await photosOf(trx, target, placeOf(target));
    const originals = await originalsOf(trx, target, named);
    const places = originals.flatMap(placesOfOrigin);
    const isTarget = sql`(${sql.join([placeOf(target), sql`origin = any(${originals}::text[])`, ...places.map(placeOf)], sql` or `)})`;
    const photos = await photosOf(trx, target, isTarget);
    const hashes = photos.map((photo) => photo.sha256);
    const tombstones: Tombstone[] = [
      ...(await tombstonesOf(trx, target)),
      ...places.map(({ source, sourceId }) => ({ source, source_id: sourceId })),
      ...hashes.map((sha256) => ({ sha256: hexBytes(sha256) })),
    ];
    for (const { sha256 = null, source = null, source_id = null, url = null } of tombstones)
      await sql`
        insert into takedown (sha256, source, source_id, url, reason)
        select t.*, ${reason} from (values (${sha256}::bytea, ${source}::text, ${source_id}::text, ${url}::text)) as t (sha256, source, source_id, url)
        where not exists (select 1 from takedown o
          where (o.sha256, o.source, o.source_id, o.url) is not distinct from (t.sha256, t.source, t.source_id, t.url))`.execute(
        trx,
      );
    const ids = photos.map((photo) => photo.id);
    const pictures = await sql`
      update picture set state = 'dropped', reason = 'taken-down', detail = ${reason}, photo_id = null, settled_at = now()
      where photo_id = any(${ids}::bigint[]) or refetch_photo_id = any(${ids}::bigint[]) or ${isTarget}`.execute(trx);
    return {
      photos: hashes,
      pictures: Number(pictures.numAffectedRows ?? 0),
      ...(await forgetPhotos(trx, ids)),
    };
  });
}

async function forgetPhotos(
  trx: Transaction<Database>,
  ids: readonly number[],
): Promise<Pick<TakedownResult, 'collections' | 'reports'>> {
  const { rows } = await sql<{ name: string }>`
    select distinct c.name from shortlist_entry e join collection c on c.id = e.collection_id
    where e.photo_id = any(${ids}::bigint[]) order by c.name`.execute(trx);
  // A report shows photos, with their creators. It can be made again.
  const reports = await sql<{ name: string }>`
    delete from report r using collection c
    where c.id = r.collection_id and exists (
      select 1 from decision d where d.collection_id = r.collection_id and d.photo_id = any(${ids}::bigint[]))
    returning c.name`.execute(trx);
  for (const table of ['shortlist_entry', 'decision', 'evidence'] as const) {
    await sql`delete from ${sql.table(table)} where photo_id = any(${ids}::bigint[])`.execute(trx);
  }
  await sql`update shortlist_entry set twin_photo_id = null where twin_photo_id = any(${ids}::bigint[])`.execute(trx);
  await sql`delete from photo where id = any(${ids}::bigint[])`.execute(trx);
  return { collections: rows.map(({ name }) => name), reports: reports.rows.map(({ name }) => name).toSorted() };
}

/** Keeps photos from being stored during a takedown that they would not see. Locks the table before any row, to avoid deadlocks. */
async function keepStoringOut(trx: Transaction<Database>): Promise<void> {
  await sql`lock table photo in share row exclusive mode`.execute(trx);
}

/** Takes down the bytes of a picture that was taken down while they were downloaded, and so the copies of it that have a photo. */
export async function takeDownOvertaken(db: Kysely<Database>, pictureId: number, sha256: Sha256): Promise<void> {
  const picture = await db
    .selectFrom('picture')
    .select('detail')
    .where('id', '=', pictureId)
    .where('reason', '=', 'taken-down')
    .executeTakeFirst();
  if (picture !== undefined) await takeDown(db, { sha256 }, picture.detail ?? '');
}

function placeOf(target: TakedownTarget): ReturnType<typeof sql> {
  if ('sha256' in target) return sql`false`;
  if ('urls' in target) return sql`url = any(${target.urls}::text[])`;
  return sql`source = ${target.source} and source_id = ${target.sourceId}`;
}

async function photosOf(
  trx: Transaction<Database>,
  target: TakedownTarget,
  isTarget: RawBuilder<unknown>,
): Promise<{ id: number; sha256: Sha256 }[]> {
  const hasBytes =
    'sha256' in target
      ? sql`f.sha256 = ${hexBytes(target.sha256)} or f.sha256 = any(${photosOfFile(target.sha256)})`
      : sql`false`;
  const { rows } = await sql<{ id: number; sha256: Sha256 }>`
    select f.id, encode(f.sha256, 'hex') as sha256 from photo f
    where ${hasBytes} or f.id in (select coalesce(photo_id, refetch_photo_id) from picture where ${isTarget}) for update`.execute(
    trx,
  );
  return rows;
}

async function originalsOf(
  trx: Transaction<Database>,
  target: TakedownTarget,
  photos: readonly { readonly id: number }[],
): Promise<string[]> {
  const ids = photos.map(({ id }) => id);
  const { rows } = await sql<{ original: string | null }>`
    select distinct ${ORIGINAL} as original from picture p
    where photo_id = any(${ids}::bigint[]) or refetch_photo_id = any(${ids}::bigint[]) or ${placeOf(target)}`.execute(
    trx,
  );
  // A copy may have been found without its original.
  const own = 'source' in target ? [`${target.source.replace('-open-data', '')}:${target.sourceId}`] : [];
  return [...own, ...rows.flatMap(({ original }) => original ?? [])];
}

type Tombstone = Partial<Insertable<Database['takedown']>>;

async function tombstonesOf(trx: Transaction<Database>, target: TakedownTarget): Promise<readonly Tombstone[]> {
  if ('sha256' in target) {
    const { rows } = await sql<{ sha256: Buffer }>`select unnest(${photosOfFile(target.sha256)}) as sha256`.execute(
      trx,
    );
    return [{ sha256: hexBytes(target.sha256) }, ...rows];
  }
  if ('urls' in target) return target.urls.map((url) => ({ url }));
  return [{ source: target.source, source_id: target.sourceId }];
}

function photosOfFile(sha256: Sha256): RawBuilder<Buffer[]> {
  return photosOfFiles({ from: hexBytes(sha256), to: hexBytes(sha256) });
}

function hexBytes(sha256: Sha256): Buffer {
  return Buffer.from(sha256, 'hex');
}

export interface HashRange {
  readonly from: Buffer;
  readonly to: Buffer;
}

/** An SQL array: the hashes of the photos whose files in revisions have other hashes, which are in this range. */
export function photosOfFiles({ from, to }: HashRange): RawBuilder<Buffer[]> {
  return sql`array(select distinct sha256 from export_photo where file_sha256 between ${from} and ${to})`;
}

/** The photo of each exported file, by the hash of the file. The hash of a photo of the catalogue names only that photo. */
export async function photosByFile(
  db: Kysely<Database>,
  files: readonly Sha256[],
): Promise<ReadonlyMap<Sha256, Sha256>> {
  const { rows } = await sql<{ file: Sha256; photo: Sha256 }>`
    select distinct encode(e.file_sha256, 'hex') as file, encode(e.sha256, 'hex') as photo from export_photo e
    where e.file_sha256 = any(array(select decode(h, 'hex') from unnest(${files}::text[]) as h))
      and not exists (select 1 from photo f where f.sha256 = e.file_sha256)`.execute(db);
  return new Map(rows.map(({ file, photo }) => [file, photo]));
}

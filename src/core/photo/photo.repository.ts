import { sql, type Kysely } from 'kysely';
import type { Database } from '../platform/postgres/database.ts';
import { toSha256, type Sha256 } from '../kernel/ids.ts';
import { parseFineHash, type FineHash } from './hashes/fine-hash.ts';
import type { Size } from '../platform/image/raster.ts';
import type { BytesState, NewPhoto } from './photo.ts';

export interface FetchedPhoto {
  readonly pictureId: number;
  readonly photo: NewPhoto;
}

export interface StoredPhotoRow {
  readonly id: number;
  /** Its bytes were pruned or are being pruned, so what was written to disk may be gone. */
  readonly isPruned: boolean;
  /** The picture was fetched again to bring back the bytes of a pruned photo. */
  readonly isRefetched: boolean;
}

/**
 * Records that the bytes of pictures are stored: creates each photo once and marks the pictures as fetched. Pictures
 * that are settled already and bytes that were taken down are skipped. `takeDown` keeps this statement from running at
 * the same time.
 *
 * Rows are locked in one order (pictures by place, as when candidates are stored, then photos by hash), so that
 * processes cannot deadlock.
 *
 * The ids are given as an array and the condition on the state is a `case`, so that PostgreSQL looks up the pictures by their
 * ids. Otherwise, while its statistics are old and say that few pictures wait, it compares every waiting picture with every
 * given one: 12 seconds for 96 photos while 200,000 wait, instead of 12 milliseconds.
 *
 * @returns for each picture, in their order, the photo, also if it was stored before; null if the picture was skipped
 */
export async function storePhotos(
  db: Kysely<Database>,
  fetched: readonly FetchedPhoto[],
): Promise<readonly (StoredPhotoRow | null)[]> {
  const given = fetched.map(({ pictureId, photo }) => ({ pictureId, ...photo }));
  const { rows } = await sql<{ pictureId: number; id: number | null; isPruned: boolean; isRefetched: boolean }>`
    with given as (
      select "pictureId" as picture_id, decode(sha256, 'hex') as sha256, format, width, height, bytes,
        "exifOrientation" as exif_orientation, decode("perceptualHash", 'hex') as perceptual_hash, decode("fineHash", 'hex') as fine_hash
      from jsonb_to_recordset(${JSON.stringify(given)}::jsonb) as g("pictureId" bigint, sha256 text, format text, width int,
        height int, bytes bigint, "exifOrientation" smallint, "perceptualHash" text, "fineHash" text)),
    waiting as (
      select given.*, p.refetch_photo_id is not null as is_refetched from given join picture p on p.id = given.picture_id
      where p.id = any(${fetched.map(({ pictureId }) => pictureId)}::bigint[])
        and case when p.state = 'found' then not exists (select 1 from takedown where takedown.sha256 = given.sha256) else false end
      order by p.source, p.source_id for no key update of p),
    stored as (
      insert into photo (sha256, format, width, height, bytes, exif_orientation, perceptual_hash, fine_hash)
      select distinct on (sha256) sha256, format, width, height, bytes, exif_orientation, perceptual_hash, fine_hash
      from waiting order by sha256
      on conflict (sha256) do update set fine_hash = photo.fine_hash
      returning id, sha256, bytes_state),
    fetched as (
      select waiting.picture_id, waiting.is_refetched, stored.id, stored.bytes_state from waiting join stored using (sha256)),
    settled as (
      update picture set state = 'fetched', photo_id = fetched.id, reason = null, detail = null, settled_at = now()
      from fetched where picture.id = fetched.picture_id)
    select given.picture_id as "pictureId", coalesce(fetched.id, earlier.id) as id,
      coalesce(fetched.bytes_state, earlier.bytes_state) <> 'stored' as "isPruned", coalesce(fetched.is_refetched, false) as "isRefetched"
    from given
      left join fetched on fetched.picture_id = given.picture_id
      left join picture p on p.id = given.picture_id
      left join photo earlier on earlier.id = p.photo_id and earlier.sha256 = given.sha256`.execute(db);
  const stored = new Map(
    rows.flatMap(({ pictureId, id, ...row }) => (id === null ? [] : [[pictureId, { id, ...row }]])),
  );
  return fetched.map(({ pictureId }) => stored.get(pictureId) ?? null);
}

/** The photos that have bytes, with the size of these, whose hashes begin with two hexadecimal digits. */
export async function storedInShard(db: Kysely<Database>, shard: string): Promise<Map<Sha256, number>> {
  const { rows } = await sql<{ sha256: Sha256; bytes: number }>`
    select encode(sha256, 'hex') as sha256, bytes from photo
    where bytes_state = 'stored' and sha256 >= decode(${shard}, 'hex') and sha256 <= decode(${shard + 'ff'.repeat(31)}, 'hex')`.execute(
    db,
  );
  return new Map(rows.map(({ sha256, bytes }) => [sha256, bytes]));
}

/** The hashes of all photos that have bytes, in order, `limit` at a time. Audits compare blobs with rows by these. */
export async function photoHashes(
  db: Kysely<Database>,
  after: Sha256 | null,
  limit: number,
): Promise<{ sha256: Sha256; bytes: number }[]> {
  const rows = await db
    .selectFrom('photo')
    .select(['sha256', 'bytes'])
    .where('bytes_state', '=', 'stored')
    .$if(after !== null, (query) => query.where('sha256', '>', hexBytes(after ?? '')))
    .orderBy('sha256')
    .limit(limit)
    .execute();
  return rows.map((row) => ({ sha256: toSha256(row.sha256.toString('hex')), bytes: row.bytes }));
}

export function photoFacts(
  db: Kysely<Database>,
  sha256: Sha256,
): Promise<{ readonly format: string; readonly bytes_state: BytesState } | undefined> {
  return db
    .selectFrom('photo')
    .select(['format', 'bytes_state'])
    .where('sha256', '=', hexBytes(sha256))
    .executeTakeFirst();
}

/** The size of the upright picture. */
export function photoSize(db: Kysely<Database>, sha256: Sha256): Promise<Size | undefined> {
  return db.selectFrom('photo').select(['width', 'height']).where('sha256', '=', hexBytes(sha256)).executeTakeFirst();
}

export async function photoIds(db: Kysely<Database>, sha256s: readonly Sha256[]): Promise<ReadonlyMap<Sha256, number>> {
  const { rows } = await sql<{ sha256: Sha256; id: number }>`
    select s.sha256, f.id from unnest(${sha256s}::text[]) as s(sha256) join photo f on f.sha256 = decode(s.sha256, 'hex')`.execute(
    db,
  );
  return new Map(rows.map(({ sha256, id }) => [sha256, id]));
}

function hexBytes(hex: string): Buffer {
  return Buffer.from(hex, 'hex');
}

export type FineHashes = ReadonlyMap<string, FineHash>;

export async function readFineHashes(db: Kysely<Database>, sha256s: readonly string[]): Promise<FineHashes> {
  if (sha256s.length === 0) return new Map();
  const { rows } = await sql<{ sha256: string; fineHash: Buffer }>`
    select s.sha256, f.fine_hash as "fineHash"
    from unnest(${sha256s}::text[]) as s(sha256) join photo f on f.sha256 = decode(s.sha256, 'hex')`.execute(db);
  return new Map(rows.map(({ sha256, fineHash }) => [sha256, parseFineHash(fineHash)]));
}

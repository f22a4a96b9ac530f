import { sql, type Kysely } from 'kysely';
import type { Database } from '../platform/postgres/database.ts';
import { toSha256, type Sha256 } from '../kernel/ids.ts';
import type { NewPhoto } from './photo.ts';

/**
 * Records that a picture's bytes are stored: the photo, once, and the picture as fetched. Nothing is stored of a picture
 * that is settled already, nor of bytes that were taken down: `takeDown` keeps this statement out while it works.
 *
 * @returns the photo's id, also if the picture was stored as this photo before; null if nothing is stored
 */
export async function storePhoto(db: Kysely<Database>, pictureId: number, photo: NewPhoto): Promise<number | null> {
  const { rows } = await sql<{ id: number }>`
    with waiting as (
      select 1 from picture where id = ${pictureId} and state = 'found'
        and not exists (select 1 from takedown where takedown.sha256 = ${hexBytes(photo.sha256)})
      for update of picture),
    stored as (
      insert into photo (sha256, format, width, height, bytes, exif_orientation, perceptual_hash)
      select ${hexBytes(photo.sha256)}::bytea, ${photo.format}, ${photo.width}::int, ${photo.height}::int,
        ${photo.bytes}::bigint, ${photo.exifOrientation}::smallint, ${hexBytes(photo.perceptualHash)}::bytea
      from waiting
      on conflict (sha256) do update set bytes = photo.bytes
      returning id),
    settled as (
      update picture set state = 'fetched', photo_id = stored.id, reason = null, detail = null, settled_at = now()
      from stored where picture.id = ${pictureId} and picture.state = 'found')
    select id from stored
    union all
    select photo.id from picture join photo on photo.id = picture.photo_id
    where picture.id = ${pictureId} and photo.sha256 = ${hexBytes(photo.sha256)}`.execute(db);
  return rows[0]?.id ?? null;
}

/** Every stored photo's hash, in order, `limit` at a time: for audits of blobs against rows. */
export async function photoHashes(
  db: Kysely<Database>,
  after: Sha256 | null,
  limit: number,
): Promise<{ sha256: Sha256; bytes: number }[]> {
  const rows = await db
    .selectFrom('photo')
    .select(['sha256', 'bytes'])
    .$if(after !== null, (query) => query.where('sha256', '>', hexBytes(after ?? '')))
    .orderBy('sha256')
    .limit(limit)
    .execute();
  return rows.map((row) => ({ sha256: toSha256(row.sha256.toString('hex')), bytes: row.bytes }));
}

/** Whether there is a row for these bytes. */
export async function hasPhoto(db: Kysely<Database>, sha256: Sha256): Promise<boolean> {
  const row = await db.selectFrom('photo').select('id').where('sha256', '=', hexBytes(sha256)).executeTakeFirst();
  return row !== undefined;
}

function hexBytes(hex: string): Buffer {
  return Buffer.from(hex, 'hex');
}

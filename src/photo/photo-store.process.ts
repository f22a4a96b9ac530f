import type { Kysely, Transaction } from 'kysely';
import type { Sha256 } from '../kernel/ids.ts';
import { inBatches } from '../kernel/in-batches.ts';
import type { Database } from '../platform/postgres/database.ts';
import type { NewPhoto } from './photo.ts';
import { dropNotices } from './notice.repository.ts';
import { storePhotos, type StoredPhotoRow } from './photo.repository.ts';
import { lockIfPruned, setBytesState } from './pruned.repository.ts';
import { buryOvertaken, takenDownReasons } from './takedown.repository.ts';

/** A picture that was read and found to be a photo. */
export interface ReadPhoto {
  readonly pictureId: number;
  readonly photo: NewPhoto;
  readonly bytes: Buffer;
}

/**
 * The photo's id. Or nothing is stored: the bytes were taken down, and why; or somebody settled the picture in the
 * meantime. Or the picture was dropped as a placeholder, as other pictures of the same bytes were.
 */
export type StoredPhoto =
  | { readonly photoId: number }
  | { readonly takenDown: string }
  | { readonly overtaken: true }
  | { readonly placeholder: string };

export interface PhotoStoreDeps {
  readonly db: Kysely<Database>;
  readonly blobs: { put(sha256: Sha256, bytes: Buffer): Promise<void>; remove(sha256: Sha256): Promise<void> };
  /** From so many different pictures of one source on that have the same bytes, these are a notice. Null or absent: never. */
  readonly sameBytesLimit?: number | null;
  /** Which of the photos some collection needs the bytes of. Absent: all. */
  readonly neededOf?: (trx: Transaction<Database>, photoIds: readonly number[]) => Promise<ReadonlySet<number>>;
}

export interface PhotoStore {
  /** Resolves when the bytes are safe on disk and the photo and its picture are in the catalogue. */
  store(read: ReadPhoto): Promise<StoredPhoto>;
}

/** As many as there can be lanes in one process. */
const BATCH_PHOTOS = 256;

/**
 * Where lanes leave their photos. Those that come while others are stored share the next trip to the disk and the
 * database: files are synced side by side, and one statement makes all their rows.
 */
export function openPhotoStore(deps: PhotoStoreDeps): PhotoStore {
  return { store: inBatches(async (batch: readonly ReadPhoto[]) => storeBatch(batch, deps), BATCH_PHOTOS) };
}

/** Bytes come before rows, so a row always has its bytes; a crash in between leaves bytes that the next run finds. */
async function storeBatch(batch: readonly ReadPhoto[], deps: PhotoStoreDeps): Promise<StoredPhoto[]> {
  const { db, blobs } = deps;
  const takenDown = await takenDownReasons(
    db,
    batch.map(({ photo }) => photo.sha256),
  );
  const wanted = batch.filter(({ photo }) => !takenDown.has(photo.sha256));
  // All of them, whatever happens: nothing is still being written when a failure is told.
  const puts = await Promise.allSettled(wanted.map(({ photo, bytes }) => blobs.put(photo.sha256, bytes)));
  for (const put of puts) if (put.status === 'rejected') throw put.reason;
  const rows = await storePhotos(db, wanted);
  const rowOf = new Map(wanted.map((read, i) => [read, rows[i] ?? null]));
  for (const [read, row] of rowOf) if (row?.isPruned === true) await settleBytes(read, row, deps);
  const notices = await noticesAmong(rows, deps);
  const results: StoredPhoto[] = [];
  for (const read of batch) {
    const reason = takenDown.get(read.photo.sha256);
    const notice = notices.get(read.pictureId);
    const photoId = rowOf.get(read)?.id ?? null;
    if (reason !== undefined) results.push({ takenDown: reason });
    else if (notice !== undefined) results.push({ placeholder: notice });
    else results.push(photoId === null ? await overtaken(read, deps) : { photoId });
  }
  return results;
}

/** What was dropped as a notice, once these are stored, by the ids of pictures. */
async function noticesAmong(
  rows: readonly (StoredPhotoRow | null)[],
  { db, sameBytesLimit = null }: PhotoStoreDeps,
): Promise<ReadonlyMap<number, string>> {
  const ids = rows.flatMap((row) => (row === null ? [] : [row.id]));
  return sameBytesLimit === null || ids.length === 0 ? new Map() : dropNotices(db, ids, sameBytesLimit);
}

/** Somebody settled the picture, or took its bytes down, while they were stored: what is taken down leaves nothing behind. */
async function overtaken({ pictureId, photo }: ReadPhoto, { db, blobs }: PhotoStoreDeps): Promise<StoredPhoto> {
  await buryOvertaken(db, pictureId, photo.sha256);
  const takenDown = (await takenDownReasons(db, [photo.sha256])).get(photo.sha256);
  if (takenDown === undefined) return { overtaken: true };
  // Safe: bytes with a tombstone are stored by nobody.
  await blobs.remove(photo.sha256);
  return { takenDown };
}

/**
 * The bytes of a photo that was pruned came again: they stay if they were asked for, or if a collection needs them by
 * now. With the photo's row locked, so that nobody deletes them meanwhile; a crash before that leaves the photo pruned.
 */
async function settleBytes(
  { photo, bytes }: ReadPhoto,
  { id, isRefetched }: StoredPhotoRow,
  { db, blobs, neededOf }: PhotoStoreDeps,
): Promise<void> {
  await db.transaction().execute(async (trx) => {
    if (!(await lockIfPruned(trx, id))) return;
    const isNeeded = isRefetched || neededOf === undefined || (await neededOf(trx, [id])).has(id);
    if (isNeeded) await blobs.put(photo.sha256, bytes);
    else await blobs.remove(photo.sha256);
    await setBytesState(trx, [id], isNeeded ? 'stored' : 'pruned');
  });
}

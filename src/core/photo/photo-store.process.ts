import type { Kysely, Transaction } from 'kysely';
import type { Sha256 } from '../kernel/ids.ts';
import { createBatcher } from '../kernel/batcher.ts';
import type { Database } from '../platform/postgres/database.ts';
import type { NewPhoto } from './photo.ts';
import { dropNotices } from './notice.repository.ts';
import { storePhotos, type StoredPhotoRow } from './photo.repository.ts';
import { lockIfPruned, setBytesState } from './pruned.repository.ts';
import { takeDownOvertaken, takenDownReasons } from './takedown.repository.ts';

export interface ReadPicture {
  readonly pictureId: number;
  readonly photo: NewPhoto;
  readonly bytes: Buffer;
}

/** `takenDown`: with the reason. `overtaken`: another process settled the picture. `placeholder`: it is a notice. */
export type StoreOutcome =
  | { readonly photoId: number }
  | { readonly takenDown: string }
  | { readonly overtaken: true }
  | { readonly placeholder: string };

export interface PhotoStoreDeps {
  readonly db: Kysely<Database>;
  readonly blobs: { put(sha256: Sha256, bytes: Buffer): Promise<void>; remove(sha256: Sha256): Promise<void> };
  /** If at least this many different pictures of one source have the same bytes, these are a notice. Null for no such limit. */
  readonly sameBytesLimit?: number | null;
  /** The photos whose bytes some collection needs. Default: all. */
  readonly neededOf?: (trx: Transaction<Database>, photoIds: readonly number[]) => Promise<ReadonlySet<number>>;
}

export interface PhotoStore {
  /** Resolves when the bytes are safe on disk and the photo and its picture are in the catalogue. */
  store(read: ReadPicture): Promise<StoreOutcome>;
}

const BATCH_PHOTOS = 256;

/** Photos that arrive while others are stored share the next write: files in parallel, rows in one statement. */
export function openPhotoStore(deps: PhotoStoreDeps): PhotoStore {
  return { store: createBatcher(async (batch: readonly ReadPicture[]) => storeBatch(batch, deps), BATCH_PHOTOS) };
}

/** Stores bytes before rows, so that a row always has its bytes. After a crash the next run finds the bytes. */
async function storeBatch(batch: readonly ReadPicture[], deps: PhotoStoreDeps): Promise<StoreOutcome[]> {
  const { db, blobs } = deps;
  const takenDown = await takenDownReasons(
    db,
    batch.map(({ photo }) => photo.sha256),
  );
  const wanted = batch.filter(({ photo }) => !takenDown.has(photo.sha256));
  // Wait for all of them, so that nothing is still being written when an error is thrown.
  const puts = await Promise.allSettled(wanted.map(({ photo, bytes }) => blobs.put(photo.sha256, bytes)));
  for (const put of puts) if (put.status === 'rejected') throw put.reason;
  const rows = await storePhotos(db, wanted);
  const rowOf = new Map(wanted.map((read, i) => [read, rows[i] ?? null]));
  for (const [read, row] of rowOf) if (row?.isPruned === true) await settleBytes(read, row, deps);
  const notices = await noticesAmong(rows, deps);
  const overtaken = wanted.filter((read) => (rowOf.get(read) ?? null) === null && !notices.has(read.pictureId));
  const takenDownSince = await settleOvertaken(overtaken, deps);
  return batch.map((read): StoreOutcome => {
    const reason = takenDown.get(read.photo.sha256) ?? takenDownSince.get(read.photo.sha256);
    const notice = notices.get(read.pictureId);
    const photoId = rowOf.get(read)?.id ?? null;
    if (reason !== undefined) return { takenDown: reason };
    if (notice !== undefined) return { placeholder: notice };
    return photoId === null ? { overtaken: true } : { photoId };
  });
}

/** The pictures that are dropped as a notice after these rows were stored, with their details, by picture id. */
async function noticesAmong(
  rows: readonly (StoredPhotoRow | null)[],
  { db, sameBytesLimit = null }: PhotoStoreDeps,
): Promise<ReadonlyMap<number, string>> {
  const ids = rows.flatMap((row) => (row === null ? [] : [row.id]));
  return sameBytesLimit === null || ids.length === 0 ? new Map() : dropNotices(db, ids, sameBytesLimit);
}

/** Another process settled the pictures, or took their bytes down, while they were stored. Returns the reasons by bytes. */
async function settleOvertaken(
  reads: readonly ReadPicture[],
  { db, blobs }: PhotoStoreDeps,
): Promise<ReadonlyMap<Sha256, string>> {
  if (reads.length === 0) return new Map();
  for (const { pictureId, photo } of reads) await takeDownOvertaken(db, pictureId, photo.sha256);
  const takenDown = await takenDownReasons(
    db,
    reads.map(({ photo }) => photo.sha256),
  );
  // This is safe, because no process stores bytes that have a tombstone.
  for (const sha256 of takenDown.keys()) await blobs.remove(sha256);
  return takenDown;
}

/**
 * Decides on the bytes of a pruned photo that were fetched again: they stay if they were asked for, or if a collection
 * needs them now. The photo's row is locked, so that no process deletes them at the same time. A crash before that leaves
 * the photo pruned.
 */
async function settleBytes(
  { photo, bytes }: ReadPicture,
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

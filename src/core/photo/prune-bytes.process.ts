import type { Kysely } from 'kysely';
import { codeOf, messageOf, StopTheRun } from '../kernel/errors.ts';
import type { Sha256 } from '../kernel/ids.ts';
import type { Database } from '../platform/postgres/database.ts';
import { lockBytes, prunedIds, setBytesState, type BytesOfPhoto } from './pruned.repository.ts';

export interface PruneBytesDeps {
  readonly db: Kysely<Database>;
  /** Removes a photo's bytes and everything that was made of them. Does nothing if there are none. */
  remove(sha256: Sha256): Promise<void>;
  /** Size of the stored bytes, or null if there are none. */
  sizeOf(sha256: Sha256): Promise<number | null>;
}

export interface PrunedCount {
  readonly photos: number;
  readonly bytes: number;
}

/**
 * Deletes the bytes of photos that are marked for it, and records that in their rows. A crash leaves some photos
 * marked, whose bytes may or may not be gone; the next prune deletes them. If bytes cannot be deleted, photos that
 * still have them go back to `stored`.
 *
 * @throws StopTheRun `bytes-not-deleted`, `folder-read-only`, `folder-permission`
 */
export async function removeMarked(deps: PruneBytesDeps, photoIds: readonly number[]): Promise<PrunedCount> {
  const { photos, failure } = await deps.db.transaction().execute(async (trx) => {
    const marked = await lockBytes(trx, photoIds, 'pruning');
    const removals = await Promise.allSettled(marked.map(({ sha256 }) => deps.remove(sha256)));
    const gone = marked.filter((_, i) => removals[i]?.status === 'fulfilled');
    const failed = removals.find((removal) => removal.status === 'rejected');
    await setBytesState(trx, idsOf(gone), 'pruned');
    if (failed !== undefined) await setBytesState(trx, idsOf(await stillWhole(marked, gone, deps)), 'stored');
    return { photos: gone, failure: failed };
  });
  if (failure !== undefined) throw notDeleted(failure.reason);
  return { photos: photos.length, bytes: photos.reduce((total, { bytes }) => total + bytes, 0) };
}

async function stillWhole(
  marked: readonly BytesOfPhoto[],
  gone: readonly BytesOfPhoto[],
  deps: PruneBytesDeps,
): Promise<BytesOfPhoto[]> {
  const left = marked.filter((photo) => !gone.includes(photo));
  const sizes = await Promise.all(left.map(({ sha256 }) => deps.sizeOf(sha256).catch(() => null)));
  return left.filter(({ bytes }, i) => sizes[i] === bytes);
}

function idsOf(photos: readonly BytesOfPhoto[]): number[] {
  return photos.map(({ id }) => id);
}

function notDeleted(error: unknown): StopTheRun {
  const code = { EROFS: 'folder-read-only', EACCES: 'folder-permission', EPERM: 'folder-permission' }[
    codeOf(error) ?? ''
  ];
  return new StopTheRun(
    `Cannot delete the bytes of dropped photos from the data folder: '${messageOf(error)}'. They stay as they are. Give permission to write there, or set blobs.retain to all`,
    { code: code ?? 'bytes-not-deleted', cause: error },
  );
}

const PHOTOS_AT_A_TIME = 256;

export async function finishPruning(deps: PruneBytesDeps, signal: AbortSignal): Promise<PrunedCount> {
  const total = { photos: 0, bytes: 0 };
  for (let after = 0; !signal.aborted;) {
    const ids = await prunedIds(deps.db, { after, limit: PHOTOS_AT_A_TIME, isMarked: true });
    const last = ids.at(-1);
    if (last === undefined) break;
    const { photos, bytes } = await removeMarked(deps, ids);
    total.photos += photos;
    total.bytes += bytes;
    after = last;
  }
  return total;
}

import type { Kysely } from 'kysely';
import { LostBytes, orLoss } from '../../kernel/blobs.ts';
import type { Sha256 } from '../../kernel/ids.ts';
import { listTakedowns, type TakedownTarget } from '../../photo/takedown.repository.ts';
import type { Database } from '../../platform/postgres/database.ts';
import type { App } from '../../runtime/open/app.process.ts';
import { readTakedowns, writeTakedowns, writeToBackup, type BackupFolder } from './backup-folder.process.ts';
import { mergeTakedowns, type Takedown } from './snapshot.ts';

export interface TakedownsApplied {
  /** Takedowns listed in the backup now. A restore of any of its snapshots obeys them. */
  readonly takedowns: number;
  readonly added: number;
  readonly photos: number;
  readonly bytes: number;
}

/**
 * Makes a backup obey the takedowns of the catalogue: the bytes of photos that were taken down are removed from it, and a
 * restore leaves out what is known of them.
 *
 * @throws those of `writeToBackup`
 */
export async function applyTakedowns(
  { db, dataDir }: Pick<App, 'db' | 'dataDir'>,
  dir: string,
): Promise<TakedownsApplied> {
  return writeToBackup(dir, { dataDir, create: false, purpose: 'winnow backup apply-takedowns' }, async (folder) => {
    const before = (await readTakedowns(folder)).length;
    const removed = await removeTakenDown(folder, db);
    const takedowns = (await readTakedowns(folder)).length;
    return { takedowns, added: takedowns - before, ...removed };
  });
}

/** Adds the catalogue's takedowns to the backup's list, and removes the bytes of all photos of the list. */
export async function removeTakenDown(
  folder: BackupFolder,
  db: Kysely<Database>,
): Promise<{ photos: number; bytes: number }> {
  const known = await readTakedowns(folder);
  const all = mergeTakedowns(known, await listTakedowns(db));
  if (all.length > known.length) await writeTakedowns(folder, all);
  const removed = { photos: 0, bytes: 0 };
  for (const sha256 of photosOf(all)) {
    const bytes = await orLoss(folder.blobs.sizeOf(sha256));
    if (bytes === null) continue;
    await folder.blobs.remove(sha256);
    removed.photos += 1;
    if (!(bytes instanceof LostBytes)) removed.bytes += bytes;
  }
  return removed;
}

export function photosOf(takedowns: readonly Takedown[]): Set<Sha256> {
  return new Set(takedowns.flatMap(({ sha256 }) => (sha256 === null ? [] : [sha256])));
}

export function targetOf({ sha256, source, sourceId, url }: Takedown): TakedownTarget {
  if (sha256 !== null) return { sha256 };
  if (url !== null) return { urls: [url] };
  return { source: source ?? '', sourceId: sourceId ?? '' };
}

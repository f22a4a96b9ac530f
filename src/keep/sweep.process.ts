import type { Kysely } from 'kysely';
import { LostBytes, orLoss, type BlobStore } from '../core/kernel/blobs.ts';
import type { Sha256 } from '../core/kernel/ids.ts';
import { listTakedowns, type TakedownTarget } from '../core/photo/takedown.repository.ts';
import type { Database } from '../core/platform/postgres/database.ts';
import type { App } from '../core/runtime/open/app.process.ts';
import {
  readTakedowns,
  writeTakedowns,
  writeToBackup,
  type BackupFolder,
  removeSnapshot,
} from './backup-folder.process.ts';
import { mergeTakedowns, type Takedown, portionsOf, type Snapshot } from './snapshot.ts';
import { StopTheRun, throwIfInterrupted } from '../core/kernel/errors.ts';
import { SHARDS } from '../core/platform/blobs/shards.ts';
import { readPortions, shardsOf } from './portions.ts';

export interface TakedownsApplied {
  /** Takedowns listed in the backup now. A restore of any of its snapshots obeys them. */
  readonly takedowns: number;
  readonly added: number;
  readonly photos: number;
  readonly bytes: number;
}

/** Removes photos that were taken down from a backup, and has a restore leave out what is known of them. */
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
  for (const sha256 of takenDownPhotos(all)) {
    const bytes = await orLoss(folder.blobs.sizeOf(sha256));
    if (bytes === null) continue;
    await folder.blobs.remove(sha256);
    removed.photos += 1;
    if (!(bytes instanceof LostBytes)) removed.bytes += bytes;
  }
  return removed;
}

export function takenDownPhotos(takedowns: readonly Takedown[]): Set<Sha256> {
  return new Set(takedowns.flatMap(({ sha256 }) => (sha256 === null ? [] : [sha256])));
}

export function targetOf({ sha256, source, sourceId, url }: Takedown): TakedownTarget {
  if (sha256 !== null) return { sha256 };
  if (url !== null) return { urls: [url] };
  return { source: source ?? '', sourceId: sourceId ?? '' };
}

export interface Removed {
  snapshots: number;
  photos: number;
  /** Bytes of removed photos and of removed parts of tables. */
  bytes: number;
}

export interface Swept {
  readonly removed: Removed;
  readonly warnings: readonly string[];
}

export interface SweepOptions {
  readonly keep: number;
  readonly signal: AbortSignal;
}

/** Removes the oldest snapshots, and then all files that no snapshot refers to. */
export async function removeUnused(
  folder: BackupFolder,
  snapshots: readonly Snapshot[],
  { keep, signal }: SweepOptions,
): Promise<Swept> {
  const old = snapshots.slice(0, -keep);
  const kept = snapshots.slice(-keep);
  for (const snapshot of old) await removeSnapshot(folder, snapshot);
  const removed: Removed = { snapshots: old.length, photos: 0, bytes: 0 };
  const files = new Set<string>(kept.flatMap(portionsOf).map(({ file }) => file));
  removed.bytes += (await removeBut(folder.catalogue, (sha256) => files.has(sha256))).bytes;
  const warning = await removePhotos(folder, kept, { removed, signal });
  return { removed, warnings: warning === null ? [] : [warning] };
}

/** If a photo list cannot be read, returns a warning and keeps all remaining photos, because the snapshot may need them. */
async function removePhotos(
  folder: BackupFolder,
  kept: readonly Snapshot[],
  { removed, signal }: { readonly removed: Removed; readonly signal: AbortSignal },
): Promise<string | null> {
  const lists = kept.map(({ id, photos }) => ({
    id,
    shards: shardsOf(readPortions(folder.catalogue, photos.portions, signal)),
  }));
  for (const shard of SHARDS) {
    throwIfInterrupted(signal);
    const wanted = new Set<Sha256>();
    for (const { id, shards } of lists) {
      const next = await orDamage(shards.next());
      if (next instanceof StopTheRun)
        return `The list of photos of the snapshot ${id} cannot be read, so photos that no snapshot needs were kept. ${next.message}. To give this snapshot up, delete snapshots/${id}.json in '${folder.shown}'.`;
      for (const { sha256 } of next.value?.photos ?? []) wanted.add(sha256);
    }
    const gone = await removeBut(folder.blobs, (sha256) => wanted.has(sha256), shard);
    removed.photos += gone.count;
    removed.bytes += gone.bytes;
  }
  return null;
}

async function orDamage<T>(reading: Promise<T>): Promise<T | StopTheRun> {
  return reading.catch((error: unknown) => {
    if (error instanceof StopTheRun && error.code === 'backup-damaged') return error;
    throw error;
  });
}

async function removeBut(
  blobs: BlobStore,
  isWanted: (sha256: Sha256) => boolean,
  shard?: string,
): Promise<{ count: number; bytes: number }> {
  const gone = { count: 0, bytes: 0 };
  for await (const { sha256, bytes } of blobs.list(shard)) {
    if (sha256 === null || isWanted(sha256)) continue;
    await blobs.remove(sha256);
    gone.count += 1;
    gone.bytes += bytes;
  }
  return gone;
}

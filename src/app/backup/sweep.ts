import { throwIfInterrupted } from '../../kernel/errors.ts';
import type { Sha256 } from '../../kernel/ids.ts';
import type { BlobStore } from '../../kernel/blobs.ts';
import { SHARDS, type Shard } from '../move/photo-list.ts';
import { removeSnapshot, type BackupFolder } from './backup-folder.ts';
import { readPortions, shardsOf } from './portions.ts';
import type { Snapshot } from './snapshot.ts';

/** What no snapshot of the backup needs any more. */
export interface Removed {
  snapshots: number;
  photos: number;
  /** Of photos and of the catalogue. */
  bytes: number;
}

export interface SweepOptions {
  /** Number of snapshots to keep: the newest. */
  readonly keep: number;
  readonly takenDown: ReadonlySet<Sha256>;
  readonly signal: AbortSignal;
}

/** Removes the oldest snapshots, and then all files that no snapshot refers to. */
export async function removeUnused(
  folder: BackupFolder,
  snapshots: readonly Snapshot[],
  { keep, takenDown, signal }: SweepOptions,
): Promise<Removed> {
  const old = snapshots.slice(0, -keep);
  const kept = snapshots.slice(-keep);
  for (const snapshot of old) await removeSnapshot(folder, snapshot);
  const removed: Removed = { snapshots: old.length, photos: 0, bytes: 0 };
  const files = new Set<string>();
  for (const { tables, photos } of kept)
    for (const { portions } of [...tables, photos]) for (const { file } of portions) files.add(file);
  removed.bytes += (await removeBut(folder.catalogue, (sha256) => files.has(sha256))).bytes;
  const lists = kept.map(
    ({ photos }) => new ShardReader(shardsOf(readPortions(folder.catalogue, photos.portions, signal))),
  );
  for (const shard of SHARDS) {
    throwIfInterrupted(signal);
    const wanted = new Set<Sha256>();
    for (const list of lists) for (const { sha256 } of await list.read(shard)) wanted.add(sha256);
    const gone = await removeBut(folder.blobs, (sha256) => wanted.has(sha256) && !takenDown.has(sha256), shard);
    removed.photos += gone.count;
    removed.bytes += gone.bytes;
  }
  return removed;
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

/** Reads a list of shards step by step, next to other lists that have other shards. */
class ShardReader {
  readonly #shards: AsyncIterator<Shard>;
  #next: Shard | null = null;

  constructor(shards: AsyncIterable<Shard>) {
    this.#shards = shards[Symbol.asyncIterator]();
  }

  /** The photos of a shard. Call it in the order of shards. */
  async read(shard: string): Promise<Shard['photos']> {
    if (this.#next === null) {
      const { value, done } = await this.#shards.next();
      if (done === true) return [];
      this.#next = value;
    }
    if (this.#next?.shard !== shard) return [];
    const { photos } = this.#next;
    this.#next = null;
    return photos;
  }
}

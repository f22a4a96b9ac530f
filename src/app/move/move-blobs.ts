import pLimit from 'p-limit';
import { LostBytes, orLoss, type BlobStore } from '../../kernel/blobs.ts';
import { Interrupted, StopTheRun } from '../../kernel/errors.ts';
import type { Sha256 } from '../../kernel/ids.ts';
import type { ListedPhoto, Shard } from './photo-list.ts';

export interface BlobsMove {
  readonly from: BlobStore;
  readonly to: BlobStore;
  /** The photos to copy, split by the first two hex digits of their hashes. One shard at a time is in memory. */
  readonly shards: AsyncIterable<Shard> | Iterable<Shard>;
  /** Path of a photo's file at the source, if it is a folder. */
  readonly fileOf?: ((sha256: Sha256) => string) | undefined;
  /** Whether to read and hash what the target has, instead of comparing sizes. What is damaged there is replaced. */
  readonly verify?: boolean;
  /** The target, as messages show it. */
  readonly shown: string;
  readonly signal: AbortSignal;
  readonly onPhoto: (photo: { readonly bytes: number; readonly isCopied: boolean }) => void;
}

export interface BlobsMoved {
  /** Photos that are at the target now, and their bytes. */
  photos: number;
  bytes: number;
  /** The photos among them that this command copied. */
  copied: number;
  /** Photos whose bytes the source does not have. */
  readonly missing: Sha256[];
  /** Photos whose bytes at the source differ from their hash or cannot be read. They are not copied; all others are. */
  readonly damaged: Sha256[];
}

/** Copies at the same time: enough to keep a slow link and a disk busy. */
const COPIES_AT_ONCE = 16;

/**
 * Copies the bytes of every listed photo that the target lacks. The bytes are hashed when they are read, and
 * afterwards the target is listed to check what it has. The source is only read. After an interruption the next run copies
 * what is missing.
 *
 * @throws StopTheRun `move-differs` if the target does not list what was stored there
 */
export async function moveBlobs(move: BlobsMove): Promise<BlobsMoved> {
  await move.from.check();
  await move.to.check();
  const moved: BlobsMoved = { photos: 0, bytes: 0, copied: 0, missing: [], damaged: [] };
  for await (const shard of move.shards) {
    await moveShard(move, shard, moved);
    if (move.signal.aborted) throw new Interrupted();
  }
  return moved;
}

async function moveShard(move: BlobsMove, { shard, photos }: Shard, moved: BlobsMoved): Promise<void> {
  if (photos.length === 0) return;
  const there = await sizesIn(move.to, shard);
  const limit = pLimit(COPIES_AT_ONCE);
  /** Numbers of bytes that were read, whatever the catalogue says. */
  const copied = new Map<ListedPhoto, number>();
  const copies = await Promise.allSettled(
    photos.map((photo) =>
      limit(async () => {
        const isThere = there.get(photo.sha256) === photo.bytes && (await isWhole(move, photo));
        const bytes = isThere ? photo.bytes : await copyOne(move, photo, moved);
        if (bytes === null) return;
        if (!isThere) copied.set(photo, bytes);
        move.onPhoto({ bytes, isCopied: !isThere });
      }),
    ),
  );
  // All have ended, so nothing is still being written when an error is reported.
  for (const copy of copies) if (copy.status === 'rejected') throw copy.reason;
  const listed = copied.size === 0 ? there : await sizesIn(move.to, shard);
  for (const photo of photos) {
    const { sha256 } = photo;
    const bytes = copied.get(photo) ?? photo.bytes;
    if (listed.get(sha256) === bytes) {
      moved.photos += 1;
      moved.bytes += bytes;
    } else if (copied.has(photo))
      throw new StopTheRun(
        `Expected ${bytes} bytes of the photo ${sha256} in ${move.shown} but it lists ${listed.get(sha256) ?? 'no'} bytes; run the command again`,
        { code: 'move-differs' },
      );
  }
  moved.copied += copied.size;
}

async function isWhole({ to, verify = false }: BlobsMove, { sha256 }: ListedPhoto): Promise<boolean> {
  return !verify || !((await orLoss(to.read(sha256))) instanceof LostBytes);
}

async function sizesIn(blobs: BlobStore, shard: string): Promise<Map<string, number>> {
  const sizes = new Map<string, number>();
  for await (const { sha256, bytes } of blobs.list(shard)) if (sha256 !== null) sizes.set(sha256, bytes);
  return sizes;
}

/** The number of bytes that were copied. Null if there is nothing to copy, or if the signal is aborted. */
async function copyOne(
  { from, to, fileOf, signal }: BlobsMove,
  { sha256 }: ListedPhoto,
  moved: BlobsMoved,
): Promise<number | null> {
  if (signal.aborted) return null;
  const read = await orLoss(from.read(sha256));
  if (read instanceof LostBytes) {
    (read.kind === 'missing' ? moved.missing : moved.damaged).push(sha256);
    return null;
  }
  await to.put(sha256, read, fileOf?.(sha256));
  return read.length;
}

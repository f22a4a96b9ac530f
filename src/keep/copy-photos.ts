import pLimit from 'p-limit';
import { LostBytes, orLoss, type BlobStore } from '../core/kernel/blobs.ts';
import { throwIfInterrupted } from '../core/kernel/errors.ts';
import type { Sha256 } from '../core/kernel/ids.ts';

export interface CopyEvents {
  readonly onTable: (table: string) => void;
  readonly onRows: (rows: number) => void;
  readonly onPhoto: (photo: { readonly bytes: number; readonly isCopied: boolean }) => void;
}

export interface PhotoToCopy {
  readonly sha256: Sha256;
  readonly bytes: number;
}

/** Photos whose hashes begin with the same two hex digits. */
export interface Shard {
  readonly shard: string;
  readonly photos: readonly PhotoToCopy[];
}

export interface PhotoCopy extends Pick<CopyEvents, 'onPhoto'> {
  readonly from: BlobStore;
  readonly to: BlobStore;
  readonly shards: AsyncIterable<Shard>;
  /** Path of a photo's file at the source, if it is a folder. */
  readonly fileOf?: ((sha256: Sha256) => string) | undefined;
  /** Read and hash the photos at the target instead of comparing sizes. Damaged ones are replaced. */
  readonly verify?: boolean;
  readonly signal: AbortSignal;
}

export interface PhotosCopied {
  photos: number;
  bytes: number;
  copied: number;
  readonly missing: Sha256[];
  /** Photos whose bytes at the source differ from their hash or cannot be read. They are not copied; all others are. */
  readonly damaged: Sha256[];
}

/** Copies at the same time: enough to keep a slow link and a disk busy. */
const COPIES_AT_ONCE = 16;

/** Copies what the target lacks, hashed as it is read. After an interruption the next run copies what is missing. */
export async function copyPhotos(copy: PhotoCopy): Promise<PhotosCopied> {
  await copy.from.check();
  await copy.to.check();
  const done: PhotosCopied = { photos: 0, bytes: 0, copied: 0, missing: [], damaged: [] };
  const limit = pLimit(COPIES_AT_ONCE);
  for await (const { shard, photos } of copy.shards) {
    if (photos.length === 0) continue;
    const sizes = await sizesIn(copy.to, shard);
    const copies = photos.map((photo) => limit(() => copyOne(copy, { photo, size: sizes.get(photo.sha256) }, done)));
    // All have ended, so nothing is still being written when an error is reported.
    for (const result of await Promise.allSettled(copies)) if (result.status === 'rejected') throw result.reason;
    throwIfInterrupted(copy.signal);
  }
  return done;
}

async function sizesIn(blobs: BlobStore, shard: string): Promise<Map<string, number>> {
  const sizes = new Map<string, number>();
  for await (const { sha256, bytes } of blobs.list(shard)) if (sha256 !== null) sizes.set(sha256, bytes);
  return sizes;
}

async function copyOne(
  { from, to, fileOf, verify = false, signal, onPhoto }: PhotoCopy,
  { photo: { sha256, bytes }, size }: { readonly photo: PhotoToCopy; readonly size: number | undefined },
  done: PhotosCopied,
): Promise<void> {
  if (signal.aborted) return;
  if (size === bytes && (!verify || !((await orLoss(to.read(sha256))) instanceof LostBytes))) {
    done.photos += 1;
    done.bytes += bytes;
    onPhoto({ bytes, isCopied: false });
    return;
  }
  const read = await orLoss(from.read(sha256));
  if (read instanceof LostBytes) {
    (read.kind === 'missing' ? done.missing : done.damaged).push(sha256);
    return;
  }
  await to.put(sha256, read, fileOf?.(sha256));
  done.photos += 1;
  done.bytes += read.length;
  done.copied += 1;
  onPhoto({ bytes: read.length, isCopied: true });
}

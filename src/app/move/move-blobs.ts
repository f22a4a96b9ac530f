import type { Kysely } from 'kysely';
import pLimit from 'p-limit';
import { LostBytes, type BlobStore } from '../../kernel/blobs.ts';
import { Interrupted, StopTheRun } from '../../kernel/errors.ts';
import { toSha256, type Sha256 } from '../../kernel/ids.ts';
import { photoHashes } from '../../photo/photo.repository.ts';
import type { Database } from '../../platform/postgres/database.ts';

export interface BlobsMove {
  /** Lists the photos. */
  readonly db: Kysely<Database>;
  readonly from: BlobStore;
  readonly to: BlobStore;
  /** The target, as messages show it. */
  readonly shown: string;
  readonly signal: AbortSignal;
  readonly onPhoto: (photo: { readonly bytes: number; readonly isCopied: boolean }) => void;
}

export interface BlobsMoved {
  /** Photos that are at the target now, and their bytes. */
  readonly photos: number;
  readonly bytes: number;
  /** The photos among them that this command copied. */
  readonly copied: number;
  /** Photos whose bytes the source does not have. */
  readonly missing: readonly Sha256[];
  /** Photos whose bytes at the source differ from their hash or cannot be read. They are not copied; all others are. */
  readonly damaged: readonly Sha256[];
}

interface Tally {
  photos: number;
  bytes: number;
  copied: number;
  readonly missing: Sha256[];
  readonly damaged: Sha256[];
}

/** Copies at the same time: enough to keep a slow link and a disk busy. */
const COPIES_AT_ONCE = 16;
const PHOTOS_PER_QUERY = 1_000;
/** Photos are split by the first two hex digits of their hashes. One shard at a time is in memory. */
const SHARDS = 256;

/**
 * Copies the bytes of every photo of the catalogue that the target lacks. The bytes are hashed when they are read, and
 * afterwards the target is listed to check what it has. The source is only read. After an interruption the next run copies
 * what is missing.
 *
 * @throws StopTheRun `move-differs` if the target does not list what was stored there
 */
export async function moveBlobs(move: BlobsMove): Promise<BlobsMoved> {
  await move.from.check();
  await move.to.check();
  const tally: Tally = { photos: 0, bytes: 0, copied: 0, missing: [], damaged: [] };
  for (let number = 0; number < SHARDS; number += 1) {
    await moveShard(move, number.toString(16).padStart(2, '0'), tally);
    if (move.signal.aborted) throw new Interrupted();
  }
  return tally;
}

async function moveShard(move: BlobsMove, shard: string, tally: Tally): Promise<void> {
  const photos = await photosIn(move.db, shard);
  if (photos.length === 0) return;
  const there = await sizesIn(move.to, shard);
  const limit = pLimit(COPIES_AT_ONCE);
  const moved: Photo[] = [];
  await settled(
    photos.map((photo) =>
      limit(async () => {
        const isThere = there.get(photo.sha256) === photo.bytes;
        if (isThere || (await copyOne(move, photo, tally))) moved.push(photo);
        if (isThere) move.onPhoto({ bytes: photo.bytes, isCopied: false });
      }),
    ),
  );
  const listed = moved.every(({ sha256, bytes }) => there.get(sha256) === bytes)
    ? there
    : await sizesIn(move.to, shard);
  for (const { sha256, bytes } of moved) {
    if (listed.get(sha256) !== bytes) throw notListed(move.shown, { sha256, bytes }, listed.get(sha256));
    tally.photos += 1;
    tally.bytes += bytes;
  }
}

interface Photo {
  readonly sha256: Sha256;
  readonly bytes: number;
}

/** Waits for all copies, so that nothing is still being written when an error is reported. */
async function settled(copies: readonly Promise<void>[]): Promise<void> {
  for (const copy of await Promise.allSettled(copies)) if (copy.status === 'rejected') throw copy.reason;
}

async function sizesIn(blobs: BlobStore, shard: string): Promise<Map<string, number>> {
  const sizes = new Map<string, number>();
  for await (const { sha256, bytes } of blobs.list(shard)) if (sha256 !== null) sizes.set(sha256, bytes);
  return sizes;
}

/** False if there is nothing to copy, or if the signal is aborted. */
async function copyOne(
  { from, to, signal, onPhoto }: BlobsMove,
  { sha256, bytes }: Photo,
  tally: Tally,
): Promise<boolean> {
  if (signal.aborted) return false;
  const read = await readOrLoss(from, sha256);
  if (read instanceof LostBytes) {
    (read.kind === 'missing' ? tally.missing : tally.damaged).push(sha256);
    return false;
  }
  await to.put(sha256, read);
  tally.copied += 1;
  onPhoto({ bytes, isCopied: true });
  return true;
}

async function readOrLoss(blobs: BlobStore, sha256: Sha256): Promise<Buffer | LostBytes> {
  try {
    return await blobs.read(sha256);
  } catch (error) {
    if (error instanceof LostBytes) return error;
    throw error;
  }
}

function notListed(shown: string, { sha256, bytes }: Photo, found: number | undefined): StopTheRun {
  return new StopTheRun(
    `Expected ${bytes} bytes of the photo ${sha256} in ${shown} but it lists ${found ?? 'no'} bytes; run the command again`,
    { code: 'move-differs' },
  );
}

async function photosIn(db: Kysely<Database>, shard: string): Promise<Photo[]> {
  const photos: Photo[] = [];
  let after: Sha256 | null = toSha256(`${shard}${'0'.repeat(62)}`);
  while (after !== null) {
    const page: Photo[] = await photoHashes(db, after, PHOTOS_PER_QUERY);
    const inside = page.filter(({ sha256 }) => sha256.startsWith(shard));
    photos.push(...inside);
    after = inside.length === PHOTOS_PER_QUERY ? (inside.at(-1)?.sha256 ?? null) : null;
  }
  return photos;
}

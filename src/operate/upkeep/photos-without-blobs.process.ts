import pLimit from 'p-limit';
import type { Sha256 } from '../../kernel/ids.ts';
import { awaitedPhotos } from '../../photo/lost-bytes.repository.ts';
import { storedInShard } from '../../photo/photo.repository.ts';
import type { App } from '../../runtime/open/app.process.ts';

const SHARDS = Array.from({ length: 256 }, (_, i) => i.toString(16).padStart(2, '0'));
/** Folders or parts of a bucket that are listed at once. */
const LISTED_AT_ONCE = 8;
const EXAMPLES = 3;

/**
 * Counts the photos that should have bytes but have no blob of their size. Lists the blobs, a part at a time, and reads
 * none. Photos that the next crawl fetches again do not count.
 */
export async function photosWithoutBlobs(
  { db, blobs }: Pick<App, 'db' | 'blobs'>,
  signal: AbortSignal,
): Promise<{ readonly lost: number; readonly examples: readonly Sha256[] }> {
  const ofShards = await pLimit(LISTED_AT_ONCE).map(SHARDS, async (shard) => {
    if (signal.aborted) return [];
    // Bytes come before their row, so a photo that is stored meanwhile has them.
    const photos = await storedInShard(db, shard);
    if (photos.size === 0) return [];
    for await (const { sha256, bytes } of blobs.list(shard))
      if (sha256 !== null && photos.get(sha256) === bytes) photos.delete(sha256);
    if (photos.size === 0) return [];
    const lacking = [...photos.keys()];
    const awaited = await awaitedPhotos(
      db,
      lacking.map((sha256) => ({ sha256 })),
    );
    // A photo may have been pruned since its row was read.
    const now = await storedInShard(db, shard);
    return lacking.filter((sha256) => now.has(sha256) && !awaited.has(sha256));
  });
  const lost = ofShards.flat();
  return { lost: lost.length, examples: lost.slice(0, EXAMPLES) };
}

import { refetchPictures } from '../photo/lost-bytes.repository.ts';
import { photoHashes } from '../photo/photo.repository.ts';
import type { Sha256 } from '../kernel/ids.ts';
import type { App } from './app.ts';

const PHOTOS_PER_QUERY = 1_000;

/**
 * Looks for photos whose bytes are gone, and has their pictures fetched again.
 *
 * @returns how many photos have no bytes, and how many photos there are in all
 */
export async function refetchLostBytes({ db, blobs }: App, signal: AbortSignal): Promise<{ lost: number; of: number }> {
  let lost = 0;
  let of = 0;
  let after: Sha256 | null = null;
  while (!signal.aborted) {
    const page: { sha256: Sha256 }[] = await photoHashes(db, after, PHOTOS_PER_QUERY);
    const gone: Sha256[] = [];
    for (const { sha256 } of page) if ((await blobs.sizeOf(sha256)) === null) gone.push(sha256);
    if (gone.length > 0) await refetchPictures(db, gone);
    lost += gone.length;
    of += page.length;
    after = page.at(-1)?.sha256 ?? null;
    if (page.length < PHOTOS_PER_QUERY) break;
  }
  return { lost, of };
}

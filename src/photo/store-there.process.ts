import { orLoss } from '../kernel/blobs.ts';
import { StopTheRun } from '../kernel/errors.ts';
import { linkedPhotos } from './lost-bytes.repository.ts';
import { placeText } from '../platform/blobs/blob-place.ts';
import type { App } from '../runtime/open/app.process.ts';

/** Size of the sample. Hashes are evenly distributed, so the first ones are a sample. */
const SAMPLE = 100;

/**
 * True if the store has the bytes of at least one photo of a sample, or the catalogue has no photos. If false, a disk is not
 * mounted or a setting names another place. Photos that `winnow resume` has marked to be fetched again
 * do not count.
 */
export async function isStoreThere({ db, blobs }: Pick<App, 'db' | 'blobs'>): Promise<boolean> {
  const sample = await linkedPhotos(db, SAMPLE);
  for (const sha256 of sample) {
    const size = await orLoss(blobs.sizeOf(sha256));
    if (typeof size === 'number') return true;
  }
  return sample.length === 0;
}

/**
 * Refuses a missing store. Otherwise new photos would be stored in the wrong place, and the old ones would count as lost.
 *
 * @throws StopTheRun `blobs-missing`; errors of the store
 */
export async function requireStore(app: Pick<App, 'db' | 'blobs' | 'blobPlace'>): Promise<void> {
  if (await isStoreThere(app)) return;
  throw new StopTheRun(
    `The catalogue has photos, but their bytes are not in '${placeText(app.blobPlace)}' (up to ${SAMPLE} were looked for). ` +
      'Check that the disk is mounted, and that the data folder (--data) and blobs.url (WINNOW_BLOBS_URL) are the right ones. ' +
      'If the bytes are lost, `winnow resume --all-lost` has all photos fetched again.',
    { code: 'blobs-missing' },
  );
}

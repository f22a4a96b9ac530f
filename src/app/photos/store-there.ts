import { orLoss } from '../../kernel/blobs.ts';
import { StopTheRun } from '../../kernel/errors.ts';
import { linkedPhotos } from '../../photo/lost-bytes.repository.ts';
import { placeText } from '../../platform/blobs/blob-place.ts';
import type { App } from '../open/app.ts';

/** Size of the sample. Hashes are evenly distributed, so the first ones are a sample. */
const SAMPLE = 100;

/**
 * Refuses to go on if the catalogue has photos, but none of a sample has bytes. Then a disk is not mounted, or a setting names
 * another place: new photos would be stored there, and the old ones would count as lost. Photos that `winnow resume` has
 * sent back to be fetched do not count.
 *
 * @throws StopTheRun `blobs-missing`; errors of the store
 */
export async function requireStore({ db, blobs, blobPlace }: Pick<App, 'db' | 'blobs' | 'blobPlace'>): Promise<void> {
  const sample = await linkedPhotos(db, SAMPLE);
  for (const sha256 of sample) {
    const size = await orLoss(blobs.sizeOf(sha256));
    if (typeof size === 'number') return;
  }
  if (sample.length === 0) return;
  throw new StopTheRun(
    `The catalogue has photos, but the bytes of none of ${sample.length} are in '${placeText(blobPlace)}'. Nothing was changed. ` +
      'Check that the disk is mounted, and that the data folder (--data) and blobs.url (WINNOW_BLOBS_URL) are the right ones. ' +
      'If the bytes are lost, `winnow resume --all-lost` has all photos fetched again.',
    { code: 'blobs-missing' },
  );
}

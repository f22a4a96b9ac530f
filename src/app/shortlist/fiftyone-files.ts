import { mkdir } from 'node:fs/promises';
import path from 'node:path';
import { fiftyOneMetadata, fiftyOneSamples } from '../../shortlist/fiftyone.ts';
import type { HandedPhoto, PhotoPlaces } from '../../shortlist/handed-photo.ts';
import type { Workspace } from '../open/workspace.ts';
import { replaceFile, shortlistFolder } from './shortlist-files.ts';

/**
 * Writes the listed photos as a FiftyOne dataset of type `FiftyOneDataset` to
 * `<data>/shortlists/<collection>/fiftyone/`. The pictures are not copied: samples name them by absolute paths.
 *
 * @returns absolute path of the dataset's folder
 */
export async function writeFiftyOneDataset(
  workspace: Pick<Workspace, 'app' | 'collection'>,
  photos: readonly HandedPhoto[],
  places: PhotoPlaces,
): Promise<string> {
  const folder = path.join(shortlistFolder(workspace), 'fiftyone');
  await mkdir(folder, { recursive: true });
  const about = { collection: workspace.collection.name, ensemble: places.ensemble };
  await replaceFile(path.join(folder, 'samples.json'), [fiftyOneSamples(photos, places)]);
  await replaceFile(path.join(folder, 'metadata.json'), [fiftyOneMetadata(about)]);
  return folder;
}

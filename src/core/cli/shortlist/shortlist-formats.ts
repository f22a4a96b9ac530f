import pLimit from 'p-limit';
import type { App } from '../../runtime/open/app.process.ts';
import { classNameOf, type Workspace } from '../../models/workspace/workspace.process.ts';
import { writeFiftyOneDataset } from '../../shortlist/shortlist-files.process.ts';
import { displayPath } from '../../config/root.ts';
import { LOST_BYTES_CURE, LostBytes } from '../../kernel/blobs.ts';
import type { HandedPhoto, PhotoPlaces } from '../../shortlist/handed-photo.ts';
import { labelStudioTasks } from '../../shortlist/label-studio.ts';
import { shortlistCsv, shortlistLine } from '../../shortlist/shortlist-csv.ts';
import type { ShortlistPhoto } from '../../shortlist/shortlist.repository.ts';
import { plural, writeData, writeJsonLines, writeOut } from '../text/output.ts';

export const SHORTLIST_FORMATS = ['table', 'jsonl', 'csv', 'label-studio', 'fiftyone'] as const;
export type ShortlistFormat = (typeof SHORTLIST_FORMATS)[number];

export async function writeShortlist(
  workspace: Workspace,
  rows: readonly ShortlistPhoto[],
  { format, isSafe }: { readonly format: Exclude<ShortlistFormat, 'table'>; readonly isSafe: boolean },
): Promise<void> {
  if (format === 'jsonl') await writeJsonLines(rows.map(shortlistLine));
  else if (format === 'csv') await writeData(shortlistCsv(rows, isSafe));
  else {
    const { app, collection, ensemble } = workspace;
    const listed = rows.filter(({ state }) => state === 'listed');
    const paths = await filesOf(app, listed);
    const photos: HandedPhoto[] = listed
      .filter(({ sha256 }) => paths.has(sha256))
      .map((row) => ({
        ...row,
        name: classNameOf(collection, row.wnid),
        confusionName: classNameOf(collection, row.confusionWnid),
      }));
    const places: PhotoPlaces = {
      pathOf: (sha256) => paths.get(sha256) ?? app.blobs.placeOf(sha256),
      blobsFolder: app.blobPlace.kind === 'folder' ? app.blobPlace.folder : app.blobPlace.localFolder,
      ensemble: ensemble.members.map((member) => member.name),
    };
    if (format === 'label-studio') await writeData(labelStudioTasks(photos, places));
    else await writeOut(fiftyOneSteps(await writeFiftyOneDataset(workspace, photos, places), photos.length));
  }
}

/** The Python lines that show the dataset. A JSON string is a valid Python string. */
function fiftyOneSteps(folder: string, samples: number): string {
  return `wrote a FiftyOne dataset of ${plural(samples, 'sample')} to ${displayPath(folder)}

In Python:
  import fiftyone as fo
  dataset = fo.Dataset.from_dir(
      dataset_dir=${JSON.stringify(folder)},
      dataset_type=fo.types.FiftyOneDataset,
  )
  session = fo.launch_app(dataset)
`;
}

const FILES_AT_ONCE = 16;

/** The files of the listed photos on this machine. Photos in a bucket are fetched into the data folder. */
async function filesOf({ blobs, log }: App, listed: readonly ShortlistPhoto[]): Promise<ReadonlyMap<string, string>> {
  const paths = new Map<string, string>();
  await pLimit(FILES_AT_ONCE).map(new Set(listed.map(({ sha256 }) => sha256)), async (sha256) => {
    try {
      paths.set(sha256, await blobs.localFile(sha256));
    } catch (error) {
      if (!(error instanceof LostBytes)) throw error;
      log.warn({ sha256, reason: error.message }, `the bytes of a listed photo are lost; ${LOST_BYTES_CURE}`);
    }
  });
  return paths;
}

import { nameOf, type Workspace } from '../app/workspace.ts';
import { UsageError } from '../kernel/errors.ts';
import { fiftyOneLabels } from '../shortlist/fiftyone.ts';
import type { HandedPhoto, PhotoPlaces } from '../shortlist/handed-photo.ts';
import { labelStudioTasks } from '../shortlist/label-studio.ts';
import { shortlistCsv, shortlistLine } from '../shortlist/shortlist-csv.ts';
import type { ListedPhoto } from '../shortlist/shortlist.repository.ts';
import { writeJsonLines, writeOut } from './output.ts';

export const SHORTLIST_FORMATS = ['table', 'jsonl', 'csv', 'label-studio', 'fiftyone'] as const;
export type ShortlistFormat = (typeof SHORTLIST_FORMATS)[number];

/** The format that the flags ask for: `--json` is `jsonl`. */
export function shortlistFormatOf(flags: {
  readonly json?: boolean;
  readonly format?: ShortlistFormat;
}): ShortlistFormat {
  if (flags.json !== true) return flags.format ?? 'table';
  if (flags.format === undefined || flags.format === 'jsonl') return 'jsonl';
  throw new UsageError(`Expected --json or --format ${flags.format} but received both`, { code: 'two-formats' });
}

/** Writes the shortlist to stdout as other tools take it. */
export async function writeShortlist(
  workspace: Workspace,
  rows: readonly ListedPhoto[],
  format: Exclude<ShortlistFormat, 'table'>,
): Promise<void> {
  if (format === 'jsonl') await writeJsonLines(rows.map(shortlistLine));
  else if (format === 'csv') await writeOut(shortlistCsv(rows));
  else {
    const photos = listedPhotos(workspace, rows);
    const write = format === 'label-studio' ? labelStudioTasks : fiftyOneLabels;
    await writeOut(write(photos, placesIn(workspace)));
  }
}

function listedPhotos({ collection }: Workspace, rows: readonly ListedPhoto[]): HandedPhoto[] {
  return rows
    .filter(({ state }) => state === 'listed')
    .map((row) => ({
      ...row,
      name: nameOf(collection, row.wnid),
      confusionName: nameOf(collection, row.confusionWnid),
    }));
}

function placesIn({ app, ensemble }: Workspace): PhotoPlaces {
  return {
    pathOf: (sha256) => app.blobs.pathOf(sha256),
    dataDir: app.dataDir,
    ensemble: ensemble.members.map((member) => member.name),
  };
}

import { mkdir, readdir, rm, rmdir } from 'node:fs/promises';
import path from 'node:path';
import { loadClassTable } from '../collection/class-table.process.ts';
import type { Funnel } from '../kernel/funnel.ts';
import { groupBy } from '../kernel/group-by.ts';
import { replaceFile } from '../platform/disk/replace-file.ts';
import { contactSheet, FIRST_PAGE, PAGES_FOLDER, type ContactSheet, type SheetClass } from './contact-sheet.tsx';
import { fiftyOneMetadata, fiftyOneSamples } from './fiftyone.ts';
import type { HandedPhoto, PhotoPlaces } from './handed-photo.ts';
import { shortlistCsv } from './shortlist-csv.ts';
import type { ShortlistPhoto } from './shortlist.repository.ts';
import { stagesOf } from '../page/stages.ts';
import { classNameOf, type Workspace } from '../models/workspace/workspace.process.ts';

const DURABLE = { isDurable: true } as const;
import { thumbnailOf } from '../photo/thumbnails.process.ts';

export interface ShortlistContent {
  readonly rows: readonly ShortlistPhoto[];
  readonly funnel: Funnel;
  readonly builtAt: Date;
}

export function shortlistFolder({ app, collection }: Pick<Workspace, 'app' | 'collection'>): string {
  return path.join(app.dataDir, 'shortlists', collection.name);
}

/** Each file replaces the old one atomically. Pages of an earlier sheet are deleted. */
export async function writeShortlistFiles(
  workspace: Workspace,
  content: ShortlistContent,
  signal: AbortSignal,
): Promise<{ readonly csv: string; readonly html: string }> {
  const { app } = workspace;
  const folder = shortlistFolder(workspace);
  await mkdir(path.join(folder, PAGES_FOLDER), { recursive: true });
  const sheet = await sheetOf(workspace, content);
  const { onePagePhotos } = app.config.shortlist;
  const pages = contactSheet(sheet, (sha256) => thumbnailOf(app, sha256, signal), onePagePhotos);
  for (const { file, chunks } of pages) await replaceFile(path.join(folder, file), chunks, DURABLE);
  // Photos that are not listed must not be slower to load than those that are.
  for (const { sha256 } of content.rows.filter(({ state }) => state === 'control' || state === 'crawl-sample'))
    await thumbnailOf(app, sha256, signal);
  const csv = path.join(folder, 'shortlist.csv');
  await replaceFile(csv, shortlistCsv(content.rows), DURABLE);
  await removeOtherPages(path.join(folder, PAGES_FOLDER), new Set(pages.map(({ file }) => path.basename(file))));
  return { csv, html: path.join(folder, FIRST_PAGE) };
}

/** The pictures are not copied: samples name them by absolute paths. */
export async function writeFiftyOneDataset(
  workspace: Pick<Workspace, 'app' | 'collection'>,
  photos: readonly HandedPhoto[],
  places: PhotoPlaces,
): Promise<string> {
  const folder = path.join(shortlistFolder(workspace), 'fiftyone');
  await mkdir(folder, { recursive: true });
  const about = { collection: workspace.collection.name, ensemble: places.ensemble };
  await replaceFile(path.join(folder, 'samples.json'), fiftyOneSamples(photos, places), DURABLE);
  await replaceFile(path.join(folder, 'metadata.json'), fiftyOneMetadata(about), DURABLE);
  return folder;
}

/** Also removes the folder if it is empty. */
async function removeOtherPages(folder: string, names: ReadonlySet<string>): Promise<void> {
  let left = 0;
  for (const name of await readdir(folder)) {
    if (names.has(name)) left += 1;
    else await rm(path.join(folder, name), { recursive: true, force: true });
  }
  if (left === 0) await rmdir(folder);
}

async function sheetOf({ collection }: Workspace, parts: ShortlistContent): Promise<ContactSheet> {
  const { name, mode, ensemble, policy, classes } = collection;
  const table = await loadClassTable();
  const rows = parts.rows.filter(({ state, reason }) => state === 'listed' || reason !== null);
  const byClass = groupBy(rows, (row) => row.wnid);
  const sheetClasses = parts.funnel.classes.flatMap((totals): SheetClass[] => {
    if (totals.wnid === null) return [];
    const photos = (byClass.get(totals.wnid) ?? []).map((row) => ({
      ...row,
      confusionName: classNameOf(collection, row.confusionWnid),
    }));
    const synonyms = table.byWnid.get(totals.wnid)?.synonyms ?? [];
    return [{ wnid: totals.wnid, name: totals.name, synonyms, candidates: totals.found, photos }];
  });
  return {
    collection: name,
    mode,
    ensemble,
    policy,
    classCount: classes.wnids.length,
    builtAt: parts.builtAt,
    funnel: stagesOf(parts.funnel.totals),
    classes: sheetClasses,
  };
}

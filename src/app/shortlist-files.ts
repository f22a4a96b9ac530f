import { createWriteStream } from 'node:fs';
import { mkdir, open, rename, rm } from 'node:fs/promises';
import path from 'node:path';
import { pipeline } from 'node:stream/promises';
import type { ClassRow } from '../collection/class-table.ts';
import { loadClassTable } from '../collection/class-table.process.ts';
import { codeOf } from '../kernel/errors.ts';
import { groupBy } from '../kernel/group-by.ts';
import type { Sha256 } from '../kernel/ids.ts';
import { thumbnailJpeg } from '../platform/image/thumbnail.ts';
import { contactSheetHtml, type ContactSheet, type SheetClass } from '../shortlist/contact-sheet.ts';
import type { FunnelStage } from '../shortlist/contact-sheet-header.ts';
import { listShortlist, type ListedPhoto } from '../shortlist/shortlist.repository.ts';
import { shortlistCsv } from '../shortlist/shortlist-csv.ts';
import { sumOf, type Funnel, type Totals } from '../report/funnel.ts';
import type { Workspace } from './workspace.ts';

export interface ShortlistFiles {
  readonly csv: string;
  readonly html: string;
}

const THUMBNAIL_QUALITY = 78;

/** Writes `shortlist.csv` and the contact sheet `shortlist.html` under the data folder; each replaces its old self at once. */
export async function writeShortlistFiles(
  workspace: Workspace,
  funnel: Funnel,
  createdAt: Date,
): Promise<ShortlistFiles> {
  const { app, collection, scope } = workspace;
  const folder = path.join(app.dataDir, 'shortlists', collection.name);
  await mkdir(folder, { recursive: true });
  const rows: ListedPhoto[] = [];
  for await (const row of listShortlist(app.db, scope)) rows.push(row);
  const csv = path.join(folder, 'shortlist.csv');
  await replaceFile(csv, [shortlistCsv(rows)]);
  const html = path.join(folder, 'shortlist.html');
  const sheet = await sheetOf(workspace, { rows, funnel, createdAt });
  await replaceFile(
    html,
    contactSheetHtml(sheet, (sha256) => thumbnailOf(workspace, sha256)),
  );
  return { csv, html };
}

/** Written beside its place, synced and renamed: a reader never sees half a file. */
async function replaceFile(file: string, chunks: Iterable<string> | AsyncIterable<string>): Promise<void> {
  const unfinished = `${file}.${process.pid}.unfinished`;
  try {
    await pipeline(chunks, createWriteStream(unfinished));
    const handle = await open(unfinished, 'r');
    await handle.sync();
    await handle.close();
    await rename(unfinished, file);
  } catch (error) {
    await rm(unfinished, { force: true });
    throw error;
  }
}

async function thumbnailOf({ app }: Workspace, sha256: Sha256): Promise<Buffer | null> {
  try {
    const bytes = await app.blobs.read(sha256);
    return await thumbnailJpeg(bytes, {
      maxSidePixels: app.config.shortlist.thumbnailPixels,
      quality: THUMBNAIL_QUALITY,
    });
  } catch (error) {
    if (codeOf(error) !== 'ENOENT') throw error;
    app.log.warn({ sha256 }, 'the bytes of a listed photo are missing; winnow doctor --deep looks for more');
    return null;
  }
}

async function sheetOf(
  { collection }: Workspace,
  parts: { rows: readonly ListedPhoto[]; funnel: Funnel; createdAt: Date },
): Promise<ContactSheet> {
  const { name, mode, ensemble, policy, classes } = collection;
  const table = await loadClassTable();
  const nameOf = (wnid: string): string => classes.nameByWnid.get(wnid) ?? wnid;
  const byClass = groupBy(parts.rows, (row) => row.wnid);
  const sheetClasses = parts.funnel.classes.flatMap((totals): SheetClass[] => {
    if (totals.wnid === null) return [];
    const photos = (byClass.get(totals.wnid) ?? []).map((row) => ({
      ...row,
      confusionName: nameOf(row.confusionWnid),
    }));
    const row: ClassRow | undefined = table.byWnid.get(totals.wnid);
    return [{ wnid: totals.wnid, name: totals.name, synonyms: row?.synonyms ?? [], candidates: totals.found, photos }];
  });
  return {
    collection: name,
    mode,
    ensemble,
    policy,
    createdAt: parts.createdAt,
    funnel: stagesOf(parts.funnel.totals),
    classes: sheetClasses,
  };
}

/** The funnel as the sheet draws it: each stage with what it lost. */
export function stagesOf(totals: Totals): FunnelStage[] {
  const { decided, leftOut } = totals;
  const photos = sumOf(decided);
  return [
    { name: 'found', count: totals.found },
    {
      name: 'fetched',
      count: totals.fetched,
      lost: lostOf({ ...totals.dropped, ...totals.failed, waiting: totals.waiting }),
    },
    { name: 'distinct photos', count: photos, lost: lostOf({ duplicates: totals.duplicates }) },
    {
      name: 'kept',
      count: decided.kept,
      lost: lostOf({
        correct: decided.correct,
        confident: decided.confident,
        undecodable: decided.failed,
        undecided: decided.undecided,
      }),
    },
    {
      name: 'listed',
      count: totals.shortlisted,
      lost: lostOf({ cap: leftOut.cap, 'near-duplicate': leftOut.nearDuplicate, 'not ranked yet': totals.unlisted }),
    },
  ];
}

function lostOf(counts: Readonly<Record<string, number | undefined>>): { reason: string; count: number }[] {
  return Object.entries(counts).flatMap(([reason, count]) =>
    count === undefined || count === 0 ? [] : [{ reason, count }],
  );
}

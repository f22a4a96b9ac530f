import {
  attributionCsvHeader,
  attributionCsvRows,
  attributionPageEntry,
  attributionPageHeader,
} from './attribution.ts';
import { ATTRIBUTION, ATTRIBUTION_PAGE } from '../layout.ts';
import type { OutputFolder, PhotoSink } from '../output-folder.process.ts';
import type { PhotoFile, PhotoRow } from '../select/photo-row.ts';

const PHOTOS_AT_ONCE = 256;

export async function openAttribution(
  folder: OutputFolder,
  collection: string,
): Promise<PhotoSink<Pick<PhotoFile, 'row'>>> {
  const [table, page] = [await folder.start(ATTRIBUTION), await folder.start(ATTRIBUTION_PAGE)];
  await table.write(attributionCsvHeader);
  await page.write(attributionPageHeader(collection));
  let waiting: PhotoRow[] = [];
  let folderBefore: string | null = null;
  const write = async (): Promise<void> => {
    const rows = waiting;
    waiting = [];
    await table.write(attributionCsvRows(rows));
    const entries = rows.map((row) => {
      const entry = attributionPageEntry(row, folderBefore);
      folderBefore = row.wnid;
      return entry;
    });
    await page.write(entries.join(''));
  };
  return {
    async add({ row }) {
      waiting.push(row);
      if (waiting.length === PHOTOS_AT_ONCE) await write();
    },
    async finish() {
      await write();
      return [await table.close(), await page.close()];
    },
  };
}

import {
  attributionCsvHeader,
  attributionCsvRows,
  attributionPageEntry,
  attributionPageHeader,
} from './attribution.ts';
import { ATTRIBUTION, ATTRIBUTION_PAGE } from '../layout.ts';
import type { OutputFile, OutputFolder, PhotoSink, WrittenFile } from '../output-folder.process.ts';
import type { PhotoFile, PhotoRow } from '../select/photo-row.ts';

const PHOTOS_AT_ONCE = 256;

export class AttributionFiles implements PhotoSink<Pick<PhotoFile, 'row'>> {
  readonly #table: OutputFile;
  readonly #page: OutputFile;
  #waiting: PhotoRow[] = [];
  #wnid: string | null = null;

  private constructor(table: OutputFile, page: OutputFile) {
    this.#table = table;
    this.#page = page;
  }

  static async open(folder: OutputFolder, collection: string): Promise<AttributionFiles> {
    const files = new AttributionFiles(await folder.start(ATTRIBUTION), await folder.start(ATTRIBUTION_PAGE));
    await files.#table.write(attributionCsvHeader);
    await files.#page.write(attributionPageHeader(collection));
    return files;
  }

  async add({ row }: Pick<PhotoFile, 'row'>): Promise<void> {
    this.#waiting.push(row);
    if (this.#waiting.length === PHOTOS_AT_ONCE) await this.#write();
  }

  async finish(): Promise<readonly WrittenFile[]> {
    await this.#write();
    return [await this.#table.close(), await this.#page.close()];
  }

  async #write(): Promise<void> {
    const rows = this.#waiting;
    this.#waiting = [];
    await this.#table.write(attributionCsvRows(rows));
    await this.#page.write(rows.map((row) => this.#pageText(row)).join(''));
  }

  #pageText(row: PhotoRow): string {
    const text = attributionPageEntry(row, this.#wnid);
    this.#wnid = row.wnid;
    return text;
  }
}

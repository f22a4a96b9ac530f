import { rename } from 'node:fs/promises';
import path from 'node:path';
import type { Sha256 } from '../../kernel/ids.ts';
import { ParquetFile } from '../../platform/parquet/write-parquet.ts';
import type { OutputFolder, PhotoSink, WrittenFile } from '../output-folder.process.ts';
import { columnDataOf, featuresOf, schemaOf, type ParquetShape } from './parquet-schema.ts';
import { parquetPath } from '../layout.ts';
import type { PhotoFile } from '../select/photo-row.ts';

/** The default of the library `datasets` (`MAX_SHARD_SIZE`). */
const MAX_FILE_BYTES = 500_000_000;
/** A row group is in memory as a whole while it is written, and a reader loads it as a whole. */
const MAX_GROUP_BYTES = 16 * 2 ** 20;
const MAX_GROUP_ROWS = 1_000;
/** More than a row group of these columns needs in the index and the footer. */
const GROUP_OVERHEAD_BYTES = 8_192;

export interface ParquetOptions extends ParquetShape {
  /** A file is closed before it becomes larger. A photo that is larger has a file to itself. In bytes. */
  readonly maxBytes?: number;
}

/** A file that is complete but has no name yet, because names say how many files there are. */
interface Part {
  readonly path: string;
  readonly sha256: Sha256;
  readonly bytes: number;
}

/**
 * Writes photos as `data/test-00000-of-0000N.parquet`, which the library `datasets` reads as images with class labels,
 * and prefers to all other files: `load_dataset('imagefolder', data_dir=EXPORT)` then finds no pictures in `test/`.
 * `load_dataset(EXPORT)` finds them by the `configs` of the card (measured with datasets 5.2.0).
 */
export class ParquetSink implements PhotoSink<PhotoFile> {
  readonly #folder: OutputFolder;
  readonly #options: ParquetOptions;
  readonly #maxBytes: number;
  readonly #features: string;
  readonly #parts: Part[] = [];
  #file: { readonly path: string; readonly parquet: ParquetFile } | null = null;
  /** Photos of the row group that is not written yet, and their size. */
  #group: PhotoFile[] = [];
  #groupBytes = 0;

  constructor(folder: OutputFolder, options: ParquetOptions) {
    this.#folder = folder;
    this.#options = options;
    this.#maxBytes = options.maxBytes ?? MAX_FILE_BYTES;
    this.#features = featuresOf(options);
  }

  async add(photo: PhotoFile): Promise<void> {
    const bytes = photo.bytes.length + Buffer.byteLength(JSON.stringify(photo.row));
    const isGroupFull = this.#groupBytes + bytes > MAX_GROUP_BYTES || this.#group.length >= MAX_GROUP_ROWS;
    const fileBytes = this.#expectedBytes() + this.#groupBytes + bytes + GROUP_OVERHEAD_BYTES;
    if (fileBytes > this.#maxBytes) await this.#closeFile();
    else if (isGroupFull) await this.#writeGroup();
    this.#group.push(photo);
    this.#groupBytes += bytes;
  }

  async finish(): Promise<readonly WrittenFile[]> {
    await this.#closeFile();
    const written: WrittenFile[] = [];
    for (const [index, part] of this.#parts.entries()) {
      const name = parquetPath(index, this.#parts.length);
      written.push(await this.#folder.add(name, part, (absolute) => rename(part.path, absolute)));
    }
    return written;
  }

  async #writeGroup(): Promise<void> {
    if (this.#group.length === 0) return;
    this.#file ??= await this.#openFile();
    await this.#file.parquet.writeGroup(columnDataOf(this.#group, this.#options), this.#group.length);
    this.#group = [];
    this.#groupBytes = 0;
  }

  async #closeFile(): Promise<void> {
    await this.#writeGroup();
    if (this.#file !== null) this.#parts.push({ path: this.#file.path, ...(await this.#file.parquet.close()) });
    this.#file = null;
  }

  async #openFile(): Promise<{ path: string; parquet: ParquetFile }> {
    const file = path.join(this.#folder.root, `parquet-${this.#parts.length}.part`);
    const kvMetadata = [{ key: 'huggingface', value: this.#features }];
    return { path: file, parquet: await ParquetFile.open(file, { schema: schemaOf(this.#options), kvMetadata }) };
  }

  /** The size that the file would have if it was closed now, or a little more. In bytes. */
  #expectedBytes(): number {
    if (this.#file === null) return 0;
    const { bytes, rowGroups } = this.#file.parquet;
    const footerBytes = Buffer.byteLength(this.#features) + GROUP_OVERHEAD_BYTES;
    return bytes + footerBytes + rowGroups * GROUP_OVERHEAD_BYTES;
  }
}

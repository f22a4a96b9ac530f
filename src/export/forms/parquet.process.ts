import { ByteWriter, ParquetWriter } from 'hyparquet-writer';
import { createHash, type Hash } from 'node:crypto';
import { open, rename, type FileHandle } from 'node:fs/promises';
import path from 'node:path';
import { toSha256, type Sha256 } from '../../kernel/ids.ts';
import type { OutputFolder, PhotoSink, WrittenFile } from '../output-folder.process.ts';
import { columnDataOf, featuresOf, schemaOf, type ParquetShape } from './parquet-schema.ts';
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
  readonly #parts: Part[] = [];
  #file: PartFile | null = null;
  /** Photos of the row group that is not written yet, and their size. */
  #group: PhotoFile[] = [];
  #groupBytes = 0;

  constructor(folder: OutputFolder, options: ParquetOptions) {
    this.#folder = folder;
    this.#options = options;
    this.#maxBytes = options.maxBytes ?? MAX_FILE_BYTES;
  }

  async add(photo: PhotoFile): Promise<void> {
    const bytes = photo.bytes.length + Buffer.byteLength(JSON.stringify(photo.row));
    const isGroupFull = this.#groupBytes + bytes > MAX_GROUP_BYTES || this.#group.length >= MAX_GROUP_ROWS;
    const fileBytes = (this.#file?.expectedBytes ?? 0) + this.#groupBytes + bytes + GROUP_OVERHEAD_BYTES;
    if (fileBytes > this.#maxBytes) await this.#closeFile();
    else if (isGroupFull) await this.#writeGroup();
    this.#group.push(photo);
    this.#groupBytes += bytes;
  }

  async finish(): Promise<readonly WrittenFile[]> {
    await this.#closeFile();
    const written: WrittenFile[] = [];
    for (const [index, part] of this.#parts.entries()) {
      const name = `data/test-${fiveDigits(index)}-of-${fiveDigits(this.#parts.length)}.parquet`;
      written.push(await this.#folder.add(name, part, (absolute) => rename(part.path, absolute)));
    }
    return written;
  }

  async #writeGroup(): Promise<void> {
    if (this.#group.length === 0) return;
    this.#file ??= await PartFile.open(
      path.join(this.#folder.root, `parquet-${fiveDigits(this.#parts.length)}.part`),
      this.#options,
    );
    await this.#file.writeGroup(this.#group);
    this.#group = [];
    this.#groupBytes = 0;
  }

  async #closeFile(): Promise<void> {
    await this.#writeGroup();
    if (this.#file !== null) this.#parts.push(await this.#file.close());
    this.#file = null;
  }
}

class PartFile {
  readonly #path: string;
  readonly #handle: FileHandle;
  readonly #shape: ParquetShape;
  readonly #hash: Hash = createHash('sha256');
  readonly #bytes = new ByteWriter();
  readonly #parquet: ParquetWriter;
  readonly #footerBytes: number;

  private constructor(file: string, handle: FileHandle, shape: ParquetShape) {
    const features = featuresOf(shape);
    this.#path = file;
    this.#handle = handle;
    this.#shape = shape;
    this.#footerBytes = Buffer.byteLength(features) + GROUP_OVERHEAD_BYTES;
    this.#parquet = new ParquetWriter({
      writer: this.#bytes,
      schema: schemaOf(shape),
      kvMetadata: [{ key: 'huggingface', value: features }],
    });
  }

  static async open(file: string, shape: ParquetShape): Promise<PartFile> {
    return new PartFile(file, await open(file, 'wx'), shape);
  }

  /** The size that the file would have if it was closed now, or a little more. In bytes. */
  get expectedBytes(): number {
    return this.#bytes.offset + this.#footerBytes + this.#parquet.row_groups.length * GROUP_OVERHEAD_BYTES;
  }

  async writeGroup(photos: readonly PhotoFile[]): Promise<void> {
    await this.#parquet.write({ columnData: columnDataOf(photos, this.#shape), rowGroupSize: photos.length });
    await this.#flush();
  }

  async close(): Promise<Part> {
    await this.#parquet.finish();
    await this.#flush();
    await this.#handle.close();
    return { path: this.#path, sha256: toSha256(this.#hash.digest('hex')), bytes: this.#bytes.offset };
  }

  async #flush(): Promise<void> {
    const bytes = this.#bytes.getBytes();
    this.#hash.update(bytes);
    await this.#handle.writeFile(bytes);
    // The buffer is used again. `offset` goes on counting from the start of the file.
    this.#bytes.index = 0;
  }
}

function fiveDigits(number: number): string {
  return String(number).padStart(5, '0');
}

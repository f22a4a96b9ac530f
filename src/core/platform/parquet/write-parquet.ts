import { ByteWriter, ParquetWriter, type ColumnSource, type KeyValue, type SchemaElement } from 'hyparquet-writer';
import { createHash, type Hash } from 'node:crypto';
import { open, type FileHandle } from 'node:fs/promises';
import { toSha256, type Sha256 } from '../../kernel/ids.ts';

interface ParquetShape {
  readonly schema: SchemaElement[];
  readonly kvMetadata?: KeyValue[];
}

/** A Parquet file that is written one row group at a time. */
export class ParquetFile {
  readonly #handle: FileHandle;
  readonly #hash: Hash = createHash('sha256');
  readonly #bytes = new ByteWriter();
  readonly #parquet: ParquetWriter;

  private constructor(handle: FileHandle, shape: ParquetShape) {
    this.#handle = handle;
    this.#parquet = new ParquetWriter({ writer: this.#bytes, ...shape });
  }

  /** @throws the error of the file system if the file exists */
  static async open(file: string, shape: ParquetShape): Promise<ParquetFile> {
    return new ParquetFile(await open(file, 'wx'), shape);
  }

  get bytes(): number {
    return this.#bytes.offset;
  }

  get rowGroups(): number {
    return this.#parquet.row_groups.length;
  }

  async writeGroup(columnData: ColumnSource[], rows: number): Promise<void> {
    await this.#parquet.write({ columnData, rowGroupSize: rows });
    await this.#flush();
  }

  async close(): Promise<{ readonly sha256: Sha256; readonly bytes: number }> {
    await this.#parquet.finish();
    await this.#flush();
    await this.#handle.close();
    return { sha256: toSha256(this.#hash.digest('hex')), bytes: this.#bytes.offset };
  }

  async #flush(): Promise<void> {
    const bytes = this.#bytes.getBytes();
    this.#hash.update(bytes);
    await this.#handle.writeFile(bytes);
    // The buffer is used again. `offset` goes on counting from the start of the file.
    this.#bytes.index = 0;
  }
}

import type { FileHandle } from 'node:fs/promises';
import {
  parquetMetadataAsync,
  parquetSchema,
  type AsyncBuffer,
  type FileMetaData,
  type RowGroup,
  type SchemaTree,
} from 'hyparquet';
import { columnAt, leafOf, columnValues } from './read-column.ts';

/** The most numbers in the lists of a row group, which is in memory as a whole: 8 bytes each, and as many while it is read. */
export const MAX_LISTED_NUMBERS = 12_000_000;

/** Parsed metadata takes up to 100 times its size. */
const MAX_METADATA_BYTES = 16 * 1024 * 1024;
const MAX_NESTED = 1_000;

export interface OpenParquet {
  readonly buffer: AsyncBuffer;
  readonly metadata: FileMetaData;
  readonly schema: SchemaTree;
}

/** @throws Error if it is no Parquet file */
export async function openParquet(buffer: AsyncBuffer): Promise<OpenParquet> {
  const { byteLength } = buffer;
  if (byteLength < 12) throw new Error('it is too short');
  const bytes = new DataView(await buffer.slice(byteLength - 8, byteLength)).getUint32(0, true);
  if (bytes > MAX_METADATA_BYTES) throw new Error(`its metadata has ${bytes} bytes, more than ${MAX_METADATA_BYTES}`);
  const metadata = await parquetMetadataAsync(buffer, { geoparquet: false });
  // Each level of a chain of nodes repeats the path to it.
  const nested = metadata.schema.filter(({ num_children: children = 0 }) => children > 0).length;
  if (nested > MAX_NESTED) throw new Error(`it has ${nested} nested columns, more than ${MAX_NESTED}`);
  return { buffer, metadata, schema: parquetSchema(metadata) };
}

export interface WantedColumn {
  /** The names on the way to the column. */
  readonly path: readonly string[];
  /** The most values in the lists of all rows. By default there is one value a row. */
  readonly most?: number;
  readonly isBytes?: boolean;
}

/** The most bytes that the columns take together once they are decompressed. */
export interface WantedGroup {
  readonly group: RowGroup;
  readonly columns: readonly WantedColumn[];
  readonly maxBytes: number;
}

/** A list of numbers or texts has more items than its reader takes. */
export class TooManyValues extends Error {}

/** A page and its columns have headers beside the values. */
const SPARE_BYTES = 64 * 1024;

/** Reads columns of a row group: for each the values or lists of all rows. Sizes are checked before anything is decompressed. @throws Error */
export async function readGroup(
  { buffer, schema }: OpenParquet,
  { group, columns, maxBytes }: WantedGroup,
): Promise<unknown[][]> {
  const rows = Number(group.num_rows);
  const chunks = new Map(group.columns.map((one) => [keyOf(one.meta_data?.path_in_schema ?? []), one]));
  const budget = { bytes: maxBytes + columns.length * SPARE_BYTES };
  const read: unknown[][] = [];
  for (const { path, most = rows, isBytes } of columns) {
    const column = columnAt(schema, path);
    const { meta_data: meta, file_path: elsewhere } = chunks.get(keyOf(leafOf(column).path)) ?? {};
    if (meta === undefined || elsewhere !== undefined)
      throw new Error(`a row group has no values of ${path.join('.')}`);
    const [count, bytes] = [Number(meta.num_values), Number(meta.total_compressed_size)];
    const name = path.join('.');
    if (count > most)
      throw new TooManyValues(`${rows} rows have ${count} values in the column ${name}, more than ${most}`);
    if (bytes > budget.bytes + SPARE_BYTES)
      throw new Error(`its column ${name} has ${bytes} bytes, more than its rows can need`);
    const start = Number(meta.dictionary_page_offset || meta.data_page_offset);
    const part = new Uint8Array(await buffer.slice(start, start + bytes));
    const values = columnValues({ bytes: part, codec: meta.codec, count, budget }, column, isBytes !== true);
    if (values.length !== rows)
      throw new Error(`a row group has ${rows} rows but ${values.length} in the column ${name}`);
    read.push(values);
  }
  return read;
}

const keyOf = (path: readonly string[]): string => path.join('\0');

export async function parquetBuffer(handle: FileHandle): Promise<AsyncBuffer> {
  const { size: byteLength } = await handle.stat();
  return {
    byteLength,
    async slice(start, end = byteLength) {
      if (start < 0 || end > byteLength || end < start)
        throw new RangeError(`its index names bytes ${start} to ${end} of ${byteLength}`);
      const part = new ArrayBuffer(end - start);
      const { bytesRead } = await handle.read(new Uint8Array(part), 0, end - start, start);
      if (bytesRead === end - start) return part;
      throw new RangeError(`it has no bytes at ${start + bytesRead}`);
    },
  };
}

import { open, type FileHandle } from 'node:fs/promises';
import zlib from 'node:zlib';
import { parquetRead, type AsyncBuffer, type Compressors, type FileMetaData } from 'hyparquet';

/** hyparquet takes about 60 bytes for each number in a list, and a row group is in memory as a whole. */
export const MAX_LISTED_NUMBERS = 12_000_000;

export interface OpenParquet {
  readonly buffer: AsyncBuffer;
  readonly metadata: FileMetaData;
}

interface Rows {
  readonly rowStart: number;
  readonly rowEnd: number;
  readonly columns: string[];
}

/** Reads rows of a file: for each column its values. @throws Error of hyparquet */
export async function readColumns(
  { buffer, metadata }: OpenParquet,
  { rowStart, rowEnd, columns }: Rows,
): Promise<ReadonlyMap<string, ArrayLike<unknown>>> {
  const group = new Map<string, ArrayLike<unknown>>();
  const chunks = new Map<string, { readonly data: ArrayLike<unknown>; readonly rowStart: number }[]>();
  await parquetRead({
    file: buffer,
    metadata,
    rowStart,
    rowEnd,
    columns,
    compressors: COMPRESSORS,
    onChunk: ({ columnName, columnData, rowStart: from }) => {
      const list = chunks.get(columnName) ?? [];
      list.push({ data: columnData, rowStart: from });
      chunks.set(columnName, list);
    },
  });
  for (const [name, parts] of chunks) {
    const [only] = parts;
    group.set(name, parts.length === 1 && only?.rowStart === rowStart ? only.data : joined(parts, rowStart));
  }
  return group;
}

function joined(
  parts: readonly { readonly data: ArrayLike<unknown>; readonly rowStart: number }[],
  rowStart: number,
): unknown[] {
  const all: unknown[] = [];
  for (const part of parts)
    for (let i = 0; i < part.data.length; i += 1) all[part.rowStart - rowStart + i] = part.data[i];
  return all;
}

const bytesOf = (buffer: Buffer): Uint8Array => new Uint8Array(buffer.buffer, buffer.byteOffset, buffer.byteLength);

/** hyparquet itself knows Snappy. Node has these. */
const COMPRESSORS: Compressors = {
  GZIP: (input) => bytesOf(zlib.gunzipSync(input)),
  BROTLI: (input) => bytesOf(zlib.brotliDecompressSync(input)),
};

export async function withParquetFile<T>(file: string, use: (buffer: AsyncBuffer) => Promise<T>): Promise<T> {
  const handle = await open(file);
  try {
    return await use(await parquetBuffer(handle));
  } finally {
    await handle.close();
  }
}

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

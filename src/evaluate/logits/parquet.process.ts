import { open, type FileHandle } from 'node:fs/promises';
import zlib from 'node:zlib';
import {
  parquetMetadataAsync,
  parquetRead,
  parquetSchema,
  type AsyncBuffer,
  type Compressors,
  type FileMetaData,
} from 'hyparquet';
import { firstOf } from '../../collection/first-of.ts';
import { quote } from '../../config/quote.ts';
import { messageOf } from '../../kernel/errors.ts';
import { badLogits, type LogitRow, type LogitTable } from './table.ts';

/** A row group is in memory as a whole. */
const MAX_GROUP_BYTES = 1024 * 1024 * 1024;
/** Numbers in the lists of a row group. hyparquet takes about 60 bytes for each. */
const MAX_LISTED_NUMBERS = 12_000_000;
const PHOTO_COLUMNS: ReadonlySet<string> = new Set(['file_name', 'file', 'filename', 'path', 'image', 'name']);

/**
 * Opens lists of numbers in one column, or a column of numbers for each class. A column of text names the photos. One
 * row group is in memory at a time.
 * @throws UsageError `bad-logits`
 */
export async function openParquet(file: string): Promise<LogitTable> {
  return withFile(file, async (buffer) => {
    const metadata = await parsed(file, () => parquetMetadataAsync(buffer));
    const layout = layoutOf(file, metadata);
    const columns =
      layout.list === null ? layout.numbers.length : await listLength({ file, buffer, metadata }, layout.list);
    return {
      file,
      columns,
      names: layout.list === null ? layout.numbers : null,
      namesPhotos: layout.photos !== null,
      rows: () => rowsOf({ file, metadata, layout, columns }),
    };
  });
}

interface Layout {
  readonly photos: string | null;
  readonly list: string | null;
  readonly numbers: readonly string[];
}

function layoutOf(file: string, metadata: FileMetaData): Layout {
  const texts: string[] = [];
  const lists: string[] = [];
  const numbers: string[] = [];
  for (const { element, children } of parquetSchema(metadata).children) {
    if (children.length > 0) lists.push(element.name);
    else if (element.type === 'BYTE_ARRAY') texts.push(element.name);
    else numbers.push(element.name);
  }
  const photos = texts.length === 1 ? texts[0] : texts.find((name) => PHOTO_COLUMNS.has(name.toLowerCase()));
  if (photos === undefined && texts.length > 0)
    throw badLogits(
      file,
      `several columns hold text (${listed(texts)}). Keep one, with the names of the photos, and call it file_name`,
    );
  const [list, ...more] = lists;
  if (more.length > 0)
    throw badLogits(file, `several columns hold lists (${listed(lists)}). Keep the one with the logits`);
  if (list === undefined && numbers.length === 0)
    throw badLogits(file, 'it has no column of numbers. Write a column for each class, or one column of lists');
  return { photos: photos ?? null, list: list ?? null, numbers };
}

function listed(names: readonly string[]): string {
  return firstOf(names.map(quote), 5).join(', ');
}

interface OpenTable {
  readonly file: string;
  readonly metadata: FileMetaData;
  readonly layout: Layout;
  readonly columns: number;
}

async function listLength(source: OpenFile, list: string): Promise<number> {
  if (source.metadata.num_rows === 0n) throw badLogits(source.file, 'it has no rows. Write a row for each photo');
  const group = await readGroup(source, { rowStart: 0, rowEnd: 1, columns: [list] });
  return listAt(group.get(list), 0).length;
}

async function* rowsOf(table: OpenTable): AsyncGenerator<LogitRow, void, undefined> {
  const { file, metadata, layout } = table;
  const { photos, list, numbers } = layout;
  const columns = [...(photos === null ? [] : [photos]), ...(list === null ? numbers : [list])];
  const handle = await open(file);
  try {
    const buffer = await bufferOf(handle);
    let rowStart = 0;
    for (const { num_rows, total_byte_size } of metadata.row_groups) {
      const rowEnd = rowStart + Number(num_rows);
      const numbersInLists = list === null ? 0 : (rowEnd - rowStart) * table.columns;
      if (total_byte_size > MAX_GROUP_BYTES || numbersInLists > MAX_LISTED_NUMBERS)
        throw badLogits(
          file,
          `a row group has ${num_rows} rows, which would not fit into memory. Write it with row_group_size=5000, or as an npy file`,
        );
      const group = await readGroup({ file, buffer, metadata }, { rowStart, rowEnd, columns });
      yield* rowsOfGroup(table, group, { rowStart, rowEnd });
      rowStart = rowEnd;
    }
  } finally {
    await handle.close();
  }
}

function* rowsOfGroup(
  { file, layout, columns }: OpenTable,
  group: ReadonlyMap<string, ArrayLike<unknown>>,
  { rowStart, rowEnd }: { readonly rowStart: number; readonly rowEnd: number },
): Generator<LogitRow, void, undefined> {
  const values = new Float64Array(columns);
  const photos = layout.photos === null ? null : (group.get(layout.photos) ?? []);
  const lists = layout.list === null ? null : group.get(layout.list);
  const numbers = layout.numbers.map((name) => group.get(name));
  for (let row = rowStart; row < rowEnd; row += 1) {
    const i = row - rowStart;
    const given = lists === null ? numbers.map((column) => column?.[i]) : listAt(lists, i);
    if (given.length !== columns)
      throw badLogits(
        file,
        `the list of row ${row} (counted from 0) has ${given.length} numbers but the first has ${columns}. Give all rows the same number`,
      );
    for (let column = 0; column < columns; column += 1) values[column] = numberOf(given[column], { file, row, column });
    yield { photo: photos === null ? null : photoOf(photos[i], { file, row }), values };
  }
}

/** The list of one row; [] for any other value, which then fails as a list of the wrong length. */
function listAt(lists: ArrayLike<unknown> | undefined, i: number): ArrayLike<unknown> {
  const list = lists?.[i];
  if (Array.isArray(list) || list instanceof Float32Array || list instanceof Float64Array) return list;
  return [];
}

function numberOf(
  value: unknown,
  at: { readonly file: string; readonly row: number; readonly column: number },
): number {
  if (typeof value === 'number') return value;
  if (typeof value === 'bigint') return Number(value);
  throw badLogits(
    at.file,
    `Expected a number in row ${at.row}, column ${at.column} (counted from 0) but received ${quote(value)}. Write floats`,
  );
}

function photoOf(value: unknown, { file, row }: { readonly file: string; readonly row: number }): string {
  if (typeof value === 'string') return value;
  throw badLogits(file, `Expected the name of a photo in row ${row} (counted from 0) but received ${quote(value)}`);
}

interface OpenFile {
  readonly file: string;
  readonly buffer: AsyncBuffer;
  readonly metadata: FileMetaData;
}

async function readGroup(
  { file, buffer, metadata }: OpenFile,
  { rowStart, rowEnd, columns }: { readonly rowStart: number; readonly rowEnd: number; readonly columns: string[] },
): Promise<ReadonlyMap<string, ArrayLike<unknown>>> {
  const group = new Map<string, ArrayLike<unknown>>();
  const chunks = new Map<string, { readonly data: ArrayLike<unknown>; readonly rowStart: number }[]>();
  await parsed(file, () =>
    parquetRead({
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
    }),
  );
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

async function parsed<T>(file: string, work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    const advice = messageOf(error).includes('compression codec')
      ? "Write it with compression='snappy'"
      : 'Write or copy it again';
    throw badLogits(file, `hyparquet cannot read it (${messageOf(error)}). ${advice}`, error);
  }
}

async function withFile<T>(file: string, use: (buffer: AsyncBuffer) => Promise<T>): Promise<T> {
  const handle = await open(file);
  try {
    return await use(await bufferOf(handle));
  } finally {
    await handle.close();
  }
}

async function bufferOf(handle: FileHandle): Promise<AsyncBuffer> {
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

import { open } from 'node:fs/promises';
import { parquetMetadataAsync, parquetSchema, type FileMetaData } from 'hyparquet';
import { firstOf } from '../../collection/first-of.ts';
import { quote } from '../../config/quote.ts';
import { messageOf } from '../../kernel/errors.ts';
import {
  MAX_LISTED_NUMBERS,
  parquetBuffer,
  readColumns,
  withParquetFile,
  type OpenParquet,
} from '../../platform/parquet/read-parquet.ts';
import { badLogits, type LogitRow, type LogitTable } from './table.ts';

/** A row group is in memory as a whole. */
const MAX_GROUP_BYTES = 1024 * 1024 * 1024;
const PHOTO_COLUMNS: ReadonlySet<string> = new Set(['file_name', 'file', 'filename', 'path', 'image', 'name']);

/**
 * Opens lists of numbers in one column, or a column of numbers for each class. A column of text names the photos. One
 * row group is in memory at a time.
 * @throws UsageError `bad-logits`
 */
export async function openParquet(file: string): Promise<LogitTable> {
  return withParquetFile(file, async (buffer) => {
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
  const group = await parsed(source.file, () => readColumns(source, { rowStart: 0, rowEnd: 1, columns: [list] }));
  return listAt(group.get(list), 0).length;
}

async function* rowsOf(table: OpenTable): AsyncGenerator<LogitRow, void, undefined> {
  const { file, metadata, layout } = table;
  const { photos, list, numbers } = layout;
  const columns = [...(photos === null ? [] : [photos]), ...(list === null ? numbers : [list])];
  const handle = await open(file);
  try {
    const buffer = await parquetBuffer(handle);
    let rowStart = 0;
    for (const { num_rows, total_byte_size } of metadata.row_groups) {
      const rowEnd = rowStart + Number(num_rows);
      const numbersInLists = list === null ? 0 : (rowEnd - rowStart) * table.columns;
      if (total_byte_size > MAX_GROUP_BYTES || numbersInLists > MAX_LISTED_NUMBERS)
        throw badLogits(
          file,
          `a row group has ${num_rows} rows, which would not fit into memory. Write it with row_group_size=5000, or as an npy file`,
        );
      const [from, to] = [rowStart, rowEnd];
      const group = await parsed(file, () =>
        readColumns({ buffer, metadata }, { rowStart: from, rowEnd: to, columns }),
      );
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

interface OpenFile extends OpenParquet {
  readonly file: string;
}

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

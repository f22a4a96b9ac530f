import { open } from 'node:fs/promises';
import { quote } from '../../../core/tools/quote.ts';
import { messageOf, type UsageError } from '../../../core/kernel/errors.ts';
import {
  MAX_LISTED_NUMBERS,
  openParquet,
  parquetBuffer,
  readGroup,
  TooManyValues,
  type OpenParquet,
  type WantedColumn,
  type WantedGroup,
} from '../../../core/platform/parquet/read-parquet.ts';
import { badLogits, type LogitRow, type LogitTable } from './table.ts';
import { quoted } from '../quoted.ts';

/** A row group is in memory as a whole. */
const MAX_GROUP_BYTES = 1024 * 1024 * 1024;
/** The most bytes of a value, and of a row for its name. */
const [NUMBER_BYTES, NAME_BYTES] = [8, 1_000];
const PHOTO_COLUMNS: ReadonlySet<string> = new Set(['file_name', 'file', 'filename', 'path', 'image', 'name']);

/**
 * Opens lists of numbers in one column, or a column of numbers for each class. A column of text names the photos. One
 * row group is in memory at a time.
 * @throws UsageError `bad-logits`
 */
export async function openParquetLogits(file: string): Promise<LogitTable> {
  const handle = await open(file);
  try {
    const parquet = await parsed(file, async () => openParquet(await parquetBuffer(handle)));
    const layout = layoutOf(file, parquet);
    const columns = layout.list === null ? layout.numbers.length : await listLength({ file, parquet }, layout.list);
    return {
      file,
      columns,
      names: layout.list === null ? layout.numbers : null,
      namesPhotos: layout.photos !== null,
      rows: () => rowsOf({ file, layout, columns }, parquet),
    };
  } finally {
    await handle.close();
  }
}

interface Layout {
  readonly photos: string | null;
  readonly list: string | null;
  readonly numbers: readonly string[];
}

function layoutOf(file: string, { schema }: OpenParquet): Layout {
  const texts: string[] = [];
  const lists: string[] = [];
  const numbers: string[] = [];
  for (const { element, children } of schema.children) {
    if (children.length > 0) lists.push(element.name);
    else if (element.type === 'BYTE_ARRAY') texts.push(element.name);
    else numbers.push(element.name);
  }
  const photos = texts.length === 1 ? texts[0] : texts.find((name) => PHOTO_COLUMNS.has(name.toLowerCase()));
  if (photos === undefined && texts.length > 0)
    throw badLogits(
      file,
      `several columns hold text (${quoted(texts)}). Keep one, with the names of the photos, and call it file_name`,
    );
  const [list, ...more] = lists;
  if (more.length > 0)
    throw badLogits(file, `several columns hold lists (${quoted(lists)}). Keep the one with the logits`);
  if (list === undefined && numbers.length === 0)
    throw badLogits(file, 'it has no column of numbers. Write a column for each class, or one column of lists');
  return { photos: photos ?? null, list: list ?? null, numbers };
}

interface OpenTable {
  readonly file: string;
  readonly layout: Layout;
  readonly columns: number;
}

interface OpenFile {
  readonly file: string;
  readonly parquet: OpenParquet;
}

async function listLength({ file, parquet }: OpenFile, list: string): Promise<number> {
  const group = parquet.metadata.row_groups.find(({ num_rows }) => num_rows > 0);
  if (group === undefined) throw badLogits(file, 'it has no rows. Write a row for each photo');
  const columns = [{ path: [list], most: MAX_LISTED_NUMBERS }];
  const [lists] = await readColumns({ file, parquet }, group, columns);
  return listAt(lists, 0).length;
}

async function* rowsOf(table: OpenTable, { metadata, schema }: OpenParquet): AsyncGenerator<LogitRow, void, undefined> {
  const { file, layout, columns } = table;
  const { photos, list, numbers } = layout;
  const handle = await open(file);
  try {
    const parquet = { metadata, schema, buffer: await parquetBuffer(handle) };
    let rowStart = 0;
    for (const group of metadata.row_groups) {
      const rows = Number(group.num_rows);
      const isTooLarge =
        list === null ? rows * columns * NUMBER_BYTES > MAX_GROUP_BYTES : rows * columns > MAX_LISTED_NUMBERS;
      if (isTooLarge) throw tooLarge(file, rows);
      const wanted = [
        ...(photos === null ? [] : [{ path: [photos] }]),
        ...(list === null ? numbers.map((name) => ({ path: [name] })) : [{ path: [list], most: MAX_LISTED_NUMBERS }]),
      ];
      const read = rows === 0 ? [] : await readColumns({ file, parquet }, group, wanted);
      yield* rowsOfGroup(table, read, { rowStart, rowEnd: rowStart + rows });
      rowStart += rows;
    }
  } finally {
    await handle.close();
  }
}

async function readColumns(
  { file, parquet }: OpenFile,
  group: WantedGroup['group'],
  columns: readonly WantedColumn[],
): Promise<unknown[][]> {
  const rows = Number(group.num_rows);
  if (rows > MAX_LISTED_NUMBERS) throw tooLarge(file, rows);
  const numbers = columns.reduce((sum, { most = rows }) => sum + most, 0);
  const maxBytes = Math.min(MAX_GROUP_BYTES, 2 * NUMBER_BYTES * numbers + NAME_BYTES * rows);
  return parsed(file, () => readGroup(parquet, { group, columns, maxBytes })).catch((error: UsageError) => {
    throw error.cause instanceof TooManyValues ? tooLarge(file, rows) : error;
  });
}

function tooLarge(file: string, rows: number): UsageError {
  return badLogits(
    file,
    `a row group has ${rows} rows, which would not fit into memory. Write it with row_group_size=5000, or as an npy file`,
  );
}

function* rowsOfGroup(
  { file, layout, columns }: OpenTable,
  columnsRead: readonly unknown[][],
  { rowStart, rowEnd }: { readonly rowStart: number; readonly rowEnd: number },
): Generator<LogitRow, void, undefined> {
  const values = new Float64Array(columns);
  const [photos, numbers] = layout.photos === null ? [null, columnsRead] : [columnsRead[0] ?? [], columnsRead.slice(1)];
  for (let row = rowStart; row < rowEnd; row += 1) {
    const i = row - rowStart;
    const given = layout.list === null ? numbers.map((column) => column[i]) : listAt(numbers[0], i);
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
function listAt(lists: readonly unknown[] | undefined, i: number): readonly unknown[] {
  const list: unknown = lists?.[i];
  return Array.isArray(list) ? list : [];
}

function numberOf(
  value: unknown,
  at: { readonly file: string; readonly row: number; readonly column: number },
): number {
  if (typeof value === 'number') return value;
  throw badLogits(
    at.file,
    `Expected a number in row ${at.row}, column ${at.column} (counted from 0) but received ${quote(value)}. Write floats`,
  );
}

function photoOf(value: unknown, { file, row }: { readonly file: string; readonly row: number }): string {
  if (typeof value === 'string') return value;
  throw badLogits(file, `Expected the name of a photo in row ${row} (counted from 0) but received ${quote(value)}`);
}

async function parsed<T>(file: string, work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    const advice = /unsupported (?:compression codec|encoding)/.test(messageOf(error))
      ? "Write it with compression='snappy' and the writer's own encodings"
      : 'Write or copy it again';
    throw badLogits(file, `hyparquet cannot read it (${messageOf(error)}). ${advice}`, error);
  }
}

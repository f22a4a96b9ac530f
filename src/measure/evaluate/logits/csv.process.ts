import { createReadStream } from 'node:fs';
import { CsvError } from 'csv-parse';
import { parse } from 'csv-parse/sync';
import { quote } from '../../../core/tools/quote.ts';
import { codeOf } from '../../../core/kernel/errors.ts';
import { badLogits, type LogitRow, type LogitTable } from './table.ts';

/** The longest line. 22,000 classes with 20 digits have half a megabyte. */
const MAX_LINE_BYTES = 4 * 1024 * 1024;

interface Layout {
  readonly file: string;
  readonly delimiter: string;
  readonly hasHeader: boolean;
  readonly namesPhotos: boolean;
  readonly cells: number;
}

/**
 * Opens a table of numbers separated by commas or tabs, one photo per line. It may have a header, and names of photos
 * in the first column. Lines are read one at a time.
 * @throws UsageError `bad-logits`
 */
export async function openCsv(file: string): Promise<LogitTable> {
  const [firstLine, secondLine] = await firstLines(file);
  if (firstLine === undefined) throw badLogits(file, 'it is empty. Write a row of numbers for each photo');
  const delimiter = firstLine.includes('\t') ? '\t' : ',';
  const first = cellsOf(firstLine, { file, delimiter, number: 1 });
  const hasHeader = isHeader(first);
  if (hasHeader && secondLine === undefined)
    throw badLogits(file, 'it has a header and no rows. Write a row of numbers for each photo');
  const row = hasHeader ? cellsOf(secondLine ?? '', { file, delimiter, number: 2 }) : first;
  const namesPhotos = numberIn(row[0] ?? '') === null && row[0] !== '';
  const columns = first.length - Number(namesPhotos);
  if (columns === 0) throw badLogits(file, 'it has no columns of numbers. Write a column for each class');
  const layout = { file, delimiter, hasHeader, namesPhotos, cells: first.length };
  const names = hasHeader ? first.slice(Number(namesPhotos)) : null;
  return { file, columns, names, namesPhotos, rows: () => rowsOf(layout) };
}

/** A header has names instead of all numbers, or counts its columns. The first cell may be a name in any line. */
function isHeader(cells: readonly string[]): boolean {
  const rest = cells.slice(1);
  if (areCounted(cells) || areCounted(rest)) return true;
  return (rest.length === 0 ? cells : rest).every((cell) => numberIn(cell) === null && cell !== '');
}

async function firstLines(file: string): Promise<string[]> {
  const lines: string[] = [];
  for await (const { text } of linesOf(file)) {
    lines.push(text);
    if (lines.length === 2) break;
  }
  return lines;
}

async function* rowsOf(layout: Layout): AsyncGenerator<LogitRow, void, undefined> {
  const { file, delimiter, hasHeader, namesPhotos } = layout;
  const values = new Float64Array(layout.cells - Number(namesPhotos));
  let isFirst = true;
  for await (const { number, text } of linesOf(file)) {
    if (!isFirst || !hasHeader) {
      const cells = cellsOf(text, { file, delimiter, number });
      fill(values, cells, { ...layout, number });
      yield { photo: namesPhotos ? (cells[0] ?? '') : null, values };
    }
    isFirst = false;
  }
}

function fill(
  values: Float64Array,
  cells: readonly string[],
  { file, number, ...layout }: Layout & { number: number },
) {
  if (cells.length !== layout.cells)
    throw badLogits(
      file,
      `line ${number} has ${cells.length} cells but the first line has ${layout.cells}. Give all rows the same cells`,
    );
  const first = Number(layout.namesPhotos);
  for (let i = first; i < cells.length; i += 1) {
    const value = numberIn(cells[i] ?? '');
    if (value === null)
      throw badLogits(
        file,
        `Expected a number in cell ${i + 1} of line ${number} but received ${quote(cells[i] ?? '')}. Write numbers with a decimal point, separated by commas`,
      );
    values[i - first] = value;
  }
}

/** Splits a line. Only lines with quotes need a parser, which takes ten times as long. */
function cellsOf(
  text: string,
  { file, delimiter, number }: { readonly file: string; readonly delimiter: string; readonly number: number },
): readonly string[] {
  if (!text.includes('"')) return text.split(delimiter);
  try {
    const [cells = []] = parse(text, { delimiter });
    return cells;
  } catch (error) {
    if (!(error instanceof CsvError)) throw error;
    throw badLogits(file, `line ${number} is no row of a table: ${error.message}. Write it with a CSV library`, error);
  }
}

async function* linesOf(file: string) {
  const source = createReadStream(file, { highWaterMark: 256 * 1024 });
  try {
    for await (const line of textLines(source, MAX_LINE_BYTES)) if (line.text.trim() !== '') yield line;
  } catch (error) {
    if (error instanceof RangeError) throw badLogits(file, `${error.message}. Write a line for each photo`, error);
    if (codeOf(error) === 'ERR_ENCODING_INVALID_ENCODED_DATA')
      throw badLogits(file, 'Expected an npy, npz, csv or parquet file but it is neither binary nor UTF-8 text', error);
    throw error;
  } finally {
    source.destroy();
  }
}

/** Words for numbers that are not finite, as NumPy, pandas and PyTorch write them. */
const NOT_FINITE = /^[+-]?(?:nan|inf|infinity)$/i;

function numberIn(cell: string): number | null {
  const value = Number(cell);
  if (!Number.isNaN(value)) return cell.trim() === '' ? null : value;
  const word = cell.trim();
  if (!NOT_FINITE.test(word)) return null;
  if (/nan$/i.test(word)) return Number.NaN;
  return word.startsWith('-') ? -Infinity : Infinity;
}

/** True if the names only count columns, as pandas does: 0, 1, 2, … */
function areCounted(names: readonly string[]): boolean {
  return names.length > 1 && names.every((name, i) => numberIn(name) === i);
}

const LINE_FEED = 0x0a;

/**
 * Lines that end with LF or CR LF, without a byte order mark.
 * @throws RangeError if a line is longer than `maxBytes`, with its number; TypeError if it is not UTF-8
 */
async function* textLines(chunks: AsyncIterable<Buffer>, maxBytes: number) {
  const decoder = new TextDecoder('utf-8', { fatal: true });
  let rest: Buffer = Buffer.alloc(0);
  let number = 0;
  const line = (bytes: Buffer) => {
    number += 1;
    return { number, text: decoder.decode(bytes).replace(/\r$/, '') };
  };
  for await (const chunk of chunks) {
    const data = rest.length === 0 ? chunk : Buffer.concat([rest, chunk]);
    let from = 0;
    for (let end = data.indexOf(LINE_FEED); end !== -1; end = data.indexOf(LINE_FEED, from)) {
      yield line(data.subarray(from, end));
      from = end + 1;
    }
    rest = data.subarray(from);
    if (rest.length > maxBytes) throw new RangeError(`line ${number + 1} has more than ${maxBytes} bytes`);
  }
  if (rest.length > 0) yield line(rest);
}

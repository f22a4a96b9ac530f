import { pipeline, type Readable } from 'node:stream';
import { CsvError, parse } from 'csv-parse';

/** A quote that is never closed would make the rest of the file one cell; no honest row is a mebibyte long. */
export const MAX_ROW_BYTES = 1024 * 1024;

export interface CsvFormat {
  readonly delimiter: ',' | '\t';
  /** Whether cells may be quoted; otherwise a quote is a character like any other. */
  readonly isQuoted: boolean;
  /** 'latin1': a cell is a string of bytes, one in each character. */
  readonly encoding: 'utf8' | 'latin1';
  /** Says what went wrong with the input, for people; rethrows what is not the input's fault. */
  readonly describeError: (error: unknown) => string;
}

export interface CsvRow {
  /** Where it begins, from 1. */
  readonly line: number;
  readonly cells: readonly string[];
  /** Why neither this row nor what follows can be read; the last row, then. */
  readonly error: string | null;
}

/** What csv-parse hands out with `info`. */
interface ParsedRow {
  readonly record: readonly string[];
  readonly info: { readonly empty_lines: number };
}

/**
 * The rows of a CSV or TSV stream, the header as any other, empty lines left out. Rows may differ in length. Quotes that
 * are out of place are read as characters, so that they spoil no other row; only a quote that is never closed, or a row
 * of more than a mebibyte, ends the reading, in a row with an error. The input is closed however the reading ends.
 */
export async function* csvRows(input: Readable, format: CsvFormat): AsyncGenerator<CsvRow> {
  let line = 1;
  let emptyLines = 0;
  try {
    for await (const { record, info } of parsedRows(input, format)) {
      emptyLines = info.empty_lines;
      yield { line: line + emptyLines, cells: record, error: null };
      // csv-parse counts CRLF in a quoted cell as two lines, so it is done here.
      line += 1 + record.reduce((count, cell) => count + (cell.match(/\r\n|\r|\n/g)?.length ?? 0), 0);
    }
  } catch (error) {
    const reason = error instanceof CsvError ? error.message : format.describeError(error);
    yield { line: line + emptyLines, cells: [], error: reason };
  }
}

function parsedRows(input: Readable, { delimiter, isQuoted, encoding }: CsvFormat): AsyncIterable<ParsedRow> {
  const parser = parse({
    delimiter,
    encoding,
    info: true,
    max_record_size: MAX_ROW_BYTES,
    quote: isQuoted ? '"' : null,
    record_delimiter: ['\r\n', '\n', '\r'],
    relax_column_count: true,
    relax_quotes: true,
    skip_empty_lines: true,
  });
  // Both streams are destroyed together however the reading ends; errors reach the iteration.
  return pipeline(input, parser, () => {});
}

/** What the first three bytes of a file say of its encoding. */
export function encodingMark(bytes: Uint8Array): 'utf-8' | 'utf-16' | null {
  const mark = Buffer.from(bytes.subarray(0, 3)).toString('hex');
  if (/^(?:fffe|feff)/.test(mark)) return 'utf-16';
  return mark === 'efbbbf' ? 'utf-8' : null;
}

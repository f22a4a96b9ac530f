import { pipeline, type Readable } from 'node:stream';
import { CsvError, parse } from 'csv-parse';
import { listRow, readColumns, type ColumnRules, type ListColumns, type ListRow } from './list-columns.ts';

/** The longest row. It limits an unclosed quote, which would make the rest of the file one cell. Real rows are far shorter. */
export const MAX_ROW_BYTES = 1024 * 1024;

export interface CsvFormat {
  readonly delimiter: ',' | '\t';
  /** True if cells may be quoted. If not, a quote is an ordinary character. */
  readonly isQuoted: boolean;
  /** 'latin1': each character of a cell holds one byte. */
  readonly encoding: 'utf8' | 'latin1';
  /** Describes an error of the input for people. Rethrows any other error. */
  readonly describeError: (error: unknown) => string;
}

export interface CsvRow {
  /** The line on which the row begins, from 1. */
  readonly line: number;
  readonly cells: readonly string[];
  /** Why this row and all that follow cannot be read. Such a row is the last one. */
  readonly error: string | null;
}

/**
 * Reads the rows of a CSV or TSV stream, including the header and without empty lines. Rows may differ in length. A misplaced
 * quote is read as a character, so that it damages no other row. An unclosed quote, or a row of more than a mebibyte, ends the
 * reading with an error row. The input is always closed at the end.
 */
export async function* csvRows(input: Readable, format: CsvFormat): AsyncGenerator<CsvRow> {
  let line = 1;
  let emptyLines = 0;
  try {
    for await (const { record, info } of parsedRows(input, format)) {
      emptyLines = info.empty_lines;
      yield { line: line + emptyLines, cells: record, error: null };
      // Lines are counted here, because csv-parse counts a CRLF in a quoted cell as two lines.
      line += 1 + record.reduce((count, cell) => count + (cell.match(/\r\n|\r|\n/g)?.length ?? 0), 0);
    }
  } catch (error) {
    const reason = error instanceof CsvError ? error.message : format.describeError(error);
    yield { line: line + emptyLines, cells: [], error: reason };
  }
}

/** Yields a list's rows. Throws a UsageError if the header cannot be read, or lacks a required column. */
export async function* listRows(rows: AsyncIterable<CsvRow>, rules: ColumnRules): AsyncGenerator<ListRow> {
  let columns: ListColumns | null = null;
  for await (const row of rows) {
    if (columns !== null) yield listRow(row, columns);
    else if (row.error === null) columns = readColumns(row.cells, rules);
    else throw rules.unusable(row.error);
  }
  if (columns === null) readColumns([], rules);
}

function parsedRows(
  input: Readable,
  { delimiter, isQuoted, encoding }: CsvFormat,
): AsyncIterable<{ record: readonly string[]; info: { empty_lines: number } }> {
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
  // The pipeline destroys both streams together. Errors reach the iteration.
  return pipeline(input, parser, () => {});
}

import { pipeline, Readable } from 'node:stream';
import { CsvError, parse } from 'csv-parse';
import { MAX_LINE_BYTES } from '../../kernel/lines.ts';
import { unreadable } from '../../kernel/errors.ts';

const MOST_COLUMNS = 200;

export interface CsvRecord {
  /** The line on which the row ends, from 1. */
  readonly line: number;
  readonly cells: Readonly<Record<string, string>>;
}

/** Quotes must be placed well, and rows must be as long as the header. @throws GiveUpOnItem with the line */
export async function* csvRecords(
  chunks: AsyncIterable<Buffer>,
  required: readonly string[],
): AsyncGenerator<CsvRecord> {
  const parser = parse({ info: true, max_record_size: MAX_LINE_BYTES });
  const rows: AsyncIterable<{ readonly record: readonly string[]; readonly info: { readonly lines: number } }> =
    pipeline(Readable.from(chunks), parser, () => undefined);
  let header: readonly string[] | null = null;
  try {
    for await (const { record, info } of rows) {
      if (header !== null)
        yield { line: info.lines, cells: Object.fromEntries(header.map((name, i) => [name, record[i] ?? ''])) };
      else header = headerOf(record, required);
    }
  } catch (error) {
    throw error instanceof CsvError ? unreadable(`Expected a CSV file but received: ${error.message}`, error) : error;
  }
  if (header === null) throw unreadable(`Expected a header with ${required.join(', ')} but the file is empty`);
}

function headerOf(names: readonly string[], required: readonly string[]): readonly string[] {
  if (names.length > MOST_COLUMNS)
    throw unreadable(`Expected at most ${MOST_COLUMNS} columns but the header has ${names.length}`);
  const missing = required.filter((name) => !names.includes(name));
  if (missing.length > 0 || new Set(names).size < names.length)
    throw unreadable(`Expected the columns ${required.join(', ')}, each once, but the header is ${names.join(', ')}`);
  return names;
}

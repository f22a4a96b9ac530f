import { constants, createReadStream } from 'node:fs';
import { access, stat } from 'node:fs/promises';
import path from 'node:path';
import type { Readable } from 'node:stream';
import { UsageError, WinnowError, codeOf } from '../../../kernel/errors.ts';
import { csvRows, listRows, MAX_ROW_BYTES } from '../csv-rows.process.ts';
import { describeSystemError } from '../folder/file-system.process.ts';
import { inflate, withoutMark } from '../inflate.process.ts';
import { REST_UNREAD, unreadRow, type ListRow } from '../list-columns.ts';
import type { FoundPhoto } from '../source.ts';
import { readJsonRow, readTextRow, FIELD_OF_NAME, photoOfRow, REQUIRED_FIELDS } from './row.ts';
import { urlListLines } from './lines.ts';

/**
 * Comma-separated with quotes (RFC 4180), tab-separated without quotes (IANA text/tab-separated-values), JSON Lines, or one
 * address a line.
 */
export type UrlListFormat = 'csv' | 'tsv' | 'jsonl' | 'txt';

type Chunks = AsyncIterable<Uint8Array | string>;

export interface UrlListOptions {
  readonly signal: AbortSignal;
  readonly name: string;
  readonly format?: UrlListFormat | undefined;
  /** The class of all lines of a list without classes (`txt`). */
  readonly label?: string | undefined;
}

const FORMAT_OF_EXTENSION: Readonly<Record<string, UrlListFormat>> = {
  '.csv': 'csv',
  '.tsv': 'tsv',
  '.tab': 'tsv',
  '.jsonl': 'jsonl',
  '.ndjson': 'jsonl',
  '.txt': 'txt',
};

export async function* discoverUrlListFile(
  file: string,
  options: Omit<UrlListOptions, 'name'>,
): AsyncGenerator<FoundPhoto, void, undefined> {
  const format = await checkUrlListFile(file, options);
  yield* discoverUrlList(createReadStream(file), {
    ...options,
    format,
    name: path.basename(file),
  });
}

/** Checks before any work that the list exists and its format is known. @throws UsageError otherwise */
export async function checkUrlListFile(
  file: string,
  { format, label }: Pick<UrlListOptions, 'format' | 'label'>,
): Promise<UrlListFormat> {
  // Check the name first, so that a name without a known format is reported whatever the state of the disk.
  const known = formatOf({ name: file, format, label });
  try {
    if ((await stat(file)).isDirectory()) throw unusable(file, 'a directory');
    await access(file, constants.R_OK);
    return known;
  } catch (error) {
    throw error instanceof WinnowError ? error : unusable(file, describeSystemError(error), error);
  }
}

/**
 * Yields every picture of a list of addresses, in the order of the list. Fields: `url` and `wnid`, optional `licence` (or
 * `license`), `creator` and `pageUrl` (or `page_url`). Other columns are ignored. CSV and TSV have a header; JSON Lines have
 * these keys. In `txt` each line is an address; blank lines and those that start with # are skipped. The list may be gzipped. Two runs over the same list yield the same sequence. A picture that is listed twice is
 * yielded twice.
 *
 * An unusable row is yielded with a problem that states its line: `unreadable` (wrong number of cells, no JSON object, no
 * address), `scheme-refused`, or `address-refused` (user name or password in the address). Nothing can be read after an
 * unclosed quote, in a damaged gzip or on a failing disk. The problem of the last photo then says so.
 *
 * Memory: some chunks and one row, however long the list is. Throws a UsageError, before anything is yielded, for an unknown
 * format, UTF-16, or a header without the required columns; the signal's reason when aborted.
 */
export async function* discoverUrlList(
  input: Chunks,
  options: UrlListOptions,
): AsyncGenerator<FoundPhoto, void, undefined> {
  const { signal, name } = options;
  signal.throwIfAborted();
  const format = formatOf(options);
  const rows =
    format === 'csv' || format === 'tsv' ? tableRows(input, options) : lineRows(input, options, READ_LINE[format]);
  for await (const row of rows) {
    signal.throwIfAborted();
    yield photoOfRow(row, name);
  }
}

function formatOf({ name, format, label }: Omit<UrlListOptions, 'signal'>): UrlListFormat {
  const known = format ?? FORMAT_OF_EXTENSION[path.extname(name.replace(/\.gz$/i, '')).toLowerCase()];
  if (known === 'txt' && label === undefined) throw classMissing(name);
  if (known !== undefined) return known;
  const message = `Expected a list of addresses whose name ends in .csv, .tsv or .jsonl (or these with .gz), or in .txt for one address a line, but received '${name}'; rename it, or state its format`;
  throw new UsageError(message, { code: 'url-list-format' });
}

async function* tableRows(input: Chunks, options: UrlListOptions): AsyncGenerator<ListRow> {
  const isCsv = formatOf(options) === 'csv';
  const rows = csvRows(await opened(input, options), {
    delimiter: isCsv ? ',' : '\t',
    isQuoted: isCsv,
    encoding: 'utf8',
    describeError: (error) => describeError(error, options.signal),
  });
  yield* listRows(rows, {
    fieldOfName: FIELD_OF_NAME,
    required: REQUIRED_FIELDS,
    separatedBy: isCsv ? 'commas' : 'tabs',
    where: options.name,
    advice: 'add what is missing',
    code: 'url-list-header',
    unusable: (received) => unusable(options.name, received),
  });
}

/** Null for a line without a row. */
type ReadLine = (text: string, line: number, label: string) => ListRow | null;

const READ_LINE: Readonly<Record<'jsonl' | 'txt', ReadLine>> = { jsonl: readJsonRow, txt: readTextRow };

async function* lineRows(input: Chunks, options: UrlListOptions, read: ReadLine): AsyncGenerator<ListRow> {
  let last = 0;
  try {
    for await (const { line, text, isTooLong } of urlListLines(await opened(input, options), MAX_ROW_BYTES)) {
      last = line;
      const tooLong = `expected a line of at most ${MAX_ROW_BYTES} bytes but received more`;
      const row = isTooLong ? unreadRow(line, text, tooLong) : read(text, line, options.label ?? '');
      if (row !== null) yield row;
    }
  } catch (error) {
    if (error instanceof WinnowError) throw error;
    yield unreadRow(last + 1, '', `${describeError(error, options.signal)}; ${REST_UNREAD}`);
  }
}

/** Opens the text of a list, which may be gzipped. The input is closed however the reading ends. */
async function opened(input: Chunks, { name, signal }: UrlListOptions): Promise<Readable> {
  try {
    const text = await withoutMark(await inflate(input, signal));
    if (text === null) throw unusable(name, 'UTF-16; save it as UTF-8');
    return text;
  } catch (error) {
    throw error instanceof WinnowError ? error : unusable(name, describeError(error, signal), error);
  }
}

/** Describes an error of the disk or of the decompression for people. Rethrows other errors. */
function describeError(error: unknown, signal: AbortSignal): string {
  signal.throwIfAborted();
  const code = codeOf(error) ?? '';
  if (code.startsWith('Z_')) return `damaged gzip (${code}: ${error instanceof Error ? error.message : ''})`;
  return describeSystemError(error);
}

/** For a list whose lines have no class. */
function classMissing(name: string): UsageError {
  const message = `Expected --class with one class of the collection, because the lines of '${name}' are addresses without a class. For several classes give a .csv, .tsv or .jsonl with url and wnid`;
  return new UsageError(message, { code: 'url-list-class' });
}

function unusable(where: string, received: string, cause?: unknown): UsageError {
  const message = `Expected a readable list of addresses in ${where} but received ${received}`;
  return new UsageError(message, { code: 'url-list-unusable', cause });
}

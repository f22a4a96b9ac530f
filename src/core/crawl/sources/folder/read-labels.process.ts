import type { FileHandle } from 'node:fs/promises';
import { UsageError } from '../../../kernel/errors.ts';
import { sha256Bytes } from '../../../tools/sha256.ts';
import { csvRows, listRows, type CsvRow } from '../csv-rows.process.ts';
import { withoutMark } from '../inflate.process.ts';
import type { ListRow } from '../list-columns.ts';
import { isWithin, joinPath, showPath } from './byte-path.ts';
import type { BytePath } from './byte-path.ts';
import { describeSystemError, openWithoutBlocking, resolvePath } from './file-system.process.ts';
import type { FolderEntry } from './folder-entry.ts';
import { labelRules, readRow } from './labels-csv.ts';

export const LABELS_FILE = 'labels.csv';

/**
 * Yields the entries of labels.csv in the order of its rows. Files that it does not list are ignored. A path that is listed
 * again with the same class is skipped.
 *
 * An unusable row becomes an entry `labels.csv:<line>`, whose problem states the line. Misplaced quotes are read as
 * characters, so that they damage no other row. Only a quote that is never closed ends the reading, with such an entry. The
 * file is read bytewise, so a path matches the name on disk in any encoding.
 *
 * Memory: about 50 bytes for each row, to recognise repetitions. Throws a UsageError, before the first entry, if labels.csv
 * is not a readable file of the folder, is UTF-16, or has no usable header.
 */
export async function* readLabels(root: BytePath, signal: AbortSignal): AsyncGenerator<FolderEntry> {
  const seen = new Set<bigint>();
  const path = joinPath(root, LABELS_FILE);
  const rules = { ...labelRules(showPath(path)), unusable: (received: string) => unusable(path, received) };
  for await (const row of listRows(await openRows(root), rules)) {
    signal.throwIfAborted();
    const entry = entryOf(row, root);
    if (isNew(entry, seen)) yield entry;
  }
}

async function openRows(root: BytePath): Promise<AsyncIterable<CsvRow>> {
  const path = joinPath(root, LABELS_FILE);
  let handle: FileHandle | undefined;
  try {
    const { real, kind } = await resolvePath(path);
    if (!isWithin(real, root)) throw unusable(path, `a link to ${showPath(real)}, outside the folder`);
    if (kind !== 'file') throw unusable(path, `a ${kind}`);
    handle = await openWithoutBlocking(real);
    // The file is closed together with the stream, however the reading ends.
    const text = await withoutMark(handle.createReadStream());
    if (text === null) throw unusable(path, 'UTF-16; save it as UTF-8');
    return csvRows(text, { delimiter: ',', isQuoted: true, encoding: 'latin1', describeError: describeSystemError });
  } catch (error) {
    await handle?.close();
    throw error instanceof UsageError ? error : unusable(path, describeSystemError(error), error);
  }
}

function unusable(path: BytePath, received: string, cause?: unknown): UsageError {
  const message = `Expected a readable CSV file with a header for the classes in ${showPath(path)} but received ${received}`;
  return new UsageError(message, { code: 'labels-csv-unusable', cause });
}

function entryOf(listed: ListRow, root: BytePath): FolderEntry {
  const { relative, ...row } = readRow(listed);
  return {
    ...row,
    relative: relative ?? `${LABELS_FILE}:${listed.line}`,
    // A URL never points outside the folder, so an entry with a problem points to the list.
    path: joinPath(root, row.problem === null && relative !== null ? relative : LABELS_FILE),
    mayLink: true,
    origin: `line ${listed.line} of ${LABELS_FILE}`,
  };
}

/** True if no earlier row has this path and class. Keeps 64 bits of a hash, so one in 10^7 lists of 10^6 rows is wrong. */
function isNew({ relative, label }: FolderEntry, seen: Set<bigint>): boolean {
  const key = sha256Bytes(`${relative}\0${label}`).readBigUInt64LE();
  if (seen.has(key)) return false;
  seen.add(key);
  return true;
}

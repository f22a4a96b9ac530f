import { readFile, stat } from 'node:fs/promises';
import { UsageError, codeOf, messageOf } from '../kernel/errors.ts';
import { displayPath } from './root.ts';

/** The largest file to read. Files of settings or classes are far smaller; this catches a video given by mistake. */
const MAX_TEXT_BYTES = 16 * 1024 * 1024;

export interface TextFile {
  /** Without a byte order mark. */
  readonly text: string;
  /** The file's content as it is on disk. */
  readonly bytes: Uint8Array;
}

/**
 * Reads a small UTF-8 file.
 *
 * @param what the kind of file, for messages: `a collection file`
 * @throws UsageError `unreadable-file` if the file is absent, not a regular file, too large or not UTF-8
 */
export async function readTextFile(path: string, what: string): Promise<TextFile> {
  const bytes = await readBounded(path, what);
  try {
    return { text: new TextDecoder('utf-8', { fatal: true }).decode(bytes), bytes };
  } catch (error) {
    throw unreadable(
      `Expected UTF-8 text in ${what} ${displayPath(path)} but received other bytes; save it as UTF-8`,
      error,
    );
  }
}

/** Reads a small UTF-8 file as `readTextFile` does. Returns undefined if it does not exist. */
export async function readTextFileIfPresent(path: string, what: string): Promise<TextFile | undefined> {
  try {
    return await readTextFile(path, what);
  } catch (error) {
    if (error instanceof UsageError && codeOf(error.cause) === 'ENOENT') return undefined;
    throw error;
  }
}

async function readBounded(path: string, what: string): Promise<Uint8Array> {
  try {
    const found = await stat(path); // Before opening, because opening a named pipe would block forever.
    if (!found.isFile()) throw new Error(found.isDirectory() ? 'it is a folder' : 'it is not a regular file');
    if (found.size > MAX_TEXT_BYTES)
      throw new Error(`it has ${found.size} bytes, which is more than the limit of ${MAX_TEXT_BYTES}`);
    return await readFile(path);
  } catch (error) {
    const why = codeOf(error) === 'ENOENT' ? 'no such file' : messageOf(error);
    throw unreadable(`Cannot read ${what} at ${displayPath(path)}: ${why}`, error);
  }
}

function unreadable(message: string, cause: unknown): UsageError {
  return new UsageError(message, { code: 'unreadable-file', cause });
}

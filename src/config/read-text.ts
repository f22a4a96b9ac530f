import { readFile, stat } from 'node:fs/promises';
import { UsageError, codeOf, messageOf } from '../kernel/errors.ts';
import { displayPath } from './root.ts';

/** No file of settings or classes comes near it; a device or a video given by mistake does. */
const MAX_TEXT_BYTES = 16 * 1024 * 1024;

export interface TextFile {
  /** Without a byte order mark. */
  readonly text: string;
  /** As on disk. */
  readonly bytes: Uint8Array;
}

/**
 * Reads a small UTF-8 file.
 *
 * @param what what the file is, for the message: `a collection file`
 * @throws UsageError `unreadable-file` if it is absent, no file, too large or not UTF-8
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

/** The same, or undefined if nothing of that name exists. */
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
    const found = await stat(path); // before opening: opening a named pipe would wait for ever
    if (!found.isFile()) throw new Error(found.isDirectory() ? 'it is a folder' : 'it is no regular file');
    if (found.size > MAX_TEXT_BYTES) throw new Error(`it has ${found.size} bytes, more than ${MAX_TEXT_BYTES}`);
    return await readFile(path);
  } catch (error) {
    const why = codeOf(error) === 'ENOENT' ? 'no such file' : messageOf(error);
    throw unreadable(`Expected ${what} at ${displayPath(path)} but received: ${why}`, error);
  }
}

function unreadable(message: string, cause: unknown): UsageError {
  return new UsageError(message, { code: 'unreadable-file', cause });
}

import { readFile, stat } from 'node:fs/promises';
import { UsageError, codeOf, messageOf } from '../kernel/errors.ts';
import { displayPath } from './root.ts';

/** The largest file to read. Files of settings or classes are far smaller; this catches a video given by mistake. */
const MAX_TEXT_BYTES = 16 * 1024 * 1024;

export interface TextFile {
  /** Without a byte order mark. */
  readonly text: string;
  readonly bytes: Uint8Array;
}

/**
 * Reads a small UTF-8 file. `what` is the kind of file, for messages: `a collection file`.
 *
 * @throws UsageError `unreadable-file` if it is absent, not a regular file, too large or not UTF-8
 */
export async function readTextFile(path: string, what: string): Promise<TextFile> {
  try {
    const found = await stat(path); // Before opening, because opening a named pipe would block forever.
    if (!found.isFile()) throw new Error(found.isDirectory() ? 'it is a folder' : 'it is not a regular file');
    if (found.size > MAX_TEXT_BYTES)
      throw new Error(`it has ${found.size} bytes, which is more than the limit of ${MAX_TEXT_BYTES}`);
    const bytes = await readFile(path);
    return { text: new TextDecoder('utf-8', { fatal: true }).decode(bytes), bytes };
  } catch (error) {
    const why = WHY_UNREADABLE[codeOf(error) ?? ''] ?? messageOf(error);
    throw new UsageError(`Cannot read ${what} at ${displayPath(path)}: ${why}`, {
      code: 'unreadable-file',
      cause: error,
    });
  }
}

const WHY_UNREADABLE: Readonly<Record<string, string>> = {
  ENOENT: 'no such file',
  ERR_ENCODING_INVALID_ENCODED_DATA: 'expected UTF-8 text but received other bytes; save it as UTF-8',
};

export async function readTextFileIfPresent(path: string, what: string): Promise<TextFile | undefined> {
  try {
    return await readTextFile(path, what);
  } catch (error) {
    if (error instanceof UsageError && codeOf(error.cause) === 'ENOENT') return undefined;
    throw error;
  }
}

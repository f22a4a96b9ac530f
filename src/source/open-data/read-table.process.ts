import type { Readable } from 'node:stream';
import { codeOf, messageOf, RetryLater } from '../../kernel/errors.ts';
import { inflate } from './inflate.process.ts';
import type { OpenDataFile } from './rows.ts';
import type { TsvReader } from './tsv.ts';

export interface ReadTableOptions {
  readonly file: OpenDataFile;
  readonly open: (file: OpenDataFile) => Promise<AsyncIterable<Uint8Array>>;
  readonly signal: AbortSignal;
  /** Called after each piece of the file. */
  readonly onRows: () => void;
}

/**
 * Yields the rows of one file, some hundreds at a time, as `table` parses them. It reads no further piece while its consumer
 * pauses, and closes the file however the reading ends.
 *
 * Throws the signal's reason when aborted, RetryLater if the file is cut off or damaged, and the errors of `open`, the bytes
 * and `table`.
 */
export async function* readTable(
  table: TsvReader,
  { file, open, signal, onRows }: ReadTableOptions,
): AsyncGenerator<readonly (readonly string[])[], void, undefined> {
  signal.throwIfAborted();
  let stream: Readable | undefined;
  try {
    stream = await inflate(await open(file), signal);
    const decoder = new TextDecoder();
    for await (const piece of stream) {
      const rows = table.push(decoder.decode(piece, { stream: true }));
      onRows();
      if (rows.length > 0) yield rows;
    }
    const rows = [...table.push(decoder.decode()), ...table.end()];
    if (rows.length > 0) yield rows;
  } catch (error) {
    signal.throwIfAborted();
    throw readable(error, file);
  } finally {
    stream?.destroy();
  }
}

/** Adds the file's name to errors of zlib. A damaged or shortened file may be complete the next time. */
function readable(error: unknown, file: OpenDataFile): unknown {
  if (codeOf(error)?.startsWith('Z_') !== true) return error;
  return new RetryLater(`Expected whole gzip data in ${file} but received: ${messageOf(error)}; download it again`, {
    code: 'open-data-damaged',
    cause: error,
  });
}

import { unreadable } from './errors.ts';

/** The longest line, in bytes. It limits the memory that a file without line feeds takes. Real lines are far shorter. */
export const MAX_LINE_BYTES = 1024 * 1024;

const LINE_FEED = 0x0a;

/** A line of a text file, without its line feed. */
export interface Line {
  /** From 1. */
  readonly number: number;
  readonly text: string;
  /** Where the line begins in the file, and its length, in bytes. */
  readonly offset: number;
  readonly bytes: number;
}

/** The lines of a UTF-8 file. @throws GiveUpOnItem for a longer line, bytes that are not UTF-8, no line feed at the end */
export async function* linesOf(chunks: AsyncIterable<Buffer>): AsyncGenerator<Line> {
  const decoder = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });
  let rest = Buffer.alloc(0);
  let number = 0;
  let offset = 0;
  for await (const chunk of chunks) {
    const data = rest.length === 0 ? chunk : Buffer.concat([rest, chunk]);
    let from = 0;
    for (let end = data.indexOf(LINE_FEED); end !== -1; end = data.indexOf(LINE_FEED, from)) {
      number += 1;
      yield { number, text: decoded(decoder, data.subarray(from, end), number), offset, bytes: end - from };
      offset += end + 1 - from;
      from = end + 1;
    }
    rest = Buffer.from(data.subarray(from));
    if (rest.length > MAX_LINE_BYTES)
      throw unreadable(`Expected lines of at most ${MAX_LINE_BYTES} bytes but line ${number + 1} is longer`);
  }
  if (rest.length > 0) throw unreadable(`Expected a line feed at the end of line ${number + 1}, the last one`);
}

function decoded(decoder: TextDecoder, bytes: Buffer, number: number): string {
  try {
    return decoder.decode(bytes);
  } catch (error) {
    throw unreadable(`Expected UTF-8 text but line ${number} has other bytes`, error);
  }
}

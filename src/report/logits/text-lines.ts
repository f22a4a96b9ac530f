const LINE_FEED = 0x0a;

/** A line of a text, without its line break. */
export interface TextLine {
  /** From 1. */
  readonly number: number;
  readonly text: string;
}

/**
 * The lines of a UTF-8 text that comes in pieces. Lines may end with CR LF, and the last one may have no end. A byte order mark is
 * left out.
 *
 * @param maxBytes the longest line
 * @throws RangeError if a line is longer, with its number; TypeError if it is not UTF-8
 */
export async function* textLines(
  chunks: AsyncIterable<Buffer>,
  maxBytes: number,
): AsyncGenerator<TextLine, void, undefined> {
  const decoder = new TextDecoder('utf-8', { fatal: true });
  let rest: Buffer = Buffer.alloc(0);
  let number = 0;
  const line = (bytes: Buffer): TextLine => {
    number += 1;
    return { number, text: decoder.decode(bytes).replace(/\r$/, '') };
  };
  for await (const chunk of chunks) {
    const data = rest.length === 0 ? chunk : Buffer.concat([rest, chunk]);
    let from = 0;
    for (let end = data.indexOf(LINE_FEED); end !== -1; end = data.indexOf(LINE_FEED, from)) {
      yield line(data.subarray(from, end));
      from = end + 1;
    }
    rest = data.subarray(from);
    if (rest.length > maxBytes) throw new RangeError(`line ${number + 1} has more than ${maxBytes} bytes`);
  }
  if (rest.length > 0) yield line(rest);
}

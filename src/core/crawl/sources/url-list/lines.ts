export interface TextLine {
  readonly line: number;
  /** The text without the line's end (LF or CRLF). If the line is too long, only its beginning. */
  readonly text: string;
  readonly isTooLong: boolean;
}

const LINE_FEED = 0x0a;

/** A line with more than `maxBytes` is cut to its beginning. Bytes that are not UTF-8 become U+FFFD. */
export async function* urlListLines(bytes: AsyncIterable<Uint8Array>, maxBytes: number): AsyncGenerator<TextLine> {
  const gathered = new GatheredLine(maxBytes);
  let line = 1;
  for await (const chunk of bytes) {
    let start = 0;
    for (let end = chunk.indexOf(LINE_FEED); end >= 0; end = chunk.indexOf(LINE_FEED, start)) {
      gathered.add(chunk.subarray(start, end));
      yield { line, ...gathered.take() };
      line += 1;
      start = end + 1;
    }
    gathered.add(chunk.subarray(start));
  }
  if (!gathered.isEmpty) yield { line, ...gathered.take() };
}

class GatheredLine {
  readonly #maxBytes: number;
  #pieces: Uint8Array[] = [];
  #keptBytes = 0;
  #bytes = 0;

  constructor(maxBytes: number) {
    this.#maxBytes = maxBytes;
  }

  get isEmpty(): boolean {
    return this.#bytes === 0;
  }

  add(piece: Uint8Array): void {
    this.#bytes += piece.length;
    const kept = piece.subarray(0, this.#maxBytes - this.#keptBytes);
    if (kept.length === 0) return;
    this.#pieces.push(kept);
    this.#keptBytes += kept.length;
  }

  take(): { readonly text: string; readonly isTooLong: boolean } {
    const [only] = this.#pieces;
    const whole = this.#pieces.length === 1 && only !== undefined ? only : Buffer.concat(this.#pieces);
    const text = Buffer.from(whole.buffer, whole.byteOffset, whole.byteLength).toString('utf8').replace(/\r$/, '');
    const isTooLong = this.#bytes > this.#maxBytes;
    this.#pieces = [];
    this.#keptBytes = 0;
    this.#bytes = 0;
    return { text, isTooLong };
  }
}

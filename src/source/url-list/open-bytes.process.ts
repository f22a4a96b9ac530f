import { pipeline, Readable } from 'node:stream';
import { createGunzip } from 'node:zlib';
import { encodingMark } from '../csv-rows.process.ts';

/** The chunks of a list, from a file, standard input or a test. */
export type Chunks = AsyncIterable<Uint8Array | string>;

/**
 * Opens the text of a list without its byte order mark. It is decompressed if it begins as gzip does, whatever its name is.
 * Null if it is UTF-16. The input is closed however the reading ends, even if it never began.
 */
export async function openText(input: Chunks): Promise<AsyncGenerator<Uint8Array> | null> {
  const outer = await Peeked.open(input);
  const isGzip = outer.head[0] === 0x1f && outer.head[1] === 0x8b;
  const text = isGzip ? await Peeked.open(gunzipped(outer.rest())) : outer;
  const mark = encodingMark(text.head);
  if (mark === 'utf-16') {
    await text.close();
    return null;
  }
  return text.rest(mark === 'utf-8' ? 3 : 0);
}

async function* gunzipped(bytes: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array> {
  yield* pipeline(Readable.from(bytes, { objectMode: false }), createGunzip(), () => {});
}

/** A stream whose first bytes were read in advance. */
class Peeked {
  /** Three bytes, or fewer if the stream is shorter. */
  readonly head: Buffer;
  readonly #iterator: AsyncIterator<Uint8Array | string>;

  private constructor(head: Buffer, iterator: AsyncIterator<Uint8Array | string>) {
    this.head = head;
    this.#iterator = iterator;
  }

  static async open(input: Chunks): Promise<Peeked> {
    const iterator = input[Symbol.asyncIterator]();
    let head = Buffer.alloc(0);
    while (head.length < 3) {
      const { done, value } = await iterator.next();
      if (done === true) break;
      head = Buffer.concat([head, Buffer.from(value)]);
    }
    return new Peeked(head, iterator);
  }

  async *rest(skipBytes = 0): AsyncGenerator<Uint8Array> {
    try {
      if (this.head.length > skipBytes) yield this.head.subarray(skipBytes);
      for (let next = await this.#iterator.next(); next.done !== true; next = await this.#iterator.next()) {
        yield typeof next.value === 'string' ? Buffer.from(next.value) : next.value;
      }
    } finally {
      await this.close();
    }
  }

  async close(): Promise<void> {
    await this.#iterator.return?.();
  }
}

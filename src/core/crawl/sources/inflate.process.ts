import { addAbortSignal, PassThrough, pipeline, Readable, type Duplex } from 'node:stream';
import { createGunzip } from 'node:zlib';

/** How many bytes to inflate at once. Fewer, larger pieces are cheaper to parse. */
const PIECE_BYTES = 256 * 1024;

/**
 * Inflates bytes if they are gzip, otherwise returns them unchanged: the open-data dump has `Content-Encoding: gzip`, so the
 * HTTP client may have inflated it already. Destroying the result closes the source. An abort ends it at once.
 */
export async function inflate(bytes: AsyncIterable<Uint8Array | string>, signal: AbortSignal): Promise<Readable> {
  const through = (input: Readable, next: Duplex): Readable =>
    addAbortSignal(
      signal,
      pipeline(input, next, () => {}),
    );
  const source = bytes instanceof Readable ? bytes : Readable.from(bytes, { objectMode: false });
  // An iterator that never answers cannot be destroyed, but the stream behind it can. The reader receives its errors through
  // it.
  const { head, stream } = await peek(through(source, new PassThrough()), 2);
  const isGzip = head[0] === 0x1f && head[1] === 0x8b;
  return isGzip ? through(stream, createGunzip({ chunkSize: PIECE_BYTES })) : stream;
}

/** Returns the text of a stream without its byte order mark. Null, and the stream is destroyed, if it is UTF-16. */
export async function withoutMark(bytes: Readable): Promise<Readable | null> {
  const { head, stream } = await peek(bytes, 3);
  const mark = head.subarray(0, 3).toString('hex');
  if (mark === 'efbbbf') stream.read(3);
  if (!/^(?:fffe|feff)/.test(mark)) return stream;
  stream.destroy();
  return null;
}

/** Reads at least `length` bytes, or all if there are fewer. The returned stream has them, too. */
async function peek(stream: Readable, length: number): Promise<{ readonly head: Buffer; readonly stream: Readable }> {
  let head = Buffer.alloc(0);
  for await (const piece of stream.iterator({ destroyOnReturn: false })) {
    head = Buffer.concat([head, piece]);
    if (head.length < length) continue;
    stream.unshift(head);
    return { head, stream };
  }
  return { head, stream: Readable.from(head.length === 0 ? [] : [head], { objectMode: false }) };
}

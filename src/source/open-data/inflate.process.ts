import { addAbortSignal, PassThrough, pipeline, Readable } from 'node:stream';
import { createGunzip } from 'node:zlib';

const GZIP_MAGIC = [0x1f, 0x8b];
/** How many bytes to inflate at once. Fewer, larger pieces are cheaper to parse. */
const PIECE_BYTES = 256 * 1024;

/**
 * Inflates bytes if they are gzip, otherwise returns them unchanged. The dump's objects have `Content-Encoding: gzip`, so the
 * HTTP client may have inflated them already. Memory: a few pieces, however large the inflated bytes are.
 *
 * Destroying the result closes the source. An abort ends it at once, even while the source sends nothing.
 */
export async function inflate(bytes: AsyncIterable<Uint8Array>, signal: AbortSignal): Promise<Readable> {
  const source = bytes instanceof Readable ? bytes : Readable.from(bytes, { objectMode: false });
  // An iterator that never answers cannot be destroyed, but the stream behind it can. The reader receives its errors through
  // it.
  const plain = addAbortSignal(
    signal,
    pipeline(source, new PassThrough(), () => {}),
  );
  if (!(await startsWith(plain, GZIP_MAGIC))) return plain;
  return addAbortSignal(
    signal,
    pipeline(plain, createGunzip({ chunkSize: PIECE_BYTES }), () => {}),
  );
}

/** Checks the first bytes of a stream and puts them back. */
async function startsWith(stream: Readable, magic: readonly number[]): Promise<boolean> {
  let head = Buffer.alloc(0);
  for await (const piece of stream.iterator({ destroyOnReturn: false })) {
    head = Buffer.concat([head, piece]);
    if (head.length < magic.length) continue;
    stream.unshift(head);
    return magic.every((byte, i) => head[i] === byte);
  }
  return false;
}

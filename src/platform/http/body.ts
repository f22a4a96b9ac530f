import type { Hash } from 'node:crypto';
import { Writable, type Transform } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { createBrotliDecompress, createGunzip, createInflate } from 'node:zlib';
import type { Answer } from './exchange.ts';
import { isEarlyEnd, refusedBy } from './outcome.ts';
import { Refused } from './refused.ts';
import type { HttpLimits } from './request.ts';
import { everyRunningMs, type Watch } from './watch.ts';

/**
 * Reads the body of an answer into memory within all limits, and decompresses it if it was sent compressed.
 *
 * Content codings other than gzip, deflate and br are ignored, because servers write all sorts of things there. The signature
 * of the bytes shows what they are.
 *
 * @param hash receives the bytes that are returned
 * @param keepsBeginning if the body is too large, return its first `maxBytes` and do not read the rest
 * @throws Refused: too-large, too-slow, short-body, reset, unreadable (invalid compressed data), timeout-total
 */
export async function readBody(answer: Answer, limits: HttpLimits, reading: Reading): Promise<Buffer> {
  const { watch, hash, keepsBeginning = false } = reading;
  const isPlain = inflaterFor(answer.headers['content-encoding']) === null;
  const expectedBytes = isPlain ? contentLengthOf(answer.headers) : null;
  const gathered = new BoundedBytes({ maxBytes: limits.maxBytes, expectedBytes, hash });
  try {
    const maxBytes = keepsBeginning ? Number.POSITIVE_INFINITY : limits.maxBytes;
    await readBodyInto((chunk) => gathered.take(chunk), answer, { limits: { ...limits, maxBytes }, watch });
  } catch (error) {
    if (!(keepsBeginning && gathered.isFull)) throw error;
  }
  return gathered.bytes();
}

/**
 * Passes the body on chunk by chunk.
 *
 * @param consume is awaited for each chunk; its errors are rethrown unchanged
 * @param decompress false: the bytes are passed on as they were sent
 * @throws Refused as `readBody`
 */
export async function readBodyInto(
  consume: (chunk: Buffer) => void | Promise<void>,
  answer: Answer,
  {
    limits,
    watch,
    decompress = true,
  }: { readonly limits: HttpLimits; readonly watch: Watch; readonly decompress?: boolean },
): Promise<void> {
  const { headers, body } = answer;
  const declared = contentLengthOf(headers);
  if (declared !== null && declared > limits.maxBytes) throw tooLarge(`${declared} bytes declared`, limits.maxBytes);
  const inflater = (decompress ? inflaterFor(headers['content-encoding']) : null)?.() ?? null;
  let received = 0;
  const own: { failure?: Error } = {};
  body.on('data', (chunk: Buffer) => {
    received += chunk.length;
    watch.receivedBytes += chunk.length;
    if (received > limits.maxBytes) watch.abort(tooLarge('more bytes sent', limits.maxBytes).refusal);
  });
  const stopSpeedCheck = checkSpeed(limits, watch, {
    received: () => received,
    isOurTurn: () => body.readableLength > 0 || (inflater?.writableLength ?? 0) > 0,
  });
  const sink = new Writable({
    decodeStrings: false,
    write(chunk: Buffer, _encoding, done) {
      void (async () => {
        try {
          await consume(chunk);
        } catch (error) {
          own.failure = error instanceof Error ? error : new Error(String(error));
        }
        done(own.failure);
      })();
    },
  });
  try {
    await pipeline(inflater === null ? [body, sink] : [body, inflater, sink], { signal: watch.signal });
  } catch (error) {
    if (own.failure !== undefined) throw own.failure;
    watch.signal.throwIfAborted();
    // A compressed body of zero bytes: the answer has no body (204 or 304), or the server always declares compression.
    if (received === 0 && body.readableEnded) return;
    throw failureOf(error, { declared, received });
  } finally {
    stopSpeedCheck();
  }
}

function failureOf(error: unknown, { declared, received }: { declared: number | null; received: number }): Error {
  const isShort = declared !== null && received < declared;
  return isShort && isEarlyEnd(error) ? shortBody(received, declared) : refusedBy(error, 'in-body');
}

interface Reading {
  readonly watch: Watch;
  readonly hash?: Hash;
  readonly keepsBeginning?: boolean;
}

/**
 * Collects bytes up to a limit. It uses one growing buffer, because a hostile server can send single bytes, and each would be
 * an object of 100 bytes.
 */
class BoundedBytes {
  readonly #maxBytes: number;
  readonly #expectedBytes: number | null;
  readonly #hash: Hash | undefined;
  #buffer: Buffer;
  #length = 0;
  /** Whether more bytes came than fit. */
  isFull = false;

  /** A correct `expectedBytes` saves copies. A wrong one does no harm. */
  constructor(options: { maxBytes: number; expectedBytes: number | null; hash: Hash | undefined }) {
    this.#maxBytes = options.maxBytes;
    this.#expectedBytes = options.expectedBytes;
    this.#hash = options.hash;
    this.#buffer = Buffer.allocUnsafe(Math.min(options.expectedBytes ?? FIRST_BYTES, MAX_BYTES_ON_TRUST));
  }

  /** @throws Refused too-large, after taking the bytes that fit */
  take(all: Buffer): void {
    const chunk = all.subarray(0, this.#maxBytes - this.#length);
    const length = this.#length + chunk.length;
    if (length > this.#buffer.length) this.#grow(length);
    chunk.copy(this.#buffer, this.#length);
    this.#length = length;
    this.#hash?.update(chunk);
    if (chunk.length === all.length) return;
    this.isFull = true;
    throw tooLarge('more bytes', this.#maxBytes);
  }

  bytes(): Buffer {
    return this.#buffer.subarray(0, this.#length);
  }

  #grow(needed: number): void {
    const size = Math.max(needed, Math.min(this.#buffer.length * 2, this.#expectedBytes ?? this.#maxBytes));
    const grown = Buffer.allocUnsafe(size);
    this.#buffer.copy(grown, 0, 0, this.#length);
    this.#buffer = grown;
  }
}

const FIRST_BYTES = 64 * 1024;
/** The most bytes of a declared length to allocate before any byte has arrived. */
const MAX_BYTES_ON_TRUST = 1024 * 1024;

interface Progress {
  received(): number;
  /** Whether bytes wait for us to decompress them. Then the host is not the slow side. */
  isOurTurn(): boolean;
}

/** Ends the request when a time window brings too few bytes. A body that ends before its first window is never checked. */
function checkSpeed({ minBytesPerSecond, speedWindowMs }: HttpLimits, watch: Watch, progress: Progress): () => void {
  let before = 0;
  return everyRunningMs(speedWindowMs, () => {
    const brought = progress.received() - before;
    before += brought;
    if (progress.isOurTurn() || brought * 1_000 >= minBytesPerSecond * speedWindowMs) return;
    const detail = `${brought} bytes within ${speedWindowMs} ms, less than ${minBytesPerSecond} a second`;
    watch.abort({ reason: 'too-slow', detail });
  });
}

function inflaterFor(contentEncoding: string | undefined): (() => Transform) | null {
  switch ((contentEncoding ?? '').trim().toLowerCase()) {
    case 'gzip':
    case 'x-gzip':
      return createGunzip;
    case 'deflate':
      return createInflate;
    case 'br':
      return createBrotliDecompress;
    default:
      return null;
  }
}

/** Null if there is no such header, or if it is not a number. Node itself refuses most of the latter. */
export function contentLengthOf(headers: Answer['headers']): number | null {
  const text = headers['content-length'];
  return text !== undefined && /^\d+$/.test(text) ? Number(text) : null;
}

function tooLarge(what: string, maxBytes: number): Refused {
  return new Refused({ reason: 'too-large', detail: `${what}, ${maxBytes} are allowed` });
}

function shortBody(received: number, declared: number): Refused {
  return new Refused({
    reason: 'short-body',
    detail: `${received} of ${declared} bytes, then the connection was closed`,
  });
}

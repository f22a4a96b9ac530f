import type { Hash } from 'node:crypto';
import { Writable, type Readable, type Transform } from 'node:stream';
import { finished, pipeline } from 'node:stream/promises';
import { createBrotliDecompress, createGunzip, createInflate } from 'node:zlib';
import type { BodyBuffers } from './body-buffers.ts';
import type { HttpAnswer } from './exchange.ts';
import { isEarlyEnd, refusedBy, Refused } from './http-outcome.ts';
import type { HttpLimits } from './request.ts';
import { everyRunningMs, type RequestTimer } from './request-timer.ts';

/**
 * Reads the body of an answer into memory within all limits, and decompresses it if it was sent compressed. Content
 * codings other than gzip, deflate and br are ignored, because servers write all sorts of things there.
 * `keepsBeginning`: of a body that is too large, returns the first `maxBytes`.
 *
 * @throws Refused: too-large, too-slow, short-body, reset, unreadable (invalid compressed data), timeout-total
 */
export async function readBody(answer: HttpAnswer, limits: HttpLimits, reading: Reading): Promise<Buffer> {
  const { timer, hash, buffers, keepsBeginning = false } = reading;
  const isPlain = inflaterFor(answer.headers) === null;
  const expectedBytes = isPlain ? contentLengthOf(answer.headers) : null;
  const gathered = new BoundedBytes({ maxBytes: limits.maxBytes, expectedBytes, hash, buffers });
  try {
    const maxBytes = keepsBeginning ? Number.POSITIVE_INFINITY : limits.maxBytes;
    const into = { limits: { ...limits, maxBytes }, timer, takesAtOnce: true };
    await readBodyInto((chunk) => gathered.take(chunk), answer, into);
  } catch (error) {
    if (!(keepsBeginning && gathered.isFull)) throw error;
  }
  return gathered.bytes();
}

/**
 * Passes the body on chunk by chunk. Errors of `consume`, which is awaited, are rethrown unchanged. `takesAtOnce`: it
 * takes each chunk before it returns.
 *
 * @throws Refused as `readBody`
 */
export async function readBodyInto(
  consume: (chunk: Buffer) => void | Promise<void>,
  answer: HttpAnswer,
  { limits, timer, decompress = true, takesAtOnce = false }: Into,
): Promise<void> {
  const { headers, body } = answer;
  const declared = declaredBytes(headers, limits);
  const inflater = decompress ? startInflater(headers) : null;
  let received = 0;
  body.on('data', (chunk: Buffer) => {
    received += chunk.length;
    timer.receivedBytes += chunk.length;
    if (received > limits.maxBytes) timer.abort(tooLarge('more bytes sent', limits.maxBytes).refusal);
  });
  const stopSpeedCheck = checkSpeed(limits, timer, {
    received: () => received,
    isOurTurn: () => body.readableLength > 0 || (inflater?.writableLength ?? 0) > 0,
  });
  const sink = inflater === null && takesAtOnce ? null : new Sink(consume);
  try {
    if (sink === null) await flow(body, consume, timer.signal);
    else await pipeline([body, ...(inflater === null ? [] : [inflater]), sink], { signal: timer.signal });
  } catch (error) {
    sink?.rethrow();
    timer.signal.throwIfAborted();
    // A compressed body of zero bytes: the answer has no body (204 or 304), or the server always declares compression.
    if (received === 0 && body.readableEnded) return;
    throw failureOf(error, { declared, received });
  } finally {
    stopSpeedCheck();
  }
}

interface Into {
  readonly limits: HttpLimits;
  readonly timer: RequestTimer;
  readonly decompress?: boolean;
  readonly takesAtOnce?: boolean;
}

/** A body as it was sent. A `pipeline` makes streams, signals and an error for each body, which takes much of a crawl's time. */
async function flow(body: Readable, take: (chunk: Buffer) => unknown, signal: AbortSignal): Promise<void> {
  body.on('data', (chunk: Buffer) => {
    try {
      take(chunk);
    } catch (error) {
      body.destroy(asError(error));
    }
  });
  try {
    await finished(body, { writable: false, signal });
  } catch (error) {
    body.destroy();
    throw error;
  }
}

class Sink extends Writable {
  #failure: Error | null = null;
  readonly #consume: (chunk: Buffer) => void | Promise<void>;

  constructor(consume: (chunk: Buffer) => void | Promise<void>) {
    super({ decodeStrings: false });
    this.#consume = consume;
  }

  override _write(chunk: Buffer, _encoding: string, done: (error: Error | null) => void): void {
    void (async () => {
      try {
        await this.#consume(chunk);
      } catch (error) {
        this.#failure = asError(error);
      }
      done(this.#failure);
    })();
  }

  rethrow(): void {
    if (this.#failure !== null) throw this.#failure;
  }
}

function asError(error: unknown): Error {
  return error instanceof Error ? error : new Error(String(error));
}

function failureOf(error: unknown, { declared, received }: { declared: number | null; received: number }): Error {
  const isShort = declared !== null && received < declared;
  return isShort && isEarlyEnd(error) ? shortBody(received, declared) : refusedBy(error, 'in-body');
}

interface Reading {
  readonly timer: RequestTimer;
  readonly hash?: Hash;
  readonly buffers?: BodyBuffers | undefined;
  readonly keepsBeginning?: boolean;
}

/** One growing buffer, because a hostile server can send single bytes, each an object of 100 bytes. */
class BoundedBytes {
  readonly #maxBytes: number;
  readonly #expectedBytes: number | null;
  readonly #hash: Hash | undefined;
  readonly #buffers: BodyBuffers | undefined;
  #buffer: Buffer;
  #length = 0;
  isFull = false;

  /** A correct `expectedBytes` saves copies. A wrong one does no harm. */
  constructor(options: {
    maxBytes: number;
    expectedBytes: number | null;
    hash: Hash | undefined;
    buffers: BodyBuffers | undefined;
  }) {
    this.#maxBytes = options.maxBytes;
    this.#expectedBytes = options.expectedBytes;
    this.#hash = options.hash;
    this.#buffers = options.buffers;
    this.#buffer = this.#allocate(Math.min(options.expectedBytes ?? FIRST_BYTES, MAX_BYTES_ON_TRUST));
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
    const grown = this.#allocate(size);
    this.#buffer.copy(grown, 0, 0, this.#length);
    this.#buffers?.giveBack(this.#buffer);
    this.#buffer = grown;
  }

  #allocate(bytes: number): Buffer {
    return this.#buffers?.take(bytes) ?? Buffer.allocUnsafe(bytes);
  }
}

const FIRST_BYTES = 64 * 1024;
/** The most bytes of a declared length to allocate before any byte has arrived. */
const MAX_BYTES_ON_TRUST = 1024 * 1024;

interface Progress {
  received(): number;
  /** True if received bytes wait to be decompressed. Then the host is not the slow side. */
  isOurTurn(): boolean;
}

/** Ends the request when a time window brings too few bytes. A body that ends before its first window is never checked. */
function checkSpeed(
  { minBytesPerSecond, speedWindowMs }: HttpLimits,
  timer: RequestTimer,
  progress: Progress,
): () => void {
  let before = 0;
  return everyRunningMs(speedWindowMs, () => {
    const brought = progress.received() - before;
    before += brought;
    if (progress.isOurTurn() || brought * 1_000 >= minBytesPerSecond * speedWindowMs) return;
    const detail = `${brought} bytes within ${speedWindowMs} ms, less than ${minBytesPerSecond} a second`;
    timer.abort({ reason: 'too-slow', detail });
  });
}

function declaredBytes(headers: HttpAnswer['headers'], { maxBytes }: HttpLimits): number | null {
  const declared = contentLengthOf(headers);
  if (declared !== null && declared > maxBytes) throw tooLarge(`${declared} bytes declared`, maxBytes);
  return declared;
}

function startInflater(headers: HttpAnswer['headers']): Transform | null {
  return inflaterFor(headers)?.() ?? null;
}

function inflaterFor(headers: HttpAnswer['headers']): (() => Transform) | null {
  switch ((headers['content-encoding'] ?? '').trim().toLowerCase()) {
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
export function contentLengthOf(headers: HttpAnswer['headers']): number | null {
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

import { open, type FileHandle } from 'node:fs/promises';
import { Writable } from 'node:stream';
import { parseRetryAfterMs } from '../../kernel/retry-after.ts';
import type { HttpFailure } from '../../source/http-outcome.ts';
import { contentLengthOf, readBodyInto } from './body.ts';
import { drain, type Answer } from './exchange.ts';
import { follow, type Arrival } from './follow.ts';
import { reasonOfStatus } from './outcome.ts';
import { Refused } from './refused.ts';
import type { HttpDeps, HttpLimits } from './request.ts';

/** A file of known length that is to be had in as many tries as it takes. */
export interface SaveRequest {
  readonly url: string;
  /** Where its bytes gather: what is there already is the beginning. */
  readonly partFile: string;
  /** Of the whole file; an answer that says otherwise is refused before its body is read. */
  readonly bytes: number;
  /** Bytes in `partFile`. */
  readonly from: number;
  /** `ETag` or `Last-Modified` of the answer that the beginning came from, if it is still the same file there. */
  readonly validator: string | null;
}

export interface SaveDeps extends HttpDeps {
  /** Called before a body is read: from which byte on it goes, and what names the file's state at the host. */
  readonly onStart: (start: { readonly from: number; readonly validator: string | null }) => Promise<void>;
  /** Called with the bytes in `partFile` as they grow. */
  readonly onProgress: (bytes: number) => void;
}

export interface Saved {
  readonly ok: true;
  /** After redirects, without credentials and fragment. */
  readonly finalUrl: string;
  /** Redirects followed. */
  readonly hops: number;
  /** The byte that the answer began at: 0 if the host sent the whole file. */
  readonly from: number;
}

/** The host has another file under this address than the one that is wanted. */
export interface WrongLength {
  readonly ok: false;
  readonly reason: 'wrong-length';
  readonly detail: string;
}

export type SaveResult = Saved | WrongLength | HttpFailure;

/**
 * Downloads what is missing of a file, straight to the disk. What arrived stays in `partFile` whatever happens, so
 * that the next call goes on there. Whether the bytes are the right ones is for the caller to see.
 *
 * @throws Interrupted if `deps.signal` is aborted; the error of the disk, with its code
 */
export async function save(wanted: SaveRequest, limits: HttpLimits, deps: SaveDeps): Promise<SaveResult> {
  const rest = wanted.bytes - wanted.from;
  return follow<SaveResult>({
    request: { url: wanted.url, headers: rangeHeaders(wanted) },
    limits: { ...limits, maxBytes: wanted.bytes },
    deps,
    acceptEncoding: 'identity',
    followsRedirects: true,
    async accept(answer, arrival) {
      const start = await startOf(answer, arrival, { wanted, deps });
      if (typeof start !== 'number') return start;
      await deps.onStart({ from: start, validator: validatorOf(answer) });
      await writeBody(
        answer,
        { wanted, start, limits: { ...limits, maxBytes: start === 0 ? wanted.bytes : rest } },
        {
          watch: arrival.watch,
          onProgress: deps.onProgress,
        },
      );
      return { ok: true, finalUrl: arrival.url.href, hops: arrival.hops, from: start };
    },
  });
}

function rangeHeaders({ from, validator }: SaveRequest): Record<string, string> {
  if (from === 0) return {};
  return { range: `bytes=${from}-`, ...(validator === null ? {} : { 'if-range': validator }) };
}

/** Only what names bytes: a weak ETag may stay the same when they change, and is no use for ranges (RFC 9110, 13.1.5). */
function validatorOf({ headers }: Answer): string | null {
  const { etag } = headers;
  return etag !== undefined && !etag.startsWith('W/') ? etag : (headers['last-modified'] ?? null);
}

/** From which byte on the answer has the file, or why it has not. */
async function startOf(
  answer: Answer,
  { watch }: Arrival,
  { wanted, deps }: { readonly wanted: SaveRequest; readonly deps: SaveDeps },
): Promise<number | WrongLength> {
  const { status, headers } = answer;
  if (status === 206 || status === 416) return startOfPart(answer, wanted);
  const reason = reasonOfStatus(status);
  if (reason !== null) {
    await drain(answer, watch);
    const retryAfterMs = parseRetryAfterMs(headers['retry-after'], deps.client.clock.nowMs());
    throw new Refused({ reason, detail: `status ${status}`, retryAfterMs });
  }
  const declared = contentLengthOf(headers);
  const isPlain = (headers['content-encoding'] ?? 'identity') === 'identity';
  return declared !== null && isPlain && declared !== wanted.bytes ? wrongLength(declared, wanted) : 0;
}

/** Of an answer to a request with a range (RFC 9110, 15.3.7 and 15.5.17). */
function startOfPart({ status, headers }: Answer, wanted: SaveRequest): number | WrongLength {
  const range = headers['content-range'] ?? '';
  const [, first, total] = /^bytes (?:(\d+)-\d+|\*)\/(\d+)$/.exec(range) ?? [];
  if (total !== undefined && Number(total) !== wanted.bytes) return wrongLength(Number(total), wanted);
  if (status === 206 && Number(first) === wanted.from) return wanted.from;
  throw new Refused({ reason: 'short-body', detail: `status ${status} with the range '${range}'` });
}

function wrongLength(received: number, { bytes }: SaveRequest): WrongLength {
  return { ok: false, reason: 'wrong-length', detail: `it has ${received} bytes there, not ${bytes}` };
}

async function writeBody(
  answer: Answer,
  { wanted, start, limits }: { readonly wanted: SaveRequest; readonly start: number; readonly limits: HttpLimits },
  { watch, onProgress }: { readonly watch: Arrival['watch']; readonly onProgress: SaveDeps['onProgress'] },
): Promise<void> {
  const handle = await open(wanted.partFile, start === 0 ? 'w' : 'a');
  const sink = new FileSink(handle, start, onProgress);
  try {
    await readBodyInto(sink, answer, { limits, watch });
  } catch (error) {
    throw sink.failure ?? error;
  } finally {
    // What has arrived is worth keeping, whatever ended it.
    await handle.sync().catch(() => undefined);
    await handle.close();
  }
}

/** Appends to a file; remembers its own failure apart from that of whoever writes to it. */
class FileSink extends Writable {
  failure: Error | null = null;
  readonly #handle: FileHandle;
  readonly #onProgress: (bytes: number) => void;
  #bytes: number;

  constructor(handle: FileHandle, start: number, onProgress: (bytes: number) => void) {
    super({ decodeStrings: false });
    this.#handle = handle;
    this.#bytes = start;
    this.#onProgress = onProgress;
  }

  override _write(chunk: Buffer, _encoding: BufferEncoding, done: (error?: Error | null) => void): void {
    void (async () => {
      done(await this.#append(chunk));
    })();
  }

  /** Resolves in what went wrong, or null. */
  async #append(chunk: Buffer): Promise<Error | null> {
    try {
      await this.#handle.writeFile(chunk);
      this.#bytes += chunk.length;
      this.#onProgress(this.#bytes);
    } catch (error) {
      this.failure = error instanceof Error ? error : new Error(String(error));
    }
    return this.failure;
  }
}

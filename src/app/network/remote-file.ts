import { RetryLater, UsageError } from '../../kernel/errors.ts';
import { parseRetryAfterMs } from '../../kernel/retry-after.ts';
import { drain, exchange, type Answer } from '../../platform/http/exchange.ts';
import type { HttpClient } from '../../platform/http/http-client.ts';
import { refusedBy } from '../../platform/http/outcome.ts';
import { Refused } from '../../platform/http/refused.ts';
import { Watch } from '../../platform/http/watch.ts';
import {
  conditionsOf,
  isOtherVersion,
  rangeCondition,
  versionOf,
  type FileVersion,
} from '../../source/file-version.ts';
import { retryDelayMs } from '../../source/retry-policy.ts';
import { sleepUnlessAborted } from '../open/sleep.ts';

export interface RemoteFileDeps {
  readonly client: HttpClient;
  readonly signal: AbortSignal;
  readonly firstByteTimeoutMs: number;
  /** How long the server may say nothing while it is listened to. */
  readonly idleTimeoutMs: number;
  /** Tries in a row that bring nothing, before it is given up. */
  readonly maxAttempts: number;
  /** In [0, 1). */
  readonly random: () => number;
}

/**
 * A file of any size at a URL: read as a stream, and where the connection breaks off gone on with from there, as long as
 * it is the same file (RFC 9110, 14: Range and If-Range). Redirects are not followed.
 */
export class RemoteFile {
  readonly #url: URL;
  readonly #deps: RemoteFileDeps;

  constructor(url: string, deps: RemoteFileDeps) {
    this.#url = new URL(url);
    this.#deps = deps;
  }

  /** What the file is now. Its first byte is asked for, unless it is still the known version: servers may have no HEAD. */
  async identify(known: FileVersion): Promise<FileVersion> {
    return this.#persist(async (watch) => {
      const answer = await this.#request({ range: 'bytes=0-0', ...conditionsOf(known) }, watch);
      await drain(answer, watch);
      if (answer.status === 304) return known;
      if (answer.status === 206) return { ...versionOf(answer.headers), bytes: rangeOf(answer)?.totalBytes ?? null };
      this.#expectOk(answer);
      return { ...versionOf(answer.headers), bytes: lengthOf(answer) };
    });
  }

  /**
   * The bytes as they are sent.
   *
   * @param version what the file was when it was identified; another one is refused
   * @throws RetryLater if the file has changed, or the server does not bring it to its end
   */
  async *bytes(version: FileVersion): AsyncGenerator<Uint8Array, void, undefined> {
    const reading: Reading = { version, received: 0, totalBytes: null };
    for (let failures = 0; ;) {
      const before = reading.received;
      const watch = new Watch(0, this.#deps.signal);
      try {
        yield* this.#rest(reading, watch);
        return;
      } catch (error) {
        failures = reading.received > before ? 1 : failures + 1;
        await this.#pause(error, failures, `after ${reading.received} bytes`);
      } finally {
        watch.close();
      }
    }
  }

  async *#rest(reading: Reading, watch: Watch): AsyncGenerator<Uint8Array, void, undefined> {
    const answer = await this.#openAt(reading, watch);
    try {
      // A server that knows no ranges sends all of it again.
      let toSkip = answer.status === 206 ? 0 : reading.received;
      for await (const chunk of this.#chunks(answer, watch)) {
        const fresh = chunk.subarray(Math.min(toSkip, chunk.length));
        toSkip -= chunk.length - fresh.length;
        if (fresh.length === 0) continue;
        reading.received += fresh.length;
        yield fresh;
      }
    } finally {
      answer.body.destroy();
    }
    const { received, totalBytes } = reading;
    if (totalBytes === null || received === totalBytes) return;
    throw new Refused({ reason: 'short-body', detail: `${received} of ${totalBytes} bytes` });
  }

  async #openAt(reading: Reading, watch: Watch): Promise<Answer> {
    const { version, received } = reading;
    if (received === 0) {
      const answer = await this.#request({}, watch);
      this.#expectOk(answer);
      reading.totalBytes = lengthOf(answer);
      this.#expectSame(version, { ...versionOf(answer.headers), bytes: reading.totalBytes });
      return answer;
    }
    const condition = rangeCondition(version);
    if (condition === null) throw this.#cannotGoOn(received);
    const answer = await this.#request({ range: `bytes=${received}-`, 'if-range': condition }, watch);
    const range = answer.status === 206 ? rangeOf(answer) : null;
    if (answer.status === 206 && range?.firstByte !== received) throw this.#changed();
    if (answer.status === 416) throw this.#changed();
    if (answer.status !== 206) this.#expectOk(answer);
    this.#expectSame(version, { ...versionOf(answer.headers), bytes: range?.totalBytes ?? lengthOf(answer) });
    return answer;
  }

  async *#chunks({ body }: Answer, watch: Watch): AsyncGenerator<Uint8Array, void, undefined> {
    const { idleTimeoutMs } = this.#deps;
    const chunks: AsyncIterator<Uint8Array> = body[Symbol.asyncIterator]();
    for (;;) {
      const refusal = { reason: 'too-slow' as const, detail: `nothing within ${idleTimeoutMs} ms` };
      const timer = setTimeout(() => watch.abort(refusal), idleTimeoutMs);
      let next: IteratorResult<Uint8Array>;
      try {
        next = await chunks.next();
      } catch (error) {
        watch.signal.throwIfAborted();
        throw refusedBy(error, 'in-body');
      } finally {
        clearTimeout(timer);
      }
      if (next.done === true) return;
      yield next.value;
    }
  }

  #request(headers: Readonly<Record<string, string>>, watch: Watch): Promise<Answer> {
    const { client, firstByteTimeoutMs } = this.#deps;
    return exchange(this.#url, {
      client,
      headers: { 'accept-encoding': 'identity', ...headers },
      firstByteTimeoutMs,
      watch,
    });
  }

  /** Tries until it works, is refused for good, or has failed too often. */
  async #persist<Result>(work: (watch: Watch) => Promise<Result>): Promise<Result> {
    for (let failures = 1; ; failures += 1) {
      const watch = new Watch(0, this.#deps.signal);
      try {
        return await work(watch);
      } catch (error) {
        await this.#pause(error, failures, 'at its beginning');
      } finally {
        watch.close();
      }
    }
  }

  /** Waits before the next try, or throws what there is to say where none is of use. */
  async #pause(error: unknown, attempt: number, where: string): Promise<void> {
    const { signal, random, maxAttempts } = this.#deps;
    signal.throwIfAborted();
    if (!(error instanceof Refused)) throw error;
    const { reason, detail, retryAfterMs = null } = error.refusal;
    const status = error instanceof WithStatus ? error.status : null;
    const delayMs = retryDelayMs({ reason, status, attempt, maxAttempts, retryAfterMs, random: random() });
    if (delayMs === null) {
      throw new RetryLater(
        `Expected ${this.#name()} but it broke off ${where}: ${reason}, ${detail}; run the command again`,
        {
          code: 'open-data-url',
          retryAfterMs,
          cause: error,
        },
      );
    }
    await sleepUnlessAborted(delayMs, signal);
  }

  /** What passes is worth another try; anything else is a wrong address. */
  #expectOk(answer: Answer): void {
    const { status, headers } = answer;
    if (status === 200) return;
    answer.body.destroy();
    if (status === 429 || status >= 500) {
      const retryAfterMs = parseRetryAfterMs(headers['retry-after'], this.#deps.client.clock.nowMs());
      throw new WithStatus(status, retryAfterMs);
    }
    const location = headers['location'];
    const hint = location === undefined ? '' : `, a redirect to ${location.slice(0, 200)}, which is not followed`;
    throw new UsageError(
      `Expected ${this.#name()} but received HTTP ${status}${hint}; check sources.inaturalistOpenData.url`,
      { code: 'open-data-url' },
    );
  }

  #expectSame(expected: FileVersion, received: FileVersion): void {
    if (isOtherVersion(expected, received)) throw this.#changed();
  }

  #changed(): RetryLater {
    return new RetryLater(
      `Expected ${this.#name()} to stay the same but it was changed while it was read; run the command again`,
      {
        code: 'open-data-changed',
      },
    );
  }

  #cannotGoOn(received: number): RetryLater {
    return new RetryLater(
      `Expected ${this.#name()} but it broke off after ${received} bytes, and its server gives neither ETag nor Last-Modified to go on by; download it and set sources.inaturalistOpenData.url to the folder`,
      { code: 'open-data-url' },
    );
  }

  #name(): string {
    return `the file of the open-data dump at ${this.#url.href}`;
  }
}

/** How far a file has been read. */
interface Reading {
  readonly version: FileVersion;
  received: number;
  /** Of the whole file; null if the server does not say. */
  totalBytes: number | null;
}

/** An answer that says to come again. */
class WithStatus extends Refused {
  readonly status: number;

  constructor(status: number, retryAfterMs: number | null) {
    const reason = status === 429 ? 'rate-limited' : 'http-5xx';
    super({ reason, detail: `status ${status}`, retryAfterMs });
    this.status = status;
  }
}

function lengthOf({ headers }: Answer): number | null {
  const text = headers['content-length'];
  return text !== undefined && /^\d{1,15}$/.test(text) ? Number(text) : null;
}

/** `Content-Range: bytes 100-199/1000` (RFC 9110, 14.4); null if it is anything else. */
function rangeOf({ headers }: Answer): { readonly firstByte: number; readonly totalBytes: number | null } | null {
  const match = /^bytes (\d{1,15})-\d{1,15}\/(\d{1,15}|\*)$/i.exec(headers['content-range']?.trim() ?? '');
  if (match === null) return null;
  return { firstByte: Number(match[1]), totalBytes: match[2] === '*' ? null : Number(match[2]) };
}

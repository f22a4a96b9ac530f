import type { ClientRequest, IncomingMessage } from 'node:http';
import type { Duplex, Readable } from 'node:stream';
import { finished } from 'node:stream/promises';
import { got, type Request } from 'got';
import type { HttpClient } from './http-client.ts';
import { refusedBy } from './outcome.ts';
import { Refused } from './refused.ts';
import type { Watch } from './watch.ts';

/** The head of an answer, and its body still to come. */
export interface Answer {
  readonly status: number;
  /** Names in lower case; of a repeated header all values joined by commas, or the first where only one makes sense. */
  readonly headers: Readonly<Record<string, string>>;
  /** The same with repeated headers apart. */
  readonly headersDistinct: Readonly<Record<string, readonly string[]>>;
  /** Its errors have a listener, also while nobody reads it. The reader gets them all the same. */
  readonly body: Readable;
}

/** What carries requests: got, or Node's own HTTP, which takes less CPU time and is for pictures (docs/design/http.md). */
export type Carrier = 'got' | 'node';

export interface Sending {
  readonly client: HttpClient;
  readonly carrier: Carrier;
  readonly headers: Readonly<Record<string, string>>;
  readonly firstByteTimeoutMs: number;
  readonly watch: Watch;
}

/** A kept connection turned out to be closed when the request was sent on it. It may be sent again (RFC 9112, 9.3.1). */
export class StaleConnection extends Refused {}

/**
 * Sends one request and resolves with the head of its answer.
 *
 * @throws Refused
 */
export async function exchange(url: URL, sending: Sending): Promise<Answer> {
  const { client, carrier, headers, firstByteTimeoutMs, watch } = sending;
  const timer = setTimeout(() => {
    watch.abort({ reason: 'timeout-first-byte', detail: `no answer within ${firstByteTimeoutMs} ms` });
  }, firstByteTimeoutMs);
  try {
    watch.signal.throwIfAborted();
    const request = client.send(url, headers);
    return await answerTo(request, { watch, stream: carrier === 'got' ? carriedByGot(url, request) : null });
  } finally {
    clearTimeout(timer);
  }
}

/** The hop loop, the retry policy and the reader of bodies are above it: got only carries the one request. */
function carriedByGot(url: URL, request: ClientRequest): Request {
  return got.stream(url, {
    request: () => request,
    followRedirect: false,
    retry: { limit: 0 },
    decompress: false,
    throwHttpErrors: false,
  });
}

async function answerTo(
  request: ClientRequest,
  { watch, stream }: { readonly watch: Watch; readonly stream: Request | null },
): Promise<Answer> {
  // Not the option `signal`: that would also destroy the connection under a body, whose reader has its own way to end it.
  const abort = (): void => void request.destroy(new Error('aborted', { cause: watch.signal.reason }));
  watch.signal.addEventListener('abort', abort);
  try {
    return await new Promise<Answer>((resolve, reject) => {
      (stream ?? request).once('response', (response: IncomingMessage) => {
        const body = stream ?? response;
        // An error of the body must find a listener also while nobody reads it.
        body.on('error', () => undefined);
        // When a connection breaks, the request gets the cause, and the answer only hears that it was aborted.
        request.on('error', (error) => body.destroy(error));
        resolve({ status: response.statusCode ?? 0, ...headersOf(response), body });
      });
      // Node hands the socket over, and leaves it to us to close it.
      request.once('upgrade', (_response: unknown, socket: Duplex) => {
        socket.destroy();
        reject(new Refused({ reason: 'reset', detail: 'The server switched to another protocol' }));
      });
      request.on('error', reject);
      if (stream === null) request.end();
      else stream.on('error', reject);
    });
  } catch (error) {
    watch.signal.throwIfAborted();
    const refused = refusedBy(error, 'before-headers');
    const isStale = request.reusedSocket && refused instanceof Refused && refused.refusal.reason === 'reset';
    throw isStale ? new StaleConnection(refused.refusal) : refused;
  } finally {
    watch.signal.removeEventListener('abort', abort);
  }
}

function headersOf({ headers, headersDistinct }: IncomingMessage): Pick<Answer, 'headers' | 'headersDistinct'> {
  const single = Object.entries(headers).map(([name, value = '']) => [name, [value].flat().join(', ')] as const);
  const distinct = Object.entries(headersDistinct).map(([name, values = []]) => [name, values] as const);
  return { headers: Object.fromEntries(single), headersDistinct: Object.fromEntries(distinct) };
}

/** Bodies that nobody wants are read to this many bytes and milliseconds to keep their connection, which costs less than a new one. */
const DRAIN_MAX_BYTES = 16 * 1024;
const DRAIN_TIMEOUT_MS = 1_000;

/** Gets a body out of the way: of a redirect, of an error page. Never rejects. */
export async function drain({ body }: Answer, watch: Watch): Promise<void> {
  let drained = 0;
  body.on('data', (chunk: Buffer) => {
    drained += chunk.length;
    watch.receivedBytes += chunk.length;
    if (drained > DRAIN_MAX_BYTES) body.destroy();
  });
  const timer = setTimeout(() => body.destroy(), DRAIN_TIMEOUT_MS);
  await finished(body, { writable: false, cleanup: true, signal: watch.signal }).catch(() => undefined);
  clearTimeout(timer);
}

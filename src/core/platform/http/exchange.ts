import type { ClientRequest, IncomingMessage } from 'node:http';
import type { Duplex, Readable } from 'node:stream';
import { finished } from 'node:stream/promises';
import { got, type Request } from 'got';
import type { Clock } from '../../kernel/clock.ts';
import { parseRetryAfterMs } from '../../kernel/retry-after.ts';
import type { HttpClient } from './http-client.ts';
import { reasonOfStatus, refusedBy, Refused } from './http-outcome.ts';
import { everyRunningMs, type RequestTimer } from './request-timer.ts';

export interface HttpAnswer {
  readonly status: number;
  /** Names in lower case. The values of a repeated header are joined by commas, or the first is used where only one makes sense. */
  readonly headers: Readonly<Record<string, string>>;
  /** All values of a header that may be repeated; `name` is in lower case. */
  readonly valuesOf: (name: string) => readonly string[];
  /** Has an error listener even without a reader. A reader also receives the errors. */
  readonly body: Readable;
}

/** The HTTP client: got, or Node's own, which takes less CPU time and is used for pictures (docs/design/http.md). */
export type Carrier = 'got' | 'node';

export interface Sending {
  readonly client: HttpClient;
  readonly carrier: Carrier;
  readonly headers: Readonly<Record<string, string>>;
  readonly firstByteTimeoutMs: number;
  readonly timer: RequestTimer;
}

/** A kept-alive connection was already closed when the request was sent on it. The request may be sent again (RFC 9112, 9.3.1). */
export class StaleConnection extends Refused {}

/** @throws Refused */
export async function exchange(url: URL, sending: Sending): Promise<HttpAnswer> {
  const { client, carrier, headers, firstByteTimeoutMs, timer } = sending;
  const detail = `no answer within ${firstByteTimeoutMs} ms`;
  const stop = everyRunningMs(firstByteTimeoutMs, () => timer.abort({ reason: 'timeout-first-byte', detail }));
  try {
    timer.signal.throwIfAborted();
    const request = client.send(url, headers);
    return await answerTo(request, { timer, stream: carrier === 'got' ? carriedByGot(url, request) : null });
  } finally {
    stop();
  }
}

/** got only carries one request. Redirects, retries and the reading of bodies are done by the code above it. */
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
  { timer, stream }: { readonly timer: RequestTimer; readonly stream: Request | null },
): Promise<HttpAnswer> {
  // The option `signal` is not used: it would also destroy the connection of a body, and the reader of the body aborts it in
  // its own way.
  const abort = (): void => void request.destroy(new Error('aborted', { cause: timer.signal.reason }));
  timer.signal.addEventListener('abort', abort);
  try {
    return await new Promise<HttpAnswer>((resolve, reject) => {
      (stream ?? request).once('response', (response: IncomingMessage) => {
        const body = stream ?? response;
        // Without a listener, an error of an unread body would end the process.
        body.on('error', () => undefined);
        // If a connection breaks, the request receives the cause. The answer only learns that it was aborted.
        request.on('error', (error) => body.destroy(error));
        resolve({ status: response.statusCode ?? 0, ...headersOf(response), body });
      });
      // Node hands the socket over, and we must close it.
      request.once('upgrade', (_response: unknown, socket: Duplex) => {
        socket.destroy();
        reject(new Refused({ reason: 'reset', detail: 'The server switched to another protocol' }));
      });
      request.on('error', reject);
      if (stream === null) request.end();
      else stream.on('error', reject);
    });
  } catch (error) {
    timer.signal.throwIfAborted();
    const refused = refusedBy(error, 'before-headers');
    const isStale = request.reusedSocket && refused instanceof Refused && refused.refusal.reason === 'reset';
    throw isStale ? new StaleConnection(refused.refusal) : refused;
  } finally {
    timer.signal.removeEventListener('abort', abort);
  }
}

/** @throws Refused for any status that does not bring the whole file. `hint` is added to its detail. */
export function requireFile({ status, headers }: HttpAnswer, clock: Clock, hint = ''): void {
  const reason = reasonOfStatus(status);
  if (reason === null) return;
  const retryAfterMs = parseRetryAfterMs(headers['retry-after'], clock.nowMs());
  throw new Refused({ reason, detail: `status ${status}${hint}`, retryAfterMs });
}

function headersOf(response: IncomingMessage): Pick<HttpAnswer, 'headers' | 'valuesOf'> {
  const headers: Record<string, string> = {};
  for (const [name, value = ''] of Object.entries(response.headers))
    headers[name] = typeof value === 'string' ? value : value.join(', ');
  return { headers, valuesOf: (name) => response.headersDistinct[name] ?? [] };
}

/** To keep its connection, an unwanted body is read to at most this many bytes and milliseconds. */
const DRAIN_MAX_BYTES = 16 * 1024;
const DRAIN_TIMEOUT_MS = 1_000;

/** Discards the body of a redirect or an error page. Never rejects. */
export async function drain({ body }: HttpAnswer, timer: RequestTimer): Promise<void> {
  let drained = 0;
  body.on('data', (chunk: Buffer) => {
    drained += chunk.length;
    timer.receivedBytes += chunk.length;
    if (drained > DRAIN_MAX_BYTES) body.destroy();
  });
  const timeout = setTimeout(() => body.destroy(), DRAIN_TIMEOUT_MS);
  await finished(body, { writable: false, cleanup: true, signal: timer.signal }).catch(() => undefined);
  clearTimeout(timeout);
}

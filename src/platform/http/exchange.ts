import type { ClientRequest, IncomingMessage } from 'node:http';
import type { Duplex } from 'node:stream';
import { finished } from 'node:stream/promises';
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
  /** Errors have a listener; whoever reads it gets them all the same. */
  readonly body: IncomingMessage;
}

export interface Sending {
  readonly client: HttpClient;
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
  const { client, headers, firstByteTimeoutMs, watch } = sending;
  const timer = setTimeout(() => {
    watch.abort({ reason: 'timeout-first-byte', detail: `no answer within ${firstByteTimeoutMs} ms` });
  }, firstByteTimeoutMs);
  try {
    watch.signal.throwIfAborted();
    const response = await responseTo(client.send(url, headers), watch);
    return { status: response.statusCode ?? 0, ...headersOf(response), body: response };
  } finally {
    clearTimeout(timer);
  }
}

async function responseTo(request: ClientRequest, watch: Watch): Promise<IncomingMessage> {
  // Not Node's option `signal`: that would also destroy the connection under a body, whose reader has its own way to end it.
  const abort = (): void => void request.destroy(new Error('aborted', { cause: watch.signal.reason }));
  watch.signal.addEventListener('abort', abort);
  try {
    return await new Promise<IncomingMessage>((resolve, reject) => {
      request.once('response', (response) => {
        // An error of the body must find a listener also while nobody reads it.
        response.on('error', () => undefined);
        // Of a connection that breaks the request is told why, and the answer only that it was.
        request.on('error', (error) => response.destroy(error));
        resolve(response);
      });
      // Node hands the socket over; it is for us to close.
      request.once('upgrade', (_response: unknown, socket: Duplex) => {
        socket.destroy();
        reject(new Refused({ reason: 'reset', detail: 'The server switched to another protocol' }));
      });
      request.on('error', reject);
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

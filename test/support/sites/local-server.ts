import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { listenOnLoopback } from '../free-port.ts';

export interface LocalAnswer {
  readonly status: number;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body: string | Buffer;
  /** The connection breaks after half of the body. */
  readonly isCut?: boolean;
  /** The body comes again and again, without a stated length. */
  readonly isEndless?: boolean;
}

export interface LoggedRequest {
  readonly atMs: number;
  readonly path: string;
  readonly query: URLSearchParams;
  readonly headers: Readonly<Record<string, string>>;
  readonly status: number;
}

export interface LocalRequest {
  readonly url: URL;
  readonly headers: Readonly<Record<string, string>>;
}

export type LocalServer = Awaited<ReturnType<typeof startLocalServer>>;

/** A server on a free port of 127.0.0.1 that answers as it is told and keeps a log. */
export async function startLocalServer(answer: (request: LocalRequest) => LocalAnswer | Promise<LocalAnswer>) {
  const log: LoggedRequest[] = [];
  const respond = async (incoming: IncomingMessage, outgoing: ServerResponse): Promise<void> => {
    const url = new URL(incoming.url ?? '/', `http://${incoming.headers.host ?? '127.0.0.1'}`);
    const headers = headersOf(incoming);
    const atMs = Date.now();
    const { status, headers: own = {}, body, isCut = false, isEndless = false } = await answer({ url, headers });
    log.push({ atMs, path: url.pathname, query: url.searchParams, headers, status });
    outgoing.writeHead(status, isEndless ? own : { 'content-length': Buffer.byteLength(body), ...own });
    if (isEndless) await pipeline(Readable.from(repeated(body)), outgoing).catch(() => undefined);
    else if (isCut) outgoing.write(body.slice(0, body.length / 2), () => outgoing.destroy());
    else outgoing.end(incoming.method === 'HEAD' ? undefined : body);
  };
  const server = createServer((incoming, outgoing) => void respond(incoming, outgoing));
  const port = await listenOnLoopback(server);
  return {
    /** `http://127.0.0.1:<port>`, without a slash. */
    url: `http://127.0.0.1:${port}`,
    log: log as readonly LoggedRequest[],
    close: () =>
      new Promise<void>((resolve, reject) => {
        server.close((error) => (error === undefined ? resolve() : reject(error)));
        server.closeAllConnections();
      }),
  };
}

function* repeated<Body>(body: Body): Generator<Body> {
  while (true) yield body;
}

function headersOf(incoming: IncomingMessage): Readonly<Record<string, string>> {
  return Object.fromEntries(Object.entries(incoming.headers).map(([name, value]) => [name, String(value)]));
}

import { readdirSync, readFileSync } from 'node:fs';
import http, { type IncomingMessage, type RequestListener, type ServerResponse } from 'node:http';
import https from 'node:https';
import type { Server, Socket } from 'node:net';
import { join, relative } from 'node:path';
import { fileURLToPath } from 'node:url';
import { listenOnLoopback } from './free-port.ts';

const PHOTOS = fileURLToPath(new URL('../fixtures/samples/photos', import.meta.url));

export type LoggedRequest = ReturnType<typeof logged>;

export interface LocalServer {
  /** `http://127.0.0.1:PORT`, without a slash. */
  readonly origin: string;
  /** `127.0.0.1:PORT`, as `fetch.allowAddresses` takes it. */
  readonly address: string;
  readonly port: number;
  /** In the order of arrival. */
  readonly log: readonly LoggedRequest[];
  connections(): number;
  close(): Promise<void>;
}

/** Paths of good photos: `/photos/<wnid>/<name>.jpg`, 321 of test/fixtures/samples. Every local server here serves them. */
export const GOOD_PATHS: readonly string[] = readdirSync(PHOTOS, { recursive: true, withFileTypes: true })
  .filter((entry) => entry.isFile())
  .map((entry) => `/photos/${relative(PHOTOS, join(entry.parentPath, entry.name))}`)
  .toSorted();

export function goodPhoto(path: string): Buffer {
  return readFileSync(join(PHOTOS, path.replace(/^\/photos\//, '')));
}

/** A server on 127.0.0.1, on a free port unless one is given, with a log; answers photos under /photos/ and leaves the rest to `respond`. */
export async function startPhotoServer(
  respond: RequestListener,
  tls?: https.ServerOptions,
  port?: number,
): Promise<LocalServer> {
  const log: LoggedRequest[] = [];
  const listener: RequestListener = (request, response) => {
    const entry = logged(request);
    log.push(entry);
    response.once('close', () => (entry.endedMs = Date.now()));
    const writeHead = response.writeHead.bind(response);
    response.writeHead = (status: number, ...rest: never[]): ServerResponse => {
      entry.status = status;
      return writeHead(status, ...rest);
    };
    const path = pathOf(request);
    if (GOOD_PATHS.includes(path)) sendPhoto(response, goodPhoto(path));
    else respond(request, response);
  };
  const server = tls === undefined ? http.createServer(listener) : https.createServer(tls, listener);
  const sockets = trackSockets(server);
  const listening = await listenOnLoopback(server, port);
  return {
    origin: `${tls === undefined ? 'http' : 'https'}://127.0.0.1:${listening}`,
    address: `127.0.0.1:${listening}`,
    port: listening,
    log,
    connections: () => sockets.size,
    close: () => stop(server, sockets),
  };
}

function logged(request: IncomingMessage) {
  return {
    atMs: Date.now(),
    path: request.url ?? '',
    host: request.headers.host ?? '',
    userAgent: request.headers['user-agent'] ?? '',
    headers: request.headers,
    /** The client's port, which tells connections apart. */
    clientPort: request.socket.remotePort ?? 0,
    /** Null while nothing is answered, and for answers that are no HTTP. */
    status: null as number | null,
    /** When the answer had been sent, or the connection was gone; null before. */
    endedMs: null as number | null,
  };
}

/** Without the query, so that one behaviour can be asked for in many URLs. */
export function pathOf(request: IncomingMessage): string {
  return (request.url ?? '').replace(/\?.*$/, '');
}

export function sendPhoto(response: ServerResponse, photo: Buffer): void {
  response.writeHead(200, { 'content-type': 'image/jpeg', 'content-length': photo.length }).end(photo);
}

function trackSockets(server: Server): Set<Socket> {
  const sockets = new Set<Socket>();
  server.on('connection', (socket: Socket) => {
    sockets.add(socket);
    socket.on('error', () => undefined);
    socket.once('close', () => sockets.delete(socket));
  });
  return sockets;
}

function stop(server: Server, sockets: ReadonlySet<Socket>): Promise<void> {
  for (const socket of sockets) socket.destroy();
  return new Promise((resolve) => server.close(() => resolve()));
}

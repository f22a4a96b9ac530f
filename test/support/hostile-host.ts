import { readFileSync } from 'node:fs';
import type { IncomingMessage, OutgoingHttpHeaders, ServerResponse } from 'node:http';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { gzipSync } from 'node:zlib';
import type { FailedReason } from '../../src/core/kernel/reasons.ts';
import { makeBombs, type Bombs } from './bombs.ts';
import { goodPhoto, GOOD_PATHS, pathOf, sendPhoto, startPhotoServer, type LocalServer } from './photo-server.ts';

const ROOT = fileURLToPath(new URL('../../', import.meta.url));

export interface HostileCase {
  /** Null for a good photo that must arrive. */
  readonly reason: FailedReason | null;
  /**
   * Also right, if given: on a busy machine the last bytes and the reset can be read at once. libuv then reports a plain end
   * of the connection.
   */
  readonly reasonIfReadLate?: FailedReason;
  /** The step that finds the problem: the request, or the inspection of the bytes. */
  readonly foundBy: 'request' | 'inspection';
  /** Requests that it takes: 2 where the first is refused with a status that passes. */
  readonly tries: number;
}

export function isReasonOf({ reason, reasonIfReadLate }: HostileCase, actual: string | null | undefined): boolean {
  return actual === reason || (actual !== undefined && actual === reasonIfReadLate);
}

export type HostileHost = Awaited<ReturnType<typeof startHostileHost>>;

/**
 * An image host that does everything that has hung, filled or fooled a crawler. Needs limits such as
 * { firstByteTimeoutMs: 4_000, totalTimeoutMs: 8_000, minBytesPerSecond: 1_000, maxBytes: 10 MB } to end soon, and a guard
 * that lets through `address` only.
 */
export async function startHostileHost() {
  const bombs = await makeBombs();
  const behaviours = new Map<string, Behaviour>([
    ...photos(bombs),
    ...brokenTransfers(bombs),
    ...refusals(),
    ...redirects(),
  ]);
  const server = await startPhotoServer((request, response) => {
    const path = pathOf(request);
    const behaviour = behaviours.get(path) ?? (path.startsWith('/chain/') ? CHAIN : MISSING);
    behaviour.respond(response, request);
  });
  const cases = [...behaviours].map(
    ([path, behaviour]) => [path, { foundBy: 'request', tries: 1, ...behaviour }] as const,
  );
  /** Every behaviour by its path, good photos apart. */
  return { ...server, cases: new Map<string, HostileCase>(cases) };
}

/** A TLS server with a certificate that nobody trusts, unless told to trust `SELF_SIGNED_CERTIFICATE`. */
export function startSelfSignedHost(): Promise<LocalServer> {
  const key = readFileSync(join(ROOT, 'test/fixtures/tls/localhost-key.pem'));
  return startPhotoServer((_request, response) => response.writeHead(404).end(), {
    key,
    cert: SELF_SIGNED_CERTIFICATE,
  });
}

export const SELF_SIGNED_CERTIFICATE = readFileSync(join(ROOT, 'test/fixtures/tls/localhost-certificate.pem'), 'utf8');

interface Behaviour extends Partial<HostileCase> {
  readonly reason: FailedReason | null;
  readonly respond: (response: ServerResponse, request: IncomingMessage) => void;
}

type Entry = readonly [path: string, behaviour: Behaviour];

const MISSING: Behaviour = {
  reason: 'http-404',
  respond: (response) => void response.writeHead(404).end('no such page'),
};
/** Each link leads to one that was never seen before. */
const CHAIN: Behaviour = {
  reason: 'too-many-redirects',
  respond: (response, request) => redirect(response, `/chain/${Number(pathOf(request).slice('/chain/'.length)) + 1}`),
};

/** Whole answers: good photos in odd clothes, and what only looks like one. */
function photos(bombs: Bombs): Entry[] {
  const photo = goodPhoto(GOOD_PATHS[0] ?? '');
  const found = (reason: FailedReason, type: string, body: () => Buffer | string): Behaviour => ({
    reason,
    foundBy: 'inspection',
    respond: (response) => void response.writeHead(200, { 'content-type': type }).end(body()),
  });
  const good = (headers: OutgoingHttpHeaders, body: Buffer): Behaviour => ({
    reason: null,
    respond: (response) => void response.writeHead(200, headers).end(body),
  });
  return [
    ['/jpeg-named.png', good({ 'content-type': 'image/png' }, photo)],
    ['/jpeg-as-text.jpg', good({ 'content-type': 'text/html; charset=utf-8' }, photo)],
    ['/gzipped-photo.jpg', good({ 'content-encoding': 'gzip' }, gzipSync(photo))],
    ['/odd-coding.jpg', good({ 'content-encoding': 'jpeg' }, photo)],
    ['/html-as-jpeg.jpg', found('not-an-image', 'image/jpeg', () => '<!doctype html><title>Log in</title>')],
    ['/empty.jpg', found('not-an-image', 'image/jpeg', () => '')],
    ['/drawing.jpg', found('unsupported-format', 'image/jpeg', () => SVG)],
    ['/pixel-bomb.png', found('too-many-pixels', 'image/png', () => bombs.png)],
    ['/cut.jpg', found('truncated', 'image/jpeg', () => photo.subarray(0, photo.length / 2))],
  ];
}

function brokenTransfers(bombs: Bombs): Entry[] {
  const withLength = { 'content-length': '100000' };
  return [
    [
      '/reset-mid-body',
      {
        reason: 'reset',
        reasonIfReadLate: 'short-body',
        respond: (r) => sendPart(r, withLength, () => r.socket?.resetAndDestroy()),
      },
    ],
    ['/reset-mid-chunk', { reason: 'reset', respond: (r) => sendPart(r, {}, () => r.socket?.resetAndDestroy()) }],
    ['/closed-mid-chunk', { reason: 'reset', respond: (r) => sendPart(r, {}, () => r.socket?.end()) }],
    ['/short-body', { reason: 'short-body', respond: (r) => sendPart(r, withLength, () => r.socket?.end()) }],
    ['/part', { reason: 'short-body', respond: (r) => void r.writeHead(206).end(PART) }],
    [
      '/cut-gzip',
      { reason: 'short-body', respond: (r) => void r.writeHead(200, GZIP).end(gzipSync(PART).subarray(0, 20)) },
    ],
    ['/no-gzip', { reason: 'unreadable', respond: (r) => void r.writeHead(200, GZIP).end(PART) }],
    ['/endless', { reason: 'too-large', respond: (r) => pour(r, Number.POSITIVE_INFINITY) }],
    ['/single-bytes', { reason: 'timeout-total', respond: (r) => every(r, 5, () => crumbs(r)) }],
    ['/livestream', { reason: 'timeout-total', respond: (r) => every(r, 50, () => r.write(PART)) }],
    ['/60-mb-without-length', { reason: 'too-large', respond: (r) => pour(r, 60_000_000) }],
    [
      '/60-mb',
      { reason: 'too-large', respond: (r) => r.writeHead(200, { 'content-length': '60000000' }).flushHeaders() },
    ],
    ['/gzip-bomb', { reason: 'too-large', respond: (r) => void r.writeHead(200, GZIP).end(bombs.gzip) }],
    ['/one-byte-a-second', { reason: 'too-slow', respond: (r) => every(r, 1_000, () => r.write('\u00ff', 'latin1')) }],
    ['/stalls', { reason: 'too-slow', respond: (r) => sendPart(r, withLength, () => undefined) }],
    ['/never-answers', { reason: 'timeout-first-byte', respond: () => undefined }],
    ['/slow-headers', { reason: 'timeout-first-byte', respond: dripHeaders }],
    ['/no-http', { reason: 'reset', respond: (r) => r.socket?.end('\u0000\u0001 what is HTTP?\r\n\r\n') }],
    [
      '/flood-of-headers',
      { reason: 'reset', respond: (r) => void r.writeHead(200, { 'x-flood': 'x'.repeat(100_000) }).end() },
    ],
    [
      '/switches-protocols',
      {
        reason: 'reset',
        respond: (r) =>
          r.socket?.write('HTTP/1.1 101 Switching Protocols\r\nconnection: upgrade\r\nupgrade: websocket\r\n\r\n'),
      },
    ],
    ['/hangs-up', { reason: 'reset', respond: (r) => r.socket?.destroy() }],
  ];
}

/** Statuses. `Retry-After` is two seconds in both forms; the `-once` paths have a photo from the second time on. */
function refusals(): Entry[] {
  const inTwoSeconds = (): string => new Date(Date.now() + 2_000).toUTCString();
  const refuse = (status: number, headers = (): OutgoingHttpHeaders => ({})): Behaviour['respond'] => {
    return (response) => void response.writeHead(status, headers()).end('no');
  };
  const once = (first: Behaviour['respond']): Behaviour['respond'] => {
    let isFirst = true;
    return (response, request) => {
      if (isFirst) first(response, request);
      else sendPhoto(response, goodPhoto(GOOD_PATHS[0] ?? ''));
      isFirst = false;
    };
  };
  const bySeconds = refuse(429, () => ({ 'retry-after': '2' }));
  const byDate = refuse(429, () => ({ 'retry-after': inTwoSeconds() }));
  return [
    ['/missing', MISSING],
    ['/gone', { reason: 'http-404', respond: refuse(410) }],
    ['/forbidden', { reason: 'http-4xx', respond: refuse(403) }],
    ['/unavailable', { reason: 'http-5xx', respond: refuse(503) }],
    ['/unavailable-for-2-seconds', { reason: 'http-5xx', respond: refuse(503, () => ({ 'retry-after': '2' })) }],
    ['/limited-seconds', { reason: 'rate-limited', respond: bySeconds }],
    ['/limited-date', { reason: 'rate-limited', respond: byDate }],
    ['/limited-seconds-once', { reason: null, tries: 2, respond: once(bySeconds) }],
    ['/limited-date-once', { reason: null, tries: 2, respond: once(byDate) }],
    ['/unavailable-once', { reason: null, tries: 2, respond: once(refuse(503)) }],
    ['/endless-error', { reason: 'http-5xx', respond: (r) => every(r.writeHead(500), 100, () => r.write('sorry ')) }],
  ];
}

function redirects(): Entry[] {
  const to = (reason: FailedReason | null, location: string): Behaviour => ({
    reason,
    respond: (response) => redirect(response, location),
  });
  return [
    ['/to-photo', to(null, GOOD_PATHS[0] ?? '')],
    ['/redirect-loop', to('too-many-redirects', '/redirect-loop/2')],
    ['/redirect-loop/2', to('too-many-redirects', '/redirect-loop')],
    ['/redirect-chain', to('too-many-redirects', '/chain/1')],
    ...NOT_PUBLIC.map(
      ([name, host]) => [`/to-${name}`, to('address-refused', `http://${host}/latest/meta-data`)] as const,
    ),
    ['/to-file', to('scheme-refused', 'file:///etc/passwd')],
    ['/to-ftp', to('scheme-refused', 'ftp://ftp.example/photo.jpg')],
    ['/to-data', to('scheme-refused', 'data:image/png;base64,iVBORw0KGgo=')],
    ['/to-nonsense', to('scheme-refused', 'http://[')],
    ['/to-nowhere', { reason: 'http-4xx', respond: (response) => void response.writeHead(302).end() }],
  ];
}

/** Spellings of addresses that redirects must not reach; port 9 so that nothing answers if one does. */
const NOT_PUBLIC: readonly (readonly [name: string, host: string])[] = [
  ['loopback', '127.0.0.1:9'],
  ['loopback-decimal', '2130706433:9'],
  ['loopback-octal', '0177.0.0.1:9'],
  ['loopback-hex', '0x7f000001:9'],
  ['loopback-short', '127.1:9'],
  ['loopback-mapped', '[::ffff:127.0.0.1]:9'],
  ['loopback-ipv6', '[::1]:9'],
  ['loopback-name', 'localhost:9'],
  ['this-host', '0.0.0.0:9'],
  ['metadata', '169.254.169.254'],
  ['metadata-ipv6', '[fd00:ec2::254]'],
  ['private', '10.0.0.1'],
  ['nat64', '[64:ff9b::a00:1]'],
];

const PART = Buffer.alloc(10_000, 0xff);
const GZIP = { 'content-encoding': 'gzip' };
const SVG = '<svg xmlns="http://www.w3.org/2000/svg" width="9" height="9"><script>alert(1)</script></svg>';

function redirect(response: ServerResponse, location: string): void {
  response.writeHead(302, { location, 'content-length': '0' }).end();
}

function sendPart(response: ServerResponse, headers: OutgoingHttpHeaders, then: () => void): void {
  // The pause lets the part arrive before the next step.
  response.writeHead(200, headers).write(PART, () => setTimeout(then, 50));
}

/** Writes as fast as the client reads. */
function pour(response: ServerResponse, bytes: number): void {
  const piece = Buffer.alloc(64 * 1024, 0xff);
  let poured = 0;
  const go = (): void => {
    while (poured < bytes && !response.destroyed) {
      poured += piece.length;
      if (!response.write(piece)) return;
    }
    response.end();
  };
  response.on('drain', go);
  go();
}

function every(response: ServerResponse, pauseMs: number, write: () => void): void {
  write();
  const timer = setInterval(write, pauseMs);
  response.once('close', () => clearInterval(timer));
}

/** Chunks of one byte each: little traffic, many objects. */
function crumbs(response: ServerResponse): void {
  if (!response.headersSent) response.flushHeaders();
  response.socket?.write('1\r\nx\r\n'.repeat(2_000));
}

function dripHeaders(response: ServerResponse): void {
  const { socket } = response;
  socket?.write('HTTP/1.1 200 OK\r\nx-drip: ');
  every(response, 50, () => socket?.write('x'));
}

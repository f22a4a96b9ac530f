import { brotliCompressSync, gzipSync } from 'node:zlib';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { HttpClient } from '../../../../../src/core/platform/http/http-client.ts';
import { requestText, type TextRequest, type TextResult } from '../../../../../src/core/platform/http/request-text.ts';
import { startHostileHost, type HostileHost } from '../../../../support/hostile-host.ts';
import { startPhotoServer, type LocalServer } from '../../../../support/photo-server.ts';
import { LIMITS, openClient } from './support.ts';

let server: LocalServer;
let hostile: HostileHost;
let client: HttpClient;

interface Answer {
  readonly status?: number;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: Buffer | string;
}

const ANSWERS: Readonly<Record<string, Answer>> = {
  '/gzip': { headers: { 'content-encoding': 'gzip' }, body: gzipSync('{"é": 1}') },
  '/br': { headers: { 'content-encoding': 'br' }, body: brotliCompressSync('{"é": 1}') },
  '/latin1': { headers: { 'content-type': 'text/plain; charset="ISO-8859-1"' }, body: Buffer.from([0xe9]) },
  '/unknown-charset': { headers: { 'content-type': 'text/plain; charset=klingon' }, body: 'é' },
  '/mark': { body: '\ufeffé' },
  '/invalid': { body: Buffer.from([0x61, 0xff, 0x62]) },
  '/unchanged': { headers: { etag: '"tag"' } },
  '/unchanged-gzip': { status: 304, headers: { 'content-encoding': 'gzip' } },
  '/limited': { status: 429, headers: { 'retry-after': '7' }, body: 'slow down' },
  '/moved': { status: 301, headers: { location: '/gzip' }, body: 'elsewhere' },
};
const TEAPOT: Answer = { status: 418, body: 'a teapot' };

beforeAll(async () => {
  hostile = await startHostileHost();
  server = await startPhotoServer((request, response) => {
    const { status = 200, headers = {}, body } = ANSWERS[request.url ?? ''] ?? TEAPOT;
    const isUnchanged = headers['etag'] !== undefined && request.headers['if-none-match'] === headers['etag'];
    response.writeHead(isUnchanged ? 304 : status, headers).end(body);
  });
  client = openClient([server.address, hostile.address]);
});

afterAll(async () => {
  client.close();
  await Promise.all([server.close(), hostile.close()]);
});

const ask = (path: string, request: Partial<TextRequest> = {}, origin = server.origin): Promise<TextResult> =>
  requestText({ url: `${origin}${path}`, ...request }, LIMITS, { client });

describe('requestText', () => {
  it.each([
    ['/gzip', '{"é": 1}'],
    ['/br', '{"é": 1}'],
    ['/latin1', 'é'],
    ['/unknown-charset', 'é'],
    ['/mark', 'é'],
    ['/invalid', 'a\ufffdb'],
  ])('decodes %s', async (path, body) => {
    expect(await ask(path)).toMatchObject({ ok: true, status: 200, body });
  });

  it('returns answers of any status with their bodies', async () => {
    expect(await ask('/teapot')).toMatchObject({ ok: true, status: 418, body: 'a teapot', retryAfterMs: null });
    expect(await ask('/limited')).toMatchObject({ ok: true, status: 429, body: 'slow down', retryAfterMs: 7_000 });
  });

  it('passes on conditional requests, and the 304 that answers them', async () => {
    const headers = { 'if-none-match': '"tag"' };
    expect(await ask('/unchanged', { headers })).toMatchObject({ ok: true, status: 304, body: '' });
    expect(await ask('/unchanged')).toMatchObject({ ok: true, status: 200, headers: { etag: '"tag"' } });
    expect(await ask('/unchanged-gzip')).toMatchObject({ ok: true, status: 304, body: '' });
  });

  it('follows redirects, unless told not to', async () => {
    const finalUrl = `${server.origin}/gzip`;
    expect(await ask('/moved')).toMatchObject({ ok: true, status: 200, finalUrl });
    expect(await ask('/moved', { followsRedirects: false })).toMatchObject({
      status: 301,
      headers: { location: '/gzip' },
      body: 'elsewhere',
    });
  });

  it.each(['/gzip-bomb', '/60-mb-without-length', '/endless'])('can keep only the beginning of %s', async (path) => {
    const limits = { ...LIMITS, maxBytes: 500_000 };
    const request = { url: `${hostile.origin}${path}`, keepsBeginning: true };
    const answer = await requestText(request, limits, { client });
    expect(answer.ok && Buffer.byteLength(answer.body, 'utf8')).toBeGreaterThanOrEqual(500_000);
    expect(answer).toMatchObject({ ok: true, status: 200, body: expect.not.stringContaining('no such') });
  });

  it.concurrent.each([
    ['/gzip-bomb', 'too-large'],
    ['/60-mb-without-length', 'too-large'],
    ['/60-mb', 'too-large'],
    ['/one-byte-a-second', 'too-slow'],
    ['/never-answers', 'timeout-first-byte'],
    ['/livestream', 'timeout-total'],
    ['/short-body', 'short-body'],
    ['/reset-mid-chunk', 'reset'],
    ['/no-gzip', 'unreadable'],
    ['/redirect-loop', 'too-many-redirects'],
    ['/to-metadata', 'address-refused'],
    ['/to-file', 'scheme-refused'],
  ])('has the same limits as downloads: %s is %s', async (path, reason) => {
    expect(await ask(path, {}, hostile.origin)).toMatchObject({ ok: false, reason });
  });
});

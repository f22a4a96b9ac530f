import { createHash } from 'node:crypto';
import net from 'node:net';
import { setTimeout as pause } from 'node:timers/promises';
import { brotliCompressSync, gzipSync } from 'node:zlib';
import { describe, expect, it, onTestFinished } from 'vitest';
import { Interrupted } from '../../../../../src/core/kernel/errors.ts';
import { BodyBuffers } from '../../../../../src/core/platform/http/body-buffers.ts';
import { download } from '../../../../../src/core/platform/http/download.ts';
import type { HttpAnswer } from '../../../../../src/core/platform/http/exchange.ts';
import type { HttpClient, HttpClientOptions } from '../../../../../src/core/platform/http/http-client.ts';
import { goodPhoto, GOOD_PATHS, startPhotoServer, type LocalServer } from '../../../../support/photo-server.ts';
import { LIMITS, openClient, resolverOf, USER_AGENT } from './support.ts';

const PHOTO_PATH = GOOD_PATHS[0] ?? '';

async function serve(...args: Parameters<typeof startPhotoServer>): Promise<LocalServer> {
  const server = await startPhotoServer(...args);
  onTestFinished(() => server.close());
  return server;
}

function clientOf(allowed: readonly string[], options: Partial<HttpClientOptions> = {}): HttpClient {
  const client = openClient(allowed, options);
  onTestFinished(() => client.close());
  return client;
}

const servePhotos = (): Promise<LocalServer> => serve((_request, response) => response.writeHead(404).end());

describe('download', () => {
  it('reports the bytes and their address', async () => {
    const server = await servePhotos();
    const client = clientOf([server.address]);
    const result = await download({ url: `${server.origin}${PHOTO_PATH}?size=l#top` }, LIMITS, { client });
    expect(result).toMatchObject({
      ok: true,
      sha256: createHash('sha256').update(goodPhoto(PHOTO_PATH)).digest('hex'),
      finalUrl: `${server.origin}${PHOTO_PATH}?size=l`,
    });
    expect(server.log).toMatchObject([
      { host: server.address, userAgent: USER_AGENT, headers: { 'accept-encoding': 'identity' }, status: 200 },
    ]);
  });

  it('reuses connections, even after error pages and redirects, and opens no more than allowed', async () => {
    const server = await serve((request, response) => {
      if (request.url?.startsWith('/moved') === true) response.writeHead(301, { location: PHOTO_PATH }).end('moved');
      else response.writeHead(404).end('no such page');
    });
    const client = clientOf([server.address], { connectionsPerHost: 4 });
    const paths = Array.from({ length: 150 }, (_, i) => [PHOTO_PATH, '/moved', '/missing'][i % 3] ?? '');
    const results = await Promise.all(
      paths.map((path, i) => download({ url: `${server.origin}${path}?${i}` }, LIMITS, { client })),
    );
    expect(results.filter(({ ok }) => ok)).toHaveLength(100);
    expect(server.log).toHaveLength(200);
    expect(new Set(server.log.map(({ clientPort }) => clientPort)).size).toBeLessThanOrEqual(4);
  });

  it('removes the credentials of a URL and of a redirect', async () => {
    const server = await serve((_request, response) => {
      response.writeHead(302, { location: `http://who:else@${server.address}${PHOTO_PATH}` }).end();
    });
    const client = clientOf([server.address]);
    const result = await download({ url: `http://me:secret@${server.address}/a` }, LIMITS, { client });
    expect(result).toMatchObject({ ok: true, finalUrl: `${server.origin}${PHOTO_PATH}` });
    expect(server.log.map(({ headers }) => headers.authorization)).toEqual([undefined, undefined]);
  });

  it('does not send authorization and cookies to other origins', async () => {
    const other = await servePhotos();
    const server = await serve((_request, response) => {
      response.writeHead(302, { location: `${other.origin}${PHOTO_PATH}` }).end();
    });
    const client = clientOf([server.address, other.address]);
    const headers = { authorization: 'Bearer key', cookie: 'a=b', 'if-none-match': '"tag"' };
    await download({ url: `${server.origin}/a`, headers }, LIMITS, { client });
    expect(server.log[0]?.headers).toMatchObject(headers);
    expect(other.log[0]?.headers).toMatchObject({ 'if-none-match': '"tag"' });
    expect(other.log[0]?.headers).not.toHaveProperty('authorization');
    expect(other.log[0]?.headers).not.toHaveProperty('cookie');
  });

  it('follows redirects in UTF-8 and relative to their page', async () => {
    const server = await serve((request, response) => {
      if (request.url === '/a/b') response.writeHead(302, { location: Buffer.from('../é?x').toString('latin1') }).end();
      else response.end(request.url);
    });
    const result = await download({ url: `${server.origin}/a/b` }, LIMITS, { client: clientOf([server.address]) });
    expect(result.ok && result.bytes.toString()).toBe('/%C3%A9?x');
  });

  it.each([
    '',
    'photo.jpg',
    'http://',
    '//host/photo.jpg',
    'file:///etc/passwd',
    'data:,x',
    'javascript:alert(1)',
    'ftp://a.example/',
  ])('refuses %j without sending a request', async (url) => {
    const client = clientOf([]);
    const beforeRequest = (): never => expect.unreachable();
    const result = await download({ url }, LIMITS, { client, beforeRequest });
    expect(result).toMatchObject({ ok: false, reason: 'scheme-refused', status: null });
  });

  it('has one time limit for all hops together', async () => {
    const server = await serve((request, response) => {
      const location = `/${Number(request.url?.slice(1)) + 1}`;
      setTimeout(() => response.writeHead(302, { location }).end(), 200);
    });
    const limits = { ...LIMITS, totalTimeoutMs: 700, maxRedirects: 100 };
    const result = await download({ url: `${server.origin}/1` }, limits, { client: clientOf([server.address]) });
    expect(result).toMatchObject({ ok: false, reason: 'timeout-total' });
    // Four on an idle machine; without the limit a hundred.
    expect(server.log.length).toBeLessThan(20);
  });

  it('decompresses compressed bodies within the limit', async () => {
    const zeros = Buffer.alloc(3_000_000);
    const server = await serve((request, response) => {
      if (request.url === '/br') response.writeHead(200, { 'content-encoding': 'BR' }).end(brotliCompressSync(zeros));
      else response.writeHead(200, { 'content-encoding': 'gzip' }).end(gzipSync(zeros));
    });
    const client = clientOf([server.address]);
    for (const path of ['/br', '/gzip']) {
      const url = `${server.origin}${path}`;
      const result = await download({ url }, { ...LIMITS, maxBytes: 3_000_000 }, { client });
      expect(result.ok && result.bytes.equals(zeros)).toBe(true);
      const refused = await download({ url }, { ...LIMITS, maxBytes: 2_999_999 }, { client });
      expect(refused).toMatchObject({ ok: false, reason: 'too-large' });
    }
  });

  it('accepts a body of exactly the limit, with and without a length', async () => {
    const server = await serve((request, response) => {
      if (request.url === '/chunked') response.write('1');
      response.end(request.url === '/chunked' ? '234' : '1234');
    });
    const client = clientOf([server.address]);
    for (const path of ['/length', '/chunked']) {
      const url = `${server.origin}${path}`;
      expect(await download({ url }, { ...LIMITS, maxBytes: 4 }, { client })).toMatchObject({ ok: true });
      expect(await download({ url }, { ...LIMITS, maxBytes: 3 }, { client })).toMatchObject({ reason: 'too-large' });
    }
  });

  it('uses memory again that was given back, and none that is in use', async () => {
    const bodyOf = (url: string): Buffer => Buffer.alloc(1 + ((Number(url.slice(1)) * 7_919) % 300_000), url);
    const server = await serve(({ url = '' }, response) => {
      // Every third body has no length, and grows.
      if (Number(url.slice(1)) % 3 > 0) response.setHeader('content-length', bodyOf(url).length);
      response.end(bodyOf(url));
    });
    const client = clientOf([server.address]);
    const buffers = new BodyBuffers();
    const memory: ArrayBufferLike[] = [];
    const isRight = await Promise.all(
      Array.from({ length: 120 }, async (_, i) => {
        const result = await download({ url: `${server.origin}/${i}` }, LIMITS, { client, buffers });
        if (!result.ok) return false;
        // Others are read meanwhile.
        await pause(i % 20);
        const isWhole = result.bytes.equals(bodyOf(`/${i}`));
        memory.push(result.bytes.buffer);
        buffers.giveBack(result.bytes);
        return isWhole;
      }),
    );
    expect(isRight).toEqual(Array.from({ length: 120 }, () => true));
    expect(new Set(memory).size).toBeLessThan(100);
  });

  it('repeats a request if the kept connection had just been closed', async () => {
    let requests = 0;
    const server = net.createServer((socket) => {
      socket.on('error', () => undefined);
      let isFirst = true;
      socket.on('data', () => {
        requests += 1;
        if (isFirst) socket.write('HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok');
        else socket.resetAndDestroy();
        isFirst = false;
      });
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    onTestFinished(() => void server.close());
    const { port } = server.address() as net.AddressInfo;
    const client = clientOf([`127.0.0.1:${port}`]);
    let permits = 0;
    const beforeRequest = (): Promise<null> => Promise.resolve(null).finally(() => (permits += 1));
    const ask = (): ReturnType<typeof download> =>
      download({ url: `http://127.0.0.1:${port}/` }, LIMITS, { client, beforeRequest });
    expect(await ask()).toMatchObject({ ok: true });
    await pause(10);
    expect(await ask()).toMatchObject({ ok: true });
    expect([requests, permits]).toEqual([3, 3]);
  });

  it("is ended by its caller's signal at once and completely", async () => {
    const server = await serve((_request, response) => response.writeHead(200).write('part'));
    const client = clientOf([server.address]);
    const interrupted = new AbortController();
    const pending = Array.from({ length: 40 }, () =>
      download({ url: `${server.origin}/a` }, LIMITS, { client, signal: interrupted.signal }),
    );
    // The client has 32 connections to a host; the other requests wait for one.
    await expect.poll(() => server.log.length).toBe(32);
    interrupted.abort();
    const settled = await Promise.allSettled(pending);
    expect(settled.every((one) => one.status === 'rejected' && one.reason instanceof Interrupted)).toBe(true);
    await expect.poll(() => server.connections()).toBe(0);
    await expect(download({ url: server.origin }, LIMITS, { client, signal: interrupted.signal })).rejects.toThrow(
      Interrupted,
    );
    expect(server.log).toHaveLength(32);
  });
});

describe('beforeRequest', () => {
  it('is called at every hop, and can refuse it before anything is sent', async () => {
    const server = await serve((_request, response) => response.writeHead(302, { location: '/private' }).end());
    const client = clientOf([server.address]);
    const asked: string[] = [];
    const result = await download({ url: `${server.origin}/open` }, LIMITS, {
      client,
      beforeRequest: ({ pathname }) => {
        asked.push(pathname);
        const refusal = { reason: 'robots-disallowed', detail: 'Disallow: /private' } as const;
        return Promise.resolve(pathname === '/private' ? refusal : null);
      },
    });
    expect(result).toMatchObject({ ok: false, reason: 'robots-disallowed', finalUrl: `${server.origin}/private` });
    expect(asked).toEqual(['/open', '/private']);
    expect(server.log.map(({ path }) => path)).toEqual(['/open']);
  });

  it('may wait for longer than the time limit of the download', async () => {
    const server = await servePhotos();
    const client = clientOf([server.address]);
    const limits = { ...LIMITS, totalTimeoutMs: 1_500, firstByteTimeoutMs: 1_500 };
    const beforeRequest = (): Promise<null> => pause(1_800, null);
    const result = await download({ url: `${server.origin}${PHOTO_PATH}` }, limits, { client, beforeRequest });
    expect(result).toMatchObject({ ok: true });
  });

  it('is not called before a connection is free', async () => {
    const server = await serve((_request, response) => setTimeout(() => response.end('ok'), 50));
    const client = clientOf([server.address], { connectionsPerHost: 2 });
    let permitted = 0;
    let most = 0;
    const one = async (): Promise<void> => {
      await download({ url: server.origin }, LIMITS, {
        client,
        beforeRequest: () => {
          permitted += 1;
          most = Math.max(most, permitted);
          return Promise.resolve(null);
        },
      });
      permitted -= 1;
    };
    await Promise.all(Array.from({ length: 10 }, one));
    // A caller receives its result just after its slot has passed to the next caller.
    expect(most).toBeLessThanOrEqual(2 + 1);
  });

  it('passes its own errors on, because they are not the fault of the host', async () => {
    const server = await servePhotos();
    const client = clientOf([server.address]);
    const error = Object.assign(new Error('connect ECONNREFUSED'), { code: 'ECONNREFUSED' });
    const pending = download({ url: server.origin }, LIMITS, { client, beforeRequest: () => Promise.reject(error) });
    await expect(pending).rejects.toBe(error);
    expect(server.log).toEqual([]);
  });
});

describe('onHeaders', () => {
  it('refuses an answer before its body is read, and sees repeated headers separately', async () => {
    let sent = 0;
    const server = await serve((_request, response) => {
      response.writeHead(200, { 'x-robots-tag': ['otherbot: noindex', 'noai'] });
      const timer = setInterval(() => (sent += response.write(Buffer.alloc(1_000_000)) ? 1 : 0), 5);
      response.once('close', () => clearInterval(timer));
    });
    const client = clientOf([server.address]);
    const heads: HttpAnswer[] = [];
    const onHeaders = (head: HttpAnswer): { reason: 'opted-out'; detail: string } => {
      heads.push(head);
      return { reason: 'opted-out', detail: 'noai' };
    };
    const result = await download({ url: `${server.origin}/a` }, LIMITS, { client, onHeaders });
    expect(result).toMatchObject({ ok: false, reason: 'opted-out', detail: 'noai', status: 200, receivedBytes: 0 });
    expect(heads[0]?.valuesOf('x-robots-tag')).toEqual(['otherbot: noindex', 'noai']);
    expect(heads[0]?.headers['x-robots-tag']).toBe('otherbot: noindex, noai');
    await expect.poll(() => server.connections()).toBe(0);
    expect(sent).toBeLessThan(20);
  });

  it('is not called for errors and redirects', async () => {
    const server = await serve((request, response) => {
      response.writeHead(request.url === '/a' ? 302 : 404, { location: '/b' }).end();
    });
    const client = clientOf([server.address]);
    const onHeaders = (): never => expect.unreachable();
    const result = await download({ url: `${server.origin}/a` }, LIMITS, { client, onHeaders });
    expect(result).toMatchObject({ ok: false, reason: 'http-404', status: 404 });
  });
});

describe('names', () => {
  it('are looked up once per connection, and the connection uses the checked address', async () => {
    const server = await servePhotos();
    const { resolve, asked } = resolverOf({ 'photos.example': [['127.0.0.1'], ['169.254.169.254']] });
    const client = clientOf([`127.0.0.1:${server.port}`], { resolve });
    const url = `http://photos.example:${server.port}${PHOTO_PATH}`;
    const ask = (): ReturnType<typeof download> => download({ url }, LIMITS, { client });
    expect(await ask()).toMatchObject({ ok: true });
    expect(await ask()).toMatchObject({ ok: true });
    expect(asked).toEqual(['photos.example']);
    expect(server.log[0]?.host).toBe(`photos.example:${server.port}`);
    // The kept connection closes, and the name now resolves to another address.
    await server.close();
    await expect.poll(async () => (await ask()).ok).toBe(false);
    expect(await ask()).toMatchObject({ ok: false, reason: 'address-refused' });
  });

  it('with a private address beside a public one are refused, and so are names without any', async () => {
    const { resolve } = resolverOf({ 'mixed.example': [['8.8.8.8', '10.0.0.1']], 'empty.example': [[]] });
    const client = clientOf([], { resolve });
    const ask = (host: string): ReturnType<typeof download> => download({ url: `http://${host}/` }, LIMITS, { client });
    expect(await ask('mixed.example')).toMatchObject({ ok: false, reason: 'address-refused' });
    expect(await ask('empty.example')).toMatchObject({ ok: false, reason: 'dns' });
    expect(await ask('missing.example')).toMatchObject({ ok: false, reason: 'dns' });
  });

  it('do not share a connection with another port of the same host', async () => {
    const [one, two] = [await servePhotos(), await servePhotos()];
    const { resolve } = resolverOf({ 'photos.example': [['127.0.0.1']] });
    const client = clientOf([`127.0.0.1:${one.port}`], { resolve });
    const ask = (port: number): ReturnType<typeof download> =>
      download({ url: `http://photos.example:${port}${PHOTO_PATH}` }, LIMITS, { client });
    expect(await ask(one.port)).toMatchObject({ ok: true });
    expect(await ask(two.port)).toMatchObject({ ok: false, reason: 'address-refused' });
    expect(two.log).toEqual([]);
  });

  it('without a server are connect errors', async () => {
    const server = await servePhotos();
    await server.close();
    const result = await download({ url: server.origin }, LIMITS, { client: clientOf([server.address]) });
    expect(result).toMatchObject({ ok: false, reason: 'connect', status: null });
  });
});

describe('a process that does not run for a while', () => {
  it('does not blame the host for that time', async () => {
    const server = await serve((_request, response) => {
      setTimeout(() => response.end('ok'), 10);
      const untilMs = performance.now() + 1_500;
      while (performance.now() < untilMs);
    });
    const limits = { ...LIMITS, totalTimeoutMs: 1_000, firstByteTimeoutMs: 500 };
    const result = await download({ url: `${server.origin}/a.jpg` }, limits, { client: clientOf([server.address]) });
    expect(result).toMatchObject({ ok: true });
  });

  it('leaves the next hop its time', async () => {
    const server = await serve((request, response) => {
      if (request.url === '/a.jpg') {
        setTimeout(() => response.end('ok'), 300);
        return;
      }
      const untilMs = performance.now() + 1_500;
      while (performance.now() < untilMs);
      response.writeHead(302, { location: '/a.jpg' }).end();
    });
    const limits = { ...LIMITS, totalTimeoutMs: 1_000, firstByteTimeoutMs: 800 };
    const client = clientOf([server.address]);
    expect(await download({ url: `${server.origin}/moved.jpg` }, limits, { client })).toMatchObject({ ok: true });
  });
});

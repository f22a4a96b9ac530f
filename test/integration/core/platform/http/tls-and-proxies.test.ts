import http, { type IncomingMessage } from 'node:http';
import net from 'node:net';
import { describe, expect, it, onTestFinished } from 'vitest';
import { download, type DownloadResult } from '../../../../../src/core/platform/http/download.ts';
import type { HttpClient, HttpClientOptions } from '../../../../../src/core/platform/http/http-client.ts';
import { SELF_SIGNED_CERTIFICATE, startSelfSignedHost } from '../../../../support/hostile-host.ts';
import { GOOD_PATHS, startPhotoServer, type LocalServer } from '../../../../support/photo-server.ts';
import { LIMITS, openClient, resolverOf } from './support.ts';

const PHOTO_PATH = GOOD_PATHS[0] ?? '';
const PHOTO = { ok: true } as const;

function clientOf(allowed: readonly string[], options: Partial<HttpClientOptions> = {}): HttpClient {
  const client = openClient(allowed, options);
  onTestFinished(() => client.close());
  return client;
}

async function closing<Server extends { close(): Promise<unknown> }>(starting: Promise<Server>): Promise<Server> {
  const server = await starting;
  onTestFinished(async () => void (await server.close()));
  return server;
}

function ask(client: HttpClient, origin: string): Promise<DownloadResult> {
  return download({ url: `${origin}${PHOTO_PATH}` }, LIMITS, { client });
}

describe('TLS', () => {
  it('refuses a certificate that nobody has signed', async () => {
    const host = await closing(startSelfSignedHost());
    const result = await ask(clientOf([host.address]), host.origin);
    expect(result).toMatchObject({ ok: false, reason: 'tls', status: null });
    expect(host.log).toEqual([]);
  });

  it('accepts a certificate that it is told to trust, but only for its own names', async () => {
    const host = await closing(startSelfSignedHost());
    const { resolve } = resolverOf({ 'photos.example': [['127.0.0.1']], 'other.example': [['127.0.0.1']] });
    const client = clientOf([host.address], { resolve, trustedCertificate: SELF_SIGNED_CERTIFICATE });
    expect(await ask(client, host.origin)).toMatchObject(PHOTO);
    expect(await ask(client, `https://photos.example:${host.port}`)).toMatchObject(PHOTO);
    expect(await ask(client, `https://other.example:${host.port}`)).toMatchObject({ ok: false, reason: 'tls' });
  });

  it('checks addresses as it does without TLS', async () => {
    const host = await closing(startSelfSignedHost());
    const { resolve } = resolverOf({ 'photos.example': [['127.0.0.1']] });
    const client = clientOf([], { resolve });
    expect(await ask(client, host.origin)).toMatchObject({ reason: 'address-refused' });
    expect(await ask(client, `https://photos.example:${host.port}`)).toMatchObject({ reason: 'address-refused' });
    expect(host.connections()).toBe(0);
  });

  it('fails if the server speaks plain HTTP', async () => {
    const host = await closing(startPhotoServer((_request, response) => response.end()));
    expect(await ask(clientOf([host.address]), `https://${host.address}`)).toMatchObject({ reason: 'tls' });
  });
});

type TestProxy = Awaited<ReturnType<typeof startProxy>>;

/** Sends everything to one local port, whatever name is requested, and requires a password. */
async function startProxy(targetPort: number, connectStatus = 200) {
  const requests: string[] = [];
  const note = (request: IncomingMessage): void => {
    requests.push(`${request.method} ${request.url} ${request.headers['proxy-authorization'] ?? ''}`.trimEnd());
  };
  const server = http.createServer((request, response) => {
    note(request);
    const { pathname } = new URL(request.url ?? '');
    const { host } = request.headers;
    http.get({ host: '127.0.0.1', port: targetPort, path: pathname, headers: { host }, agent: false }, (answer) => {
      answer.pipe(response.writeHead(answer.statusCode ?? 500, answer.headers));
    });
  });
  server.on('connect', (request, client: net.Socket) => {
    note(request);
    client.on('error', () => undefined);
    if (connectStatus !== 200) return client.end(`HTTP/1.1 ${connectStatus} No\r\n\r\n`);
    const target = net.connect(targetPort, '127.0.0.1', () => client.write('HTTP/1.1 200 OK\r\n\r\n'));
    target.on('error', () => client.destroy());
    client.once('close', () => target.destroy());
    return target.pipe(client).pipe(target);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as net.AddressInfo;
  const close = (): Promise<unknown> => {
    server.closeAllConnections();
    return new Promise((resolve) => server.close(resolve));
  };
  return { origin: `http://127.0.0.1:${port}`, requests, close };
}

function through(proxy: TestProxy, noProxy: string | null = null): Partial<HttpClientOptions> {
  const url = proxy.origin.replace('http://', 'http://me:secret@');
  return {
    proxies: { httpsProxy: url, httpProxy: url, noProxy },
    trustedCertificate: SELF_SIGNED_CERTIFICATE,
    resolve: () => expect.unreachable(),
  };
}

const AUTHORIZATION = `Basic ${Buffer.from('me:secret').toString('base64')}`;

describe('a proxy', () => {
  it('receives the whole of an http URL, and its password is not sent to the host', async () => {
    const host = await closing(startPhotoServer((_request, response) => response.writeHead(404).end()));
    const proxy = await closing(startProxy(host.port));
    expect(await ask(clientOf([], through(proxy)), 'http://photos.example')).toMatchObject(PHOTO);
    expect(proxy.requests).toEqual([`GET http://photos.example${PHOTO_PATH} ${AUTHORIZATION}`]);
    expect(host.log).toMatchObject([{ path: PHOTO_PATH, host: 'photos.example' }]);
    expect(host.log[0]?.headers).not.toHaveProperty('proxy-authorization');
  });

  it('only opens tunnels for https URLs, keeps them, and the certificate is checked inside them', async () => {
    const host = await closing(startSelfSignedHost());
    const proxy = await closing(startProxy(host.port));
    const client = clientOf([], through(proxy));
    expect(await ask(client, 'https://photos.example')).toMatchObject(PHOTO);
    expect(await ask(client, 'https://photos.example')).toMatchObject(PHOTO);
    expect(proxy.requests).toEqual([`CONNECT photos.example:443 ${AUTHORIZATION}`]);
    expect(await ask(client, 'https://other.example')).toMatchObject({ ok: false, reason: 'tls' });
    expect(host.log).toHaveLength(2);
  });

  it.each([403, 407, 502])('that answers %d to CONNECT is a connect error', async (status) => {
    const proxy = await closing(startProxy(1, status));
    const result = await ask(clientOf([], through(proxy)), 'https://photos.example');
    expect(result).toMatchObject({ ok: false, reason: 'connect' });
    expect(result.ok ? '' : result.detail).toContain(String(status));
    expect(JSON.stringify(result)).not.toContain('secret');
  });

  it('that does not exist is a connect error', async () => {
    const proxy = await startProxy(1);
    await proxy.close();
    const client = clientOf([], through(proxy));
    expect(await ask(client, 'https://photos.example')).toMatchObject({ ok: false, reason: 'connect' });
    expect(await ask(client, 'http://photos.example')).toMatchObject({ ok: false, reason: 'connect' });
  });

  it('receives no requests for addresses that are not public', async () => {
    const proxy = await closing(startProxy(1));
    const client = clientOf([], through(proxy));
    expect(await ask(client, 'http://169.254.169.254')).toMatchObject({ ok: false, reason: 'address-refused' });
    expect(await ask(client, 'https://[::1]')).toMatchObject({ ok: false, reason: 'address-refused' });
    expect(proxy.requests).toEqual([]);
  });

  it('is bypassed for the hosts of NO_PROXY, whose addresses are checked', async () => {
    const host: LocalServer = await closing(startPhotoServer((_request, response) => response.writeHead(404).end()));
    const proxy = await closing(startProxy(host.port));
    const { resolve } = resolverOf({ 'photos.example': [['127.0.0.1']], 'inside.photos.example': [['10.0.0.1']] });
    const client = clientOf([host.address], { ...through(proxy, 'photos.example'), resolve });
    expect(await ask(client, `http://photos.example:${host.port}`)).toMatchObject(PHOTO);
    expect(await ask(client, 'http://inside.photos.example')).toMatchObject({ reason: 'address-refused' });
    expect(proxy.requests).toEqual([]);
  });
});

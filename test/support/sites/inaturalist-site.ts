import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { InaturalistApi, type ApiMode, type InaturalistApiOptions } from './inaturalist-api.ts';
import type { SitePhoto } from './inaturalist-world.ts';
import type { LocalAnswer } from './local-server.ts';
import { samplePicture } from './sample-picture.ts';

export interface SiteRequest {
  readonly atMs: number;
  readonly server: 'api' | 'media';
  readonly path: string;
  readonly query: Readonly<Record<string, string>>;
  readonly headers: Readonly<Record<string, string>>;
  readonly status: number;
}

export interface InaturalistSite {
  /** For `sources.inaturalist.url`. */
  readonly url: string;
  /** Where the photos are. */
  readonly mediaUrl: string;
  /** Both servers' requests, in the order of their answers. */
  readonly log: readonly SiteRequest[];
  mode: ApiMode;
  close(): Promise<void>;
}

/**
 * A local iNaturalist: the parts of its API v1 that a crawler meets, as documented (docs/ and code of iNaturalistAPI),
 * over a made-up world, and on a second port the photos. Every answer is an honest HTTP answer on 127.0.0.1.
 */
export async function startInaturalistSite(options: InaturalistApiOptions): Promise<InaturalistSite> {
  const log: SiteRequest[] = [];
  const site = { mode: 'normal' as ApiMode };
  const photos = new Map(options.world.observations.flatMap((one) => one.photos.map((photo) => [photo.id, photo])));
  const media = await listen((url) => mediaAnswer(url, photos), logged(log, 'media'));
  const api = new InaturalistApi(options, media.url);
  const server = await listen((url) => api.answer(url, site.mode), logged(log, 'api'));
  return {
    url: `${server.url}/v1`,
    mediaUrl: media.url,
    log,
    get mode() {
      return site.mode;
    },
    set mode(mode) {
      site.mode = mode;
    },
    async close() {
      await Promise.all([close(server.server), close(media.server)]);
    },
  };
}

type Log = (request: IncomingMessage, url: URL, status: number) => void;

function logged(log: SiteRequest[], server: SiteRequest['server']): Log {
  return (request, url, status) => {
    const headers = Object.fromEntries(Object.entries(request.headers).map(([name, value]) => [name, String(value)]));
    const query = Object.fromEntries(url.searchParams);
    log.push({ atMs: Date.now(), server, path: url.pathname, query, headers, status });
  };
}

async function listen(answer: (url: URL) => LocalAnswer, log: Log): Promise<{ server: Server; url: string }> {
  const server = createServer((request: IncomingMessage, response: ServerResponse) => {
    const url = new URL(request.url ?? '/', 'http://site');
    const { status, headers, body } = answer(url);
    log(request, url, status);
    response.writeHead(status, headers).end(body);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  return { server, url: `http://127.0.0.1:${port}` };
}

function close(server: Server): Promise<void> {
  server.closeAllConnections();
  return new Promise((resolve, reject) => {
    server.close((error) => (error === undefined ? resolve() : reject(error)));
  });
}

/** `/photos/{id}/{size}.{extension}`; other extensions of a photo do not exist, and it has no robots.txt. */
function mediaAnswer(url: URL, photos: ReadonlyMap<number, SitePhoto>): LocalAnswer {
  const match = /^\/photos\/(\d+)\/(?:original|large|medium|small|thumb|square)\.(\w+)$/.exec(url.pathname);
  const id = Number(match?.[1]);
  const photo = photos.get(id);
  if (photo === undefined || photo.extension !== match?.[2]) {
    return {
      status: 404,
      headers: { 'content-type': 'application/xml' },
      body: '<Error><Code>NoSuchKey</Code></Error>',
    };
  }
  return { status: 200, headers: { 'content-type': 'image/jpeg' }, body: samplePicture(id, String(id)) };
}

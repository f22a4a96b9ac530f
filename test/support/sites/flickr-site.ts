import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { repositoryRoot } from '../winnow.ts';
import { startLocalServer, type LocalAnswer } from './local-server.ts';
import { samplePicture } from './sample-picture.ts';

export interface FlickrSitePhoto {
  readonly id: string;
  readonly owner: string;
  readonly ownerName: string;
  readonly secret: string;
  readonly server: string;
  /** 0 to 16. */
  readonly licence: number;
  /** Unix time in seconds. */
  readonly uploaded: number;
  readonly title: string;
  /** Its `url_*` keys: `m`, `z`, `c`, `l`, ... */
  readonly sizes: readonly string[];
  /** Deleted since it was indexed: its picture is the placeholder. */
  readonly gone?: boolean;
}

interface FlickrSiteOptions {
  readonly photos: readonly FlickrSitePhoto[];
  /** Other keys are refused. */
  readonly apiKey?: string;
  /** Most results of a page, whatever is asked for. Flickr's own limit is 500. */
  readonly maxPerPage?: number;
}

/** Sent instead of the next answers of the API. */
const FAULTS = {
  'too-many-seconds': { status: 429, headers: { 'retry-after': '2' }, body: 'Too Many Requests' },
  'no-such-search': fail(3, 'Parameterless searches have been disabled'),
  'key-expired': fail(100, 'Invalid API Key (Key has expired)'),
} as const satisfies Record<string, LocalAnswer>;

export type FlickrFault = keyof typeof FAULTS;

export type FlickrSite = Awaited<ReturnType<typeof startFlickrSite>>;

/**
 * A local Flickr: flickr.photos.search as documented and with its known habits, over made-up photos, and on a second
 * port the static pictures. Every picture is a sample photo with a comment of its own, so that no two are the same bytes.
 */
export async function startFlickrSite(options: FlickrSiteOptions) {
  const photosByFile = () =>
    new Map(options.photos.map((photo) => [`${photo.server}/${photo.id}_${photo.secret}`, photo]));
  const media = await startLocalServer(({ url }) => pictureAnswer(url, photosByFile()));
  const faults: FlickrFault[] = [];
  const api = await startLocalServer(({ url }) => {
    const fault = faults.shift();
    if (fault !== undefined) return FAULTS[fault];
    if (url.pathname !== '/services/rest/') return { status: 404, body: 'Not found' };
    return refusalOf(url.searchParams, options) ?? search(url.searchParams, { mediaUrl: media.url, ...options });
  });
  return {
    /** For `sources.flickr.url`: with a path, as Flickr's own. */
    url: `${api.url}/services/rest/`,
    mediaUrl: media.url,
    /** Both servers' requests, in the order of their answers. */
    log: { api: api.log, media: media.log },
    /** Sent instead of the next answers, in turn. */
    faults,
    async close() {
      await Promise.all([api.close(), media.close()]);
    },
  };
}

/** Which photos to make. They were uploaded between two Unix times in seconds, three quarters of them in the last fifth. */
type FlickrWorldOptions = { readonly [key in 'count' | 'from' | 'to']: number } & { readonly text: string };

/** Photos of one subject, with licences and sizes of every kind; the same on every call. */
export function flickrPhotos({ count, text, from, to }: FlickrWorldOptions): FlickrSitePhoto[] {
  const sizes = ['snmzclhko', 'snmzc', 'snm', 'snmzcl'].map((keys) => keys.split(''));
  return Array.from({ length: count }, (_, i) => {
    const random = numberOf(`${text} ${i}`);
    const span = to - from;
    const uploaded = i % 4 === 0 ? from + (random % Math.floor(span * 0.8)) : to - (random % Math.floor(span * 0.2));
    return {
      id: String(49_000_000_000 + i),
      owner: `${10_000_000 + (random % 5_000)}@N0${random % 9}`,
      ownerName: `Owner ${random % 5_000} ${String.fromCodePoint(0x1f98a)}`,
      secret: random.toString(16).padStart(10, '0').slice(0, 10),
      server: String(65_000 + (random % 536)),
      licence: random % 17,
      uploaded,
      title: `${text} number ${i}`,
      sizes: sizes[random % sizes.length] ?? [],
    };
  });
}

function numberOf(text: string): number {
  return createHash('sha256').update(text).digest().readUInt32BE(0);
}

/** Suffixes of the static pictures by the key of the size; 500 pixels have none. */
const SUFFIX: Readonly<Record<string, string>> = {
  s: '_m',
  n: '_n',
  m: '',
  z: '_z',
  c: '_c',
  l: '_b',
  h: '_h',
  k: '_k',
  o: '_o',
};

function refusalOf(query: URLSearchParams, { apiKey = 'test-key' }: FlickrSiteOptions): LocalAnswer | null {
  if (query.get('api_key') !== apiKey) return fail(100, 'Invalid API Key (Key not found)');
  if (query.get('method') !== 'flickr.photos.search') return fail(112, `Method "${query.get('method')}" not found`);
  if (!query.has('text') && !query.has('tags')) return fail(3, 'Parameterless searches have been disabled.');
  const isEmpty = Number(query.get('min_upload_date')) > Number(query.get('max_upload_date'));
  return isEmpty ? fail(18, 'Illogical arguments') : null;
}

/** By text, dates and licences. The total is a text, as in older answers. */
function search(
  query: URLSearchParams,
  { photos: all, mediaUrl, maxPerPage = 500 }: FlickrSiteOptions & { mediaUrl: string },
): LocalAnswer {
  const words = (query.get('text') ?? '').split(' ').filter((word) => word !== '');
  const [from, to] = ['min_upload_date', 'max_upload_date'].map((name) => Number(query.get(name)));
  const licences = query.get('license')?.split(',');
  const newestFirst = all.toSorted((a, b) => b.uploaded - a.uploaded || (a.id < b.id ? 1 : -1));
  const found = newestFirst.filter(
    ({ uploaded, licence, title }) =>
      uploaded >= (from ?? 0) &&
      uploaded <= (to ?? 0) &&
      (licences?.includes(String(licence)) ?? true) &&
      words.every((word) => title.split(' ').includes(word)),
  );
  const perPage = Math.min(Number(query.get('per_page') ?? 100), maxPerPage);
  const page = Number(query.get('page') ?? 1);
  const results = found.slice((page - 1) * perPage, page * perPage);
  const extras = (query.get('extras') ?? '').split(',');
  const photos = {
    page,
    pages: Math.ceil(found.length / perPage),
    perpage: perPage,
    total: String(found.length),
    photo: results.map((photo) => resultOf(photo, { extras, mediaUrl })),
  };
  return json({ photos, stat: 'ok' });
}

function resultOf(
  photo: FlickrSitePhoto,
  { extras, mediaUrl }: { extras: readonly string[]; mediaUrl: string },
): object {
  const { id, owner, secret, server, title } = photo;
  const result: Record<string, unknown> = { id, owner, secret, server, farm: 66, title, ispublic: 1 };
  if (extras.includes('license')) result['license'] = String(photo.licence);
  if (extras.includes('owner_name')) result['ownername'] = photo.ownerName;
  if (extras.includes('date_upload')) result['dateupload'] = String(photo.uploaded);
  for (const size of photo.sizes.filter((one) => extras.includes(`url_${one}`)))
    result[`url_${size}`] = `${mediaUrl}/${server}/${id}_${secret}${SUFFIX[size] ?? ''}.jpg`;
  return result;
}

function json(value: unknown): LocalAnswer {
  return { status: 200, headers: { 'content-type': 'application/json' }, body: JSON.stringify(value) };
}

function fail(code: number, message: string): LocalAnswer {
  return json({ stat: 'fail', code, message });
}

const PLACEHOLDER_PATH = '/pw/images/en-us/photo_unavailable.png';

/** A picture, or the redirect to the placeholder of photos that are gone: here any small PNG. */
function pictureAnswer(url: URL, photos: ReadonlyMap<string, FlickrSitePhoto>): LocalAnswer {
  if (url.pathname === PLACEHOLDER_PATH) {
    const body = readFileSync(path.join(repositoryRoot, 'test/fixtures/preprocess/tiny-17x31.png'));
    return { status: 200, headers: { 'content-type': 'image/png' }, body };
  }
  const file = /^\/(\d+\/\d+_[\da-f]+)(_[a-z\d]+)?\.jpg$/.exec(url.pathname);
  if (file === null) return { status: 404, body: 'Not found' };
  const photo = photos.get(file[1] ?? '');
  const exists = photo?.sizes.some((size) => SUFFIX[size] === (file[2] ?? '')) ?? false;
  if (photo === undefined || !exists || photo.gone === true)
    return { status: 302, headers: { location: PLACEHOLDER_PATH }, body: '' };
  const body = samplePicture(numberOf(photo.id), photo.id);
  return { status: 200, headers: { 'content-type': 'image/jpeg' }, body };
}

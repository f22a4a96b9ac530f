import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { repositoryRoot } from '../winnow.ts';
import { startLocalServer, type LocalAnswer, type LoggedRequest } from './local-server.ts';
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
  /** Normalised: lower case, no blanks. */
  readonly tags: readonly string[];
  /** Its `url_*` keys: `m`, `z`, `c`, `l`, ... */
  readonly sizes: readonly string[];
  /** Deleted since it was indexed: its picture is the placeholder. */
  readonly gone?: boolean;
}

export interface FlickrSiteOptions {
  readonly photos: readonly FlickrSitePhoto[];
  /** Other keys are refused. Default: `test-key`. */
  readonly apiKey?: string;
  /** As in older answers (a text) or newer ones. Default: number. */
  readonly totalAs?: 'string' | 'number';
  /** Factor of the reported total, which is not exact. Default: 1. */
  readonly totalFactor?: number;
  /** Results after which the last ones are repeated. Flickr's is 4,000. */
  readonly cap?: number;
  /** The largest page. Flickr's is 500. */
  readonly maxPerPage?: number;
  /** True if upload dates are ignored. */
  readonly ignoresDates?: boolean;
  /** Form of the placeholder of a deleted photo: after a redirect, as Flickr does, or at the photo's address. */
  readonly goneAs?: 'redirect' | 'bytes';
}

const XML = { 'content-type': 'text/xml; charset=utf-8' };

/** Sent instead of the next answers of the API. */
export const FLICKR_FAULTS = {
  'too-many-seconds': { status: 429, headers: { 'retry-after': '2' }, body: 'Too Many Requests' },
  'too-many-date': { status: 429, headers: { 'retry-after': new Date(4_102_444_800_000).toUTCString() }, body: '' },
  'server-error': { status: 502, body: '<html><body>Bad Gateway</body></html>' },
  'forbidden-page': { status: 403, body: '<html><head><title>Access denied</title></head></html>' },
  'not-found': { status: 404, body: 'Not found' },
  'down-json': fail(105, 'Service currently unavailable'),
  'search-down': fail(10, 'Sorry, the Flickr search API is not currently available.'),
  'down-xml': xml(201, 'Sorry, the Flickr API service is not currently available.'),
  'down-json-as-xml': {
    status: 200,
    headers: { 'content-type': 'text/xml' },
    body: '{"stat":"fail","message":"Sorry, the Flickr API service is not currently available.","code":201},',
  },
  illogical: fail(18, 'Illogical arguments'),
  'excessive-offset': fail(20, 'Excessive photo offset in search'),
  'too-many-tags': fail(1, 'Too many tags in ALL query'),
  'key-expired': fail(100, 'Invalid API Key (Key has expired)'),
  'key-invalid-xml': xml(100, 'Invalid API Key (Key has invalid format)'),
  'no-photo-list': json({ photos: { page: 1, pages: 1, perpage: 500, total: '30' }, stat: 'ok' }),
  'half-an-answer': {
    status: 200,
    body: '{"photos":{"page":1,"pages":1,"perpage":500,"total":"30","photo":[{"id":"49',
  },
  empty: { status: 200, body: '' },
} as const satisfies Record<string, LocalAnswer>;

export type FlickrFault = keyof typeof FLICKR_FAULTS;

export interface FlickrSite {
  /** For `sources.flickr.url`: with a path, as Flickr's own. */
  readonly url: string;
  /** Address of the pictures. */
  readonly mediaUrl: string;
  /** Both servers' requests, in the order of their answers. */
  readonly log: { readonly api: readonly LoggedRequest[]; readonly media: readonly LoggedRequest[] };
  /** Sent instead of the next answers, in turn. */
  readonly faults: FlickrFault[];
  close(): Promise<void>;
}

/**
 * A local Flickr: flickr.photos.search as documented and with its known habits, over made-up photos, and on a second
 * port the static pictures. Every picture is a sample photo with a comment of its own, so that no two are the same bytes.
 */
export async function startFlickrSite(options: FlickrSiteOptions): Promise<FlickrSite> {
  const media = await startLocalServer(({ url }) => pictureAnswer(url, photosByFile, options.goneAs ?? 'redirect'));
  const photosByFile = new Map(options.photos.map((photo) => [`${photo.server}/${photo.id}_${photo.secret}`, photo]));
  const index = new SearchIndex(options, media.url);
  const faults: FlickrFault[] = [];
  const api = await startLocalServer(({ url }) => {
    const fault = faults.shift();
    if (fault !== undefined) return FLICKR_FAULTS[fault];
    return url.pathname === '/services/rest/' ? index.answer(url.searchParams) : { status: 404, body: 'Not found' };
  });
  return {
    url: `${api.url}/services/rest/`,
    mediaUrl: media.url,
    log: { api: api.log, media: media.log },
    faults,
    async close() {
      await Promise.all([api.close(), media.close()]);
    },
  };
}

export interface FlickrWorldOptions {
  readonly count: number;
  readonly text: string;
  readonly tag: string;
  /** Unix times in seconds between which photos were uploaded, three quarters of them in the last fifth. */
  readonly from: number;
  readonly to: number;
}

/** Photos of one subject, with licences and sizes of every kind; the same on every call. */
export function flickrPhotos({ count, text, tag, from, to }: FlickrWorldOptions): FlickrSitePhoto[] {
  const sizes = [
    ['s', 'n', 'm', 'z', 'c', 'l', 'h', 'k', 'o'],
    ['s', 'n', 'm', 'z', 'c'],
    ['s', 'n', 'm'],
    ['s', 'n', 'm', 'z', 'c', 'l'],
  ];
  return Array.from({ length: count }, (_, i) => {
    const random = numberOf(`${tag} ${i}`);
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
      tags: [tag, random % 3 === 0 ? 'outdoor' : 'indoor'],
      sizes: sizes[random % sizes.length] ?? [],
    };
  });
}

function numberOf(text: string): number {
  return createHash('sha256').update(text).digest().readUInt32BE(0);
}

/** Suffixes of the static pictures by the key of the size; 500 pixels have none. */
const SUFFIX: Readonly<Record<string, string>> = {
  sq: '_s',
  q: '_q',
  t: '_t',
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
const SIDE: Readonly<Record<string, number>> = {
  sq: 75,
  q: 150,
  t: 100,
  s: 240,
  n: 320,
  m: 500,
  z: 640,
  c: 800,
  l: 1024,
  h: 1600,
  k: 2048,
  o: 4000,
};

interface IndexedPhoto {
  readonly photo: FlickrSitePhoto;
  /** The words that a text search matches. */
  readonly words: ReadonlySet<string>;
}

interface Wanted {
  readonly from: number;
  readonly to: number;
  readonly licences: ReadonlySet<string> | null;
  readonly tags: readonly string[];
  readonly everyTag: boolean;
  readonly words: readonly string[];
}

function wantedBy(query: URLSearchParams): Wanted {
  const licences = query.get('license');
  const words = (query.get('text') ?? '').toLowerCase().split(' ');
  return {
    from: bound(query, 'min_upload_date', 0),
    to: bound(query, 'max_upload_date', Number.POSITIVE_INFINITY),
    licences: licences === null ? null : new Set(licences.split(',')),
    tags: tagsOf(query),
    everyTag: query.get('tag_mode') === 'all',
    words: words.filter((word) => word !== ''),
  };
}

class SearchIndex {
  readonly #options: FlickrSiteOptions;
  readonly #mediaUrl: string;
  readonly #newestFirst: readonly IndexedPhoto[];

  constructor(options: FlickrSiteOptions, mediaUrl: string) {
    this.#options = options;
    this.#mediaUrl = mediaUrl;
    const newestFirst = options.photos.toSorted((a, b) => b.uploaded - a.uploaded || (a.id < b.id ? 1 : -1));
    this.#newestFirst = newestFirst.map((photo) => ({
      photo,
      words: new Set([...photo.title.toLowerCase().split(' '), ...photo.tags]),
    }));
  }

  answer(query: URLSearchParams): LocalAnswer {
    const refusal = this.#refusal(query);
    if (refusal !== null) return query.get('format') === 'json' ? refusal : xml(refusal.code, refusal.message);
    if (query.get('format') !== 'json') return { status: 200, headers: XML, body: '<rsp stat="ok"><photos /></rsp>' };
    const answer = this.#search(query);
    if (query.get('nojsoncallback') === '1') return answer;
    return { ...answer, headers: { 'content-type': 'text/javascript' }, body: `jsonFlickrApi(${answer.body})` };
  }

  #refusal(query: URLSearchParams): (LocalAnswer & { code: number; message: string }) | null {
    if (query.get('api_key') !== (this.#options.apiKey ?? 'test-key'))
      return fail(100, 'Invalid API Key (Key not found)');
    if (query.get('method') !== 'flickr.photos.search') return fail(112, `Method "${query.get('method')}" not found`);
    if (!query.has('text') && !query.has('tags')) return fail(3, 'Parameterless searches have been disabled.');
    const tags = tagsOf(query);
    if (query.get('tag_mode') === 'all' && tags.length > 20) return fail(1, 'Too many tags in ALL query');
    return bound(query, 'min_upload_date', 0) > bound(query, 'max_upload_date', Infinity)
      ? fail(18, 'Illogical arguments')
      : null;
  }

  #search(query: URLSearchParams): LocalAnswer & { body: string } {
    const { totalAs = 'number', totalFactor = 1, cap = 4_000, maxPerPage = 500 } = this.#options;
    const wanted = wantedBy(query);
    const found = this.#newestFirst.filter((one) => this.#matches(one, wanted));
    if (query.get('sort') === 'date-posted-asc') found.reverse();
    const perPage = Math.min(Number(query.get('per_page') ?? 100), maxPerPage);
    const page = Number(query.get('page') ?? 1);
    // Beyond the cap the last results come again and again.
    const start = Math.min((page - 1) * perPage, Math.max(0, Math.min(found.length, cap) - perPage));
    const isBeyondCap = (page - 1) * perPage >= cap;
    const results = isBeyondCap
      ? found.slice(start, start + perPage)
      : found.slice((page - 1) * perPage, Math.min(page * perPage, cap));
    const total = Math.round(found.length * totalFactor);
    const extras = (query.get('extras') ?? '').split(',');
    const photo = results.map((one) => this.#result(one.photo, extras));
    const photos = {
      page,
      pages: Math.ceil(total / perPage),
      perpage: perPage,
      total: totalAs === 'string' ? String(total) : total,
      photo,
    };
    return json({ photos, stat: 'ok' });
  }

  #matches({ photo, words }: IndexedPhoto, wanted: Wanted): boolean {
    const isInWindow = photo.uploaded >= wanted.from && photo.uploaded <= wanted.to;
    if (!isInWindow && this.#options.ignoresDates !== true) return false;
    if (wanted.licences !== null && !wanted.licences.has(String(photo.licence))) return false;
    const carries = (tag: string): boolean => photo.tags.includes(tag);
    const { tags, everyTag } = wanted;
    if (tags.length > 0 && !(everyTag ? tags.every(carries) : tags.some(carries))) return false;
    return wanted.words.every((word) => (word.startsWith('-') ? !words.has(word.slice(1)) : words.has(word)));
  }

  #result(photo: FlickrSitePhoto, extras: readonly string[]): Record<string, unknown> {
    const { id, owner, secret, server, title } = photo;
    const result: Record<string, unknown> = {
      id,
      owner,
      secret,
      server,
      farm: 66,
      title,
      ispublic: 1,
      isfriend: 0,
      isfamily: 0,
    };
    if (extras.includes('license')) result['license'] = String(photo.licence);
    if (extras.includes('owner_name')) result['ownername'] = photo.ownerName;
    if (extras.includes('date_upload')) result['dateupload'] = String(photo.uploaded);
    for (const size of photo.sizes.filter((one) => extras.includes(`url_${one}`))) {
      result[`url_${size}`] = `${this.#mediaUrl}/${server}/${id}_${secret}${SUFFIX[size] ?? ''}.jpg`;
      result[`width_${size}`] = SIDE[size];
      result[`height_${size}`] = Math.round((SIDE[size] ?? 0) * 0.75);
    }
    return result;
  }
}

function tagsOf(query: URLSearchParams): string[] {
  return (query.get('tags') ?? '').split(',').filter((tag) => tag !== '');
}

function bound(query: URLSearchParams, name: string, otherwise: number): number {
  const text = query.get(name);
  return text === null ? otherwise : Number(text);
}

function json(value: unknown): LocalAnswer & { body: string } {
  return { status: 200, headers: { 'content-type': 'application/json' }, body: JSON.stringify(value) };
}

function fail(code: number, message: string): LocalAnswer & { code: number; message: string } {
  return { ...json({ stat: 'fail', code, message }), code, message };
}

function xml(code: number, message: string): LocalAnswer {
  const body = `<?xml version="1.0" encoding="utf-8" ?>\n<rsp stat="fail">\n\t<err code="${code}" msg="${message}" />\n</rsp>\n`;
  return { status: 200, headers: XML, body };
}

const PLACEHOLDER_PATH = '/pw/images/en-us/photo_unavailable.png';

/** The picture that stands for photos that are gone, as this site sends it: any small PNG. */
function flickrSitePlaceholder(): Buffer {
  return readFileSync(path.join(repositoryRoot, 'test/fixtures/preprocess/tiny-17x31.png'));
}

function pictureAnswer(
  url: URL,
  photos: ReadonlyMap<string, FlickrSitePhoto>,
  goneAs: 'redirect' | 'bytes',
): LocalAnswer {
  if (url.pathname === PLACEHOLDER_PATH) return picture(flickrSitePlaceholder(), 'image/png');
  const file = /^\/(\d+\/\d+_[\da-f]+)(_[a-z\d]+)?\.jpg$/.exec(url.pathname);
  if (file === null) return { status: 404, body: 'Not found' };
  const photo = photos.get(file[1] ?? '');
  const exists = photo?.sizes.some((size) => SUFFIX[size] === (file[2] ?? '')) ?? false;
  if (photo !== undefined && exists && photo.gone !== true)
    return picture(samplePicture(numberOf(photo.id), photo.id), 'image/jpeg');
  if (goneAs === 'bytes') return picture(flickrSitePlaceholder(), 'image/png');
  return { status: 302, headers: { location: PLACEHOLDER_PATH }, body: '' };
}

function picture(body: Buffer, type: string): LocalAnswer {
  return { status: 200, headers: { 'content-type': type }, body };
}

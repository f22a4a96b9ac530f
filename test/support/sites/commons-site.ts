import { setTimeout as sleep } from 'node:timers/promises';
import { startLocalServer, type LocalAnswer } from './local-server.ts';
import { samplePicture } from './sample-picture.ts';

export interface CommonsFile {
  readonly pageid: number;
  readonly title: string;
  readonly width: number;
  readonly height: number;
  /** The day, such as 2024-05-01. */
  readonly uploaded: string;
  /** The Wikidata items of its statements P180 (depicts). */
  readonly items: readonly string[];
  readonly licence: string;
  readonly author: string;
  readonly metadata: Readonly<Record<string, string>>;
  /** The answer has no picture for it. */
  readonly isMissing?: boolean;
}

interface CommonsSiteOptions {
  readonly files: readonly CommonsFile[];
  /** How many pictures one answer has, at most. The rest of a page of results comes with the next answers. */
  readonly partOf?: number;
  /** How long an answer takes: of the API, of pictures. */
  readonly apiMs?: number;
  readonly mediaMs?: number;
  /** The most results that a search lists. */
  readonly mostResults?: number;
}

const failure = (code: string, more: object = {}): LocalAnswer => ({
  status: 200,
  headers: { 'content-type': 'application/json', 'retry-after': '1' },
  body: JSON.stringify({ error: { code, info: `${code} of the simulator`, ...more } }),
});

/** Sent instead of the next answers. */
const FAULTS = {
  'error-503': { status: 503, body: 'upstream connect error' },
  'too-many-seconds': { status: 429, headers: { 'retry-after': '1' }, body: '<html>Too many requests</html>' },
  html: { status: 200, headers: { 'content-type': 'text/html' }, body: '<html>A page</html>' },
  cut: { status: 200, body: '{"batchcomplete":true,"query":{"pages":[]}}', isCut: true },
  'wrong-length': { status: 200, headers: { 'content-length': '9' }, body: '<html>not nine bytes</html>' },
  'private-redirect': { status: 302, headers: { location: 'http://169.254.169.254/latest/meta-data/' }, body: '' },
  endless: { status: 200, body: Buffer.alloc(100_000, 'x'), isEndless: true },
  maxlag: failure('maxlag', { lag: 1 }),
  'too-busy': failure('cirrussearch-too-busy-error'),
} as const satisfies Record<string, LocalAnswer>;

export type CommonsFault = keyof typeof FAULTS;

export type CommonsSite = Awaited<ReturnType<typeof startCommonsSite>>;

/** Counts the requests that a server works on at the same time. */
class InFlight {
  most = 0;
  #now = 0;
  async during<T>(ms: number, answer: () => T): Promise<T> {
    this.#now += 1;
    this.most = Math.max(this.most, this.#now);
    await sleep(ms);
    this.#now -= 1;
    return answer();
  }
}

/** A local Commons: the search of its API as documented and with its known habits, and two hosts of pictures. */
export async function startCommonsSite(options: CommonsSiteOptions) {
  const { apiMs = 0, mediaMs = 0 } = options;
  const [faults, mediaFaults]: [CommonsFault[], CommonsFault[]] = [[], []];
  const [apiFlight, mediaFlight] = [new InFlight(), new InFlight()];
  const picture = (url: URL) =>
    mediaFlight.during(mediaMs, () => {
      if (url.pathname === '/robots.txt') return { status: 404, body: '' };
      const fault = mediaFaults.shift();
      return fault === undefined ? pictureAnswer(url, options.files) : FAULTS[fault];
    });
  const [thumbs, originals] = await Promise.all([
    startLocalServer(({ url }) => picture(url)),
    startLocalServer(({ url }) => picture(url)),
  ]);
  const api = await startLocalServer(({ url }) =>
    apiFlight.during(apiMs, () => {
      const fault = faults.shift();
      if (fault !== undefined) return FAULTS[fault];
      return search(url.searchParams, { ...options, thumbs: thumbs.url, originals: originals.url });
    }),
  );
  return {
    /** For `sources.commons.url`. */
    url: `${api.url}/w/api.php`,
    mediaHosts: [thumbs, originals].map(({ url }) => new URL(url).host),
    files: options.files,
    log: { api: api.log, thumbs: thumbs.log, originals: originals.log },
    /** Sent instead of the next answers of the API, or instead of the next pictures. */
    faults,
    mediaFaults,
    mostInFlight: () => ({ api: apiFlight.most, media: mediaFlight.most }),
    async close() {
      await Promise.all([api, thumbs, originals].map((server) => server.close()));
    },
  };
}

/** Files of one subject: half with its statement, most with its words; some are no photos, not free or cannot be used. */
export function commonsFiles({ count, item, text }: { count: number; item: string; text: string }): CommonsFile[] {
  return Array.from({ length: count }, (_, i) => {
    const base = {
      pageid: 1_000 + i,
      title: `File:${text} ${i}.jpg`,
      width: 4_000,
      height: 3_000,
      uploaded: `20${String(10 + (i % 15)).padStart(2, '0')}-05-${String(1 + (i % 28)).padStart(2, '0')}`,
      items: i % 2 === 0 ? [item] : [],
      licence: 'CC-BY-SA-4.0',
      author: `Author ${i} & son`,
    };
    const rights = {
      License: 'cc-by-sa-4.0',
      LicenseUrl: 'https://creativecommons.org/licenses/by-sa/4.0',
      Artist: `<a href="//commons.wikimedia.org/wiki/User:A${i}" title="x">Author ${i} &amp; son</a>`,
      Credit: `<a href="https://www.flickr.com/photos/a@N01/${1_000 + i}/">Flickr</a>`,
      Restrictions: 'personality',
      DateTimeOriginal: '2009-05-01 10:00:00',
    };
    return { ...base, metadata: rights, ...oddity(i, { text, rights }) };
  });
}

function oddity(
  i: number,
  { text, rights }: { text: string; rights: Readonly<Record<string, string>> },
): Partial<CommonsFile> {
  if (i === 3) return { title: `File:Map of the ${text}.jpg` };
  if (i === 4) return { metadata: { ...rights, NonFree: 'true' } };
  if (i === 5) return { metadata: { ...rights, Categories: 'Geese|AI-generated images of birds' } };
  if (i === 6) return { width: 9_700 };
  if (i === 7) return { isMissing: true };
  return {};
}

const json = (value: unknown): LocalAnswer => ({
  status: 200,
  headers: { 'content-type': 'application/json' },
  body: JSON.stringify(value),
});

type Served = CommonsSiteOptions & { readonly thumbs: string; readonly originals: string };

function search(query: URLSearchParams, served: Served): LocalAnswer {
  const { files, partOf = 50, mostResults = 10_000 } = served;
  if (
    query.get('formatversion') !== '2' ||
    query.get('maxlag') !== '5' ||
    !query.get('gsrsearch')?.includes('filetype:bitmap')
  )
    return failure('badvalue');
  const offset = Number(query.get('gsroffset') ?? 0);
  if (offset >= mostResults) return failure('cirrussearch-offset-too-large');
  const limit = Number(query.get('gsrlimit'));
  const found = files
    .filter((file) => matches(file, query.get('gsrsearch') ?? ''))
    .toSorted((a, b) => (a.uploaded < b.uploaded ? 1 : -1));
  const batch = found.slice(offset, offset + limit);
  // The continuation names the id of the next picture of this page of results.
  const from = Math.max(
    0,
    batch.findIndex(({ pageid }) => String(pageid) === query.get('iicontinue')),
  );
  const part = new Set(batch.slice(from, from + partOf));
  const pages = batch.map((file) => pageOf(file, { ...served, hasPicture: part.has(file) && file.isMissing !== true }));
  const results = batch.length === 0 ? {} : { query: { pages } };
  return json({ ...continuation({ offset, limit, found: found.length }, batch[from + partOf]), ...results });
}

function continuation(
  { offset, limit, found }: { offset: number; limit: number; found: number },
  nextInBatch: CommonsFile | undefined,
): object {
  if (nextInBatch !== undefined)
    return {
      continue: { iicontinue: String(nextInBatch.pageid), continue: 'gsroffset||imageinfo', gsroffset: offset },
    };
  const more = offset + limit < found ? { continue: { gsroffset: offset + limit, continue: 'gsroffset||' } } : {};
  return { batchcomplete: true, ...more };
}

/** The words of a search that this Commons knows. */
function matches({ title, items, uploaded, metadata }: CommonsFile, text: string): boolean {
  return (text.match(/[\w-]+:(?:>=|<=)?"[^"]*"|"[^"]*"|\S+/g) ?? []).every((term) => {
    const [, keyword, bound = '', value = ''] = /^([a-z]+):(>=|<=)?"?([^"]*)"?$/.exec(term) ?? [];
    if (keyword === 'filetype') return true;
    if (keyword === 'haswbstatement') return items.includes(value.replace('P180=', ''));
    if (keyword === 'incategory') return metadata['Categories']?.split('|').includes(value) ?? false;
    if (keyword === 'creationdate') return bound === '>=' ? uploaded >= value : uploaded <= value;
    return title.toLowerCase().includes(term.replaceAll('"', ''));
  });
}

function pageOf(file: CommonsFile, { thumbs, originals, hasPicture }: Served & { hasPicture: boolean }): object {
  const { pageid, title, width, height, metadata, uploaded } = file;
  if (!hasPicture) return { pageid, ns: 6, title };
  const info = {
    url: `${originals}/wikipedia/commons/${pageid}.jpg?utm_source=commons.wikimedia.org&utm_campaign=imageinfo`,
    thumburl: `${thumbs}/wikipedia/commons/thumb/${pageid}.jpg/960px-${pageid}.jpg?utm_source=commons.wikimedia.org`,
    thumbwidth: 960,
    width,
    height,
    mime: 'image/jpeg',
    timestamp: `${uploaded}T00:00:00Z`,
    user: 'The uploader',
    descriptionurl: `https://commons.wikimedia.org/wiki/File:${pageid}.jpg`,
    extmetadata: Object.fromEntries(
      Object.entries(metadata).map(([name, value]) => [name, { value, source: 'commons-desc-page', hidden: '' }]),
    ),
  };
  return { pageid, ns: 6, title, imagerepository: 'local', imageinfo: [info] };
}

/** Only the addresses of answers exist, without the parameters that count where requests come from. */
function pictureAnswer(url: URL, files: readonly CommonsFile[]): LocalAnswer {
  const id = /^\/wikipedia\/commons\/(?:thumb\/(?:\d+)\.jpg\/960px-)?(\d+)\.jpg$/.exec(url.pathname)?.[1];
  if (!files.some(({ pageid }) => String(pageid) === id) || url.search !== '')
    return { status: 404, body: 'no such file' };
  return { status: 200, headers: { 'content-type': 'image/jpeg' }, body: samplePicture(Number(id), `commons ${id}`) };
}

import { createHash } from 'node:crypto';
import { describe, expect, it, onTestFinished } from 'vitest';
import { flickrSource, type FlickrSettings } from '../../../src/crawl/sources/flickr/flickr.ts';
import { isFlickrPlaceholder } from '../../../src/crawl/sources/flickr/placeholder.ts';
import type { Json, PlannedQuery, SourceApi } from '../../../src/crawl/sources/network-source.ts';
import type { FoundPhoto } from '../../../src/crawl/sources/source.ts';
import {
  flickrPhotos,
  flickrSitePlaceholder,
  startFlickrSite,
  type FlickrSite,
  type FlickrSiteOptions,
} from '../../support/sites/flickr-site.ts';
import { plainApi } from '../../support/sites/plain-api.ts';

const FROM = Date.UTC(2004, 5, 1) / 1000;
const TO = Date.UTC(2025, 11, 31) / 1000;
const stingrays = (count: number) => flickrPhotos({ count, text: 'stingray', tag: 'dasyatidae', from: FROM, to: TO });

async function site(options: FlickrSiteOptions): Promise<FlickrSite> {
  const started = await startFlickrSite(options);
  onTestFinished(() => started.close());
  return started;
}

const settingsFor = ({ url }: FlickrSite, more: Partial<FlickrSettings> = {}): FlickrSettings => ({
  url,
  apiKey: 'test-key',
  mediaUrl: null,
  maxSidePixels: 1024,
  licences: 'any',
  ...more,
});

async function plan(settings: FlickrSettings, entry: Json = [{ text: 'stingray' }]): Promise<PlannedQuery> {
  const wanted = { wnid: 'n01498041', name: 'stingray', scientificName: null, entry };
  const [query] = (await flickrSource(settings).plan(wanted, plainApi())).queries;
  if (query === undefined) throw new Error('Expected a query to be planned');
  return query;
}

/** Returns every page from a cursor on. As in a crawl that restarts before each page, the cursor goes through JSON. */
async function* pages(settings: FlickrSettings, query: PlannedQuery, api: SourceApi = plainApi()) {
  let cursor: Json | null = null;
  do {
    const stored: PlannedQuery = JSON.parse(JSON.stringify(query));
    const page = await flickrSource(settings).nextPage(stored, JSON.parse(JSON.stringify(cursor)), api);
    yield page;
    cursor = page.next;
  } while (cursor !== null);
}

async function walk(settings: FlickrSettings, query?: PlannedQuery) {
  const found = new Map<string, FoundPhoto>();
  let seen = 0;
  for await (const page of pages(settings, query ?? (await plan(settings)))) {
    seen += page.photos.length;
    for (const photo of page.photos) found.set(photo.sourceId, photo);
  }
  return { found, seen };
}

describe('a search with more results than Flickr returns', () => {
  it.each<[number, string, Partial<FlickrSiteOptions>]>([
    [30_000, 'exact totals', {}],
    [9_000, 'totals that are too low, as texts', { totalFactor: 0.85, totalAs: 'string' }],
    [9_000, 'totals that are too high', { totalFactor: 1.1 }],
    [9_000, 'pages of 250', { maxPerPage: 250 }],
  ])('is read completely in windows, each photo once by its id: %i photos, %s', async (count, variant, options) => {
    const photos = stingrays(count);
    const flickr = await site({ photos, ...options });
    const { found, seen } = await walk(settingsFor(flickr));
    expect(new Set(found.keys())).toEqual(new Set(photos.map(({ id }) => id)));
    expect([...found.values()].filter(({ problem }) => problem !== null)).toEqual([]);
    const pageSize = options.maxPerPage ?? 500;
    const requests = flickr.log.api.length;
    console.log(`Flickr, ${variant}: ${count} photos in ${requests} requests, ${seen - found.size} results twice`);
    expect(requests).toBeLessThan(2 * (count / pageSize) + 20);
    for (const { query } of flickr.log.api) expect(Number(query.get('page')) * pageSize).toBeLessThanOrEqual(4_000);
  });

  it('with thousands of uploads in one second is split by licence, and yields at most 4,000 of each', async () => {
    const second = Date.UTC(2020, 0, 1) / 1000;
    const photos = flickrPhotos({ count: 12_000, text: 'stingray', tag: 'x', from: second, to: second + 10 }).map(
      (photo) => ({
        ...photo,
        uploaded: second,
        licence: Number(photo.id) % 10 === 0 ? 4 : 0,
      }),
    );
    const flickr = await site({ photos });
    const { found } = await walk(settingsFor(flickr));
    expect([...found.values()].filter(({ licence }) => licence === 'CC-BY-2.0').length).toBe(1_200);
    expect(found.size).toBeGreaterThanOrEqual(1_200 + 4_000);
    expect(flickr.log.api.length).toBeLessThan(120);
  });

  it('ends soon if the site ignores dates', async () => {
    const flickr = await site({ photos: stingrays(20_000), ignoresDates: true });
    await expect(walk(settingsFor(flickr))).rejects.toThrow('ignores dates');
    expect(flickr.log.api.length).toBeLessThan(40);
  });
});

describe('a search with few results', () => {
  it('takes one request if one page is enough', async () => {
    const flickr = await site({ photos: stingrays(499) });
    expect((await walk(settingsFor(flickr))).found.size).toBe(499);
    expect(flickr.log.api.length).toBe(1);
  });

  it('may find nothing', async () => {
    const flickr = await site({ photos: [] });
    expect((await walk(settingsFor(flickr))).found.size).toBe(0);
  });

  it('requires the text and any of the tags, and none of the excluded words', async () => {
    const [a, b, c, d] = stingrays(4).map((photo, i) => ({
      ...photo,
      title: ['stingray reef', 'stingray', 'ray', 'stingray car'][i] ?? '',
      tags: [['reef'], ['dasyatidae'], ['dasyatidae'], ['dasyatidae']][i] ?? [],
    }));
    if (a === undefined || b === undefined || c === undefined || d === undefined)
      throw new Error('Expected four photos');
    const flickr = await site({ photos: [a, b, c, d] });
    const settings = settingsFor(flickr);
    const query = await plan(settings, [{ text: 'stingray -car', tags: ['dasyatidae', 'reef'] }]);
    expect([...(await walk(settings, query)).found.keys()].toSorted()).toEqual([a.id, b.id]);
  });

  it('finds only photos with the allowed licences', async () => {
    const photos = stingrays(300);
    const flickr = await site({ photos });
    const settings = settingsFor(flickr, { licences: ['CC0-1.0', 'CC-BY-SA-4.0'] });
    const { found } = await walk(settings);
    expect(new Set([...found.values()].map(({ licence }) => licence))).toEqual(new Set(['CC0-1.0', 'CC-BY-SA-4.0']));
    expect(found.size).toBe(photos.filter(({ licence }) => licence === 9 || licence === 12).length);
  });

  it('is not affected by uploads during the walk', async () => {
    const until = Date.UTC(2024, 0, 1);
    const flickr = await site({ photos: stingrays(2_000) });
    const settings = settingsFor(flickr);
    const api = plainApi('winnow-test', () => until);
    const [query] = (
      await flickrSource(settings).plan({ wnid: 'n1', name: 'stingray', scientificName: null, entry: undefined }, api)
    ).queries;
    if (query === undefined) throw new Error('Expected a query to be planned');
    for await (const page of pages(settings, query))
      expect(page.photos.every(({ problem }) => problem === null)).toBe(true);
    expect(new Set(flickr.log.api.map((request) => request.query.get('max_upload_date')))).toEqual(
      new Set([String(until / 1000)]),
    );
  });
});

describe('faults of the service', () => {
  it.each([
    ['too-many-seconds', { name: 'RetryLater', code: 'rate-limited', retryAfterMs: 7_000 }],
    ['too-many-date', { name: 'RetryLater', code: 'rate-limited' }],
    ['server-error', { name: 'RetryLater', code: 'http-5xx' }],
    ['down-json', { name: 'RetryLater', code: 'flickr-unavailable' }],
    ['search-down', { name: 'RetryLater', code: 'flickr-unavailable' }],
    ['down-xml', { name: 'RetryLater', code: 'flickr-unavailable' }],
    ['down-json-as-xml', { name: 'RetryLater', code: 'flickr-unavailable' }],
    ['no-photo-list', { name: 'RetryLater', code: 'flickr-incomplete' }],
    ['half-an-answer', { name: 'RetryLater', code: 'flickr-unparsable' }],
    ['empty', { name: 'RetryLater', code: 'flickr-unparsable' }],
    ['forbidden-page', { name: 'SourceBlocked', code: 'flickr-blocked' }],
    ['not-found', { name: 'SourceBlocked', code: 'flickr-blocked' }],
    ['key-expired', { name: 'SourceBlocked', code: 'flickr-key' }],
    ['key-invalid-xml', { name: 'SourceBlocked', code: 'flickr-key' }],
    ['illogical', { name: 'GiveUpOnItem', code: 'flickr-query' }],
    ['too-many-tags', { name: 'GiveUpOnItem', code: 'flickr-query' }],
  ] as const)('%s: one request, the right consequence, and the next try is whole', async (fault, error) => {
    const flickr = await site({ photos: stingrays(100) });
    const settings = settingsFor(flickr);
    const query = await plan(settings);
    flickr.faults.push(fault);
    await expect(flickrSource(settings).nextPage(query, null, plainApi())).rejects.toMatchObject(error);
    expect(flickr.log.api.length).toBe(1);
    expect((await walk(settings, query)).found.size).toBe(100);
  });

  it('end a window whose next page does not exist', async () => {
    const flickr = await site({ photos: stingrays(1_200) });
    const settings = settingsFor(flickr);
    const query = await plan(settings);
    const first = await flickrSource(settings).nextPage(query, null, plainApi());
    flickr.faults.push('excessive-offset');
    expect(await flickrSource(settings).nextPage(query, first.next, plainApi())).toEqual({
      photos: [],
      next: null,
      total: null,
    });
  });

  it('refuse a wrong key with the name of the setting, without showing the key', async () => {
    const flickr = await site({ photos: stingrays(1) });
    const wrong = walk(settingsFor(flickr, { apiKey: 'wrong-key-0123456789' }));
    await expect(wrong).rejects.toThrow('sources.flickr.apiKey');
    await expect(wrong).rejects.not.toThrow('wrong-key-0123456789');
  });
});

describe('the pictures', () => {
  it('are different and at the addresses in the results', async () => {
    const flickr = await site({ photos: stingrays(20) });
    const { found } = await walk(settingsFor(flickr));
    const hashes = new Set<string>();
    for (const { url } of found.values()) {
      const response = await fetch(url);
      expect([response.status, response.headers.get('content-type')]).toEqual([200, 'image/jpeg']);
      hashes.add(sha256(Buffer.from(await response.arrayBuffer())));
    }
    expect(hashes.size).toBe(20);
  });

  it('of deleted photos are recognised as the placeholder, by the redirect or by the bytes', async () => {
    for (const goneAs of ['redirect', 'bytes'] as const) {
      const [photo] = stingrays(1);
      if (photo === undefined) throw new Error('Expected a photo');
      const flickr = await site({ photos: [{ ...photo, gone: true }], goneAs });
      const [found] = (await walk(settingsFor(flickr))).found.values();
      const response = await fetch(found?.url ?? '');
      const picture = { finalUrl: response.url, sha256: sha256(Buffer.from(await response.arrayBuffer())) };
      expect(response.status).toBe(200);
      expect(isFlickrPlaceholder(picture)).toBe(goneAs === 'redirect');
      expect(isFlickrPlaceholder(picture, [sha256(flickrSitePlaceholder())])).toBe(true);
    }
  });
});

function sha256(bytes: Buffer): string {
  return createHash('sha256').update(bytes).digest('hex');
}

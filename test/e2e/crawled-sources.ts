import { cp, mkdir, readFile, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { gzipSync } from 'node:zlib';
import { expect } from 'vitest';
import type { CandidateLine } from '../../src/status/candidate-list.repository.ts';
import { FLICKR_LICENCES } from '../../src/crawl/sources/flickr/licences.ts';
import { dumpOf } from '../integration/open-data/dump.ts';
import { duckduckgoResults, startDuckduckgoSite, type DuckduckgoBlock } from '../support/sites/duckduckgo-site.ts';
import { flickrPhotos, startFlickrSite, type FlickrSite, type FlickrSitePhoto } from '../support/sites/flickr-site.ts';
import { startInaturalistSite, type InaturalistSite } from '../support/sites/inaturalist-site.ts';
import { readQueriesLines, worldOf, type InaturalistWorld } from '../support/sites/inaturalist-world.ts';
import { repositoryRoot } from '../support/winnow.ts';

/** The sources that fetch over a network: a local site for each, and what a crawl of it brings. */

export const GOOSE = 'n01855672';
const KOALA = 'n01882714';
const QUERIES = path.join(repositoryRoot, 'config', 'classes', 'queries-imagenet-a.jsonl');

interface SiteRequest {
  readonly path: string;
  readonly headers: Readonly<Record<string, string>>;
}

/** A site that answers, and how to crawl it. */
export interface CrawledSite {
  /**
   * `imagenet-a` comes with winnow. The others have two classes: `taxa` searches by the taxa that the queries of imagenet-a
   * name, `names` by the names of the classes.
   */
  readonly collection: 'imagenet-a' | 'taxa' | 'names';
  /** Flags of `winnow crawl`. */
  readonly flags: readonly string[];
  readonly settings: Readonly<Record<string, string>>;
  /** Requests to what is searched, and to the host of the pictures. */
  readonly searches: () => readonly SiteRequest[];
  readonly pictures: () => readonly SiteRequest[];
  /** Ids of the photos that it has of geese, sorted. */
  readonly photos: readonly string[];
  /** How its candidates end: as `fetched`, or under reasons. */
  readonly ends: readonly string[];
  /** Checks licence, creator and page of a candidate. */
  expectRights(line: CandidateLine): void;
  close(): Promise<unknown>;
}

export interface CrawledSource {
  readonly name: string;
  /** At least so many photos are found. */
  readonly fewest: number;
  readonly start: (folder: string) => Promise<CrawledSite>;
}

/** Gives the collection of a site for `--collection`: a name, or a file of geese and koalas that is written for it. */
export async function collectionOf(folder: string, { collection }: CrawledSite): Promise<string> {
  if (collection === 'imagenet-a') return collection;
  await cp(QUERIES, path.join(folder, 'queries.jsonl'));
  const file = path.join(folder, 'geese.yaml');
  const lines = ['name: geese', `classes: [${GOOSE}, ${KOALA}]`, 'licences: any'];
  await writeFile(file, [...lines, ...(collection === 'taxa' ? ['queries: queries.jsonl'] : [])].join('\n'));
  return file;
}

/** A world of iNaturalist with geese only. */
async function geese(perTaxon: number): Promise<InaturalistWorld> {
  const lines = readQueriesLines(await readFile(QUERIES, 'utf8'));
  return worldOf(
    lines.filter(({ name }) => name === 'goose'),
    { perTaxon },
  );
}

const inaturalistRequests = (site: InaturalistSite, server: 'api' | 'media'): readonly SiteRequest[] =>
  site.log.filter((request) => request.server === server);

function photosOf(
  { observations, taxa }: InaturalistWorld,
  isWanted: (photo: { licence: string | null }, observation: { spam: boolean }) => boolean,
) {
  const byId = new Map(taxa.map((taxon) => [taxon.id, taxon]));
  const lineage = (id: number): string[] => {
    const taxon = byId.get(id);
    return taxon === undefined ? [] : [...lineage(taxon.parentId ?? -1), taxon.name];
  };
  return observations
    .filter(({ taxonId }) => lineage(taxonId).some((name) => ['Anser', 'Branta'].includes(name)))
    .flatMap((one) => one.photos.filter((photo) => isWanted(photo, one)).map(({ id }) => String(id)))
    .toSorted();
}

export async function startInaturalist(perTaxon: number): Promise<CrawledSite & { readonly site: InaturalistSite }> {
  const world = await geese(perTaxon);
  const site = await startInaturalistSite({ world });
  return {
    site,
    collection: 'imagenet-a',
    flags: ['--source', 'inaturalist'],
    settings: {
      'sources.inaturalist.url': site.url,
      'sources.inaturalist.requestsPerMinute': '6000',
      'sources.inaturalist.qualityGrade': 'any',
      'fetch.allowAddresses': new URL(site.mediaUrl).host,
    },
    searches: () => inaturalistRequests(site, 'api'),
    pictures: () => inaturalistRequests(site, 'media'),
    photos: photosOf(world, () => true),
    // The site hides some of its photos, and marks observations as spam.
    ends: ['fetched', 'taken-down'],
    expectRights({ licence, creator, pageUrl }) {
      expect(licence).toMatch(/^(CC|Public-Domain$|all-rights-reserved$)/);
      expect(creator).toMatch(/./);
      expect(pageUrl).toMatch(/^https:\/\/www\.inaturalist\.org\/observations\/\d+$/);
    },
    close: () => site.close(),
  };
}

async function startOpenData(folder: string): Promise<CrawledSite> {
  const world = await geese(8);
  const site = await startInaturalistSite({ world });
  const dump = path.join(folder, 'dump');
  await mkdir(dump);
  for (const [name, text] of Object.entries(dumpOf(world))) await writeFile(path.join(dump, name), gzipSync(text));
  return {
    collection: 'taxa',
    flags: ['--source', 'inaturalist-open-data'],
    settings: {
      'sources.inaturalistOpenData.url': dump,
      'sources.inaturalistOpenData.mediaUrl': site.mediaUrl,
      'sources.inaturalistOpenData.mediaRequestsPerMinute': '60000',
      'sources.inaturalist.qualityGrade': 'any',
      'fetch.allowAddresses': new URL(site.mediaUrl).host,
      'log.level': 'warn',
    },
    searches: () => inaturalistRequests(site, 'api'),
    pictures: () => inaturalistRequests(site, 'media'),
    photos: photosOf(world, ({ licence }, { spam }) => licence !== null && !spam),
    ends: ['fetched'],
    expectRights({ licence, creator, pageUrl }) {
      expect(licence).toMatch(/^(CC0-1\.0|CC-BY(-NC)?(-SA|-ND)?-4\.0|Public-Domain)$/);
      expect(creator).toMatch(/./);
      expect(pageUrl).toMatch(/^https:\/\/www\.inaturalist\.org\/observations\/[0-9a-f-]{36}$/);
    },
    close: () => site.close(),
  };
}

const FLICKR_KEY = 'a-key-of-32-characters-0123456789';

/** A Flickr of few photos, each in one small size. */
async function startFlickrHost(count: number): Promise<{ site: FlickrSite; photos: FlickrSitePhoto[] }> {
  const [from = 0, to = 0] = [2015, 2024].map((year) => Date.UTC(year, 5, 1) / 1000);
  const world = flickrPhotos({ count, text: 'goose', tag: 'goose', from, to });
  const photos = world.map((photo) => ({ ...photo, sizes: ['m'] }));
  return { site: await startFlickrSite({ photos, apiKey: FLICKR_KEY }), photos };
}

async function startFlickr(): Promise<CrawledSite> {
  const { site, photos } = await startFlickrHost(12);
  const byId = new Map(photos.map((photo) => [photo.id, photo]));
  return {
    collection: 'names',
    flags: ['--source', 'flickr'],
    settings: {
      'sources.flickr.url': site.url,
      'sources.flickr.apiKey': FLICKR_KEY,
      'sources.flickr.requestsPerMinute': '60000',
      'fetch.allowAddresses': new URL(site.mediaUrl).host,
    },
    searches: () => site.log.api,
    pictures: () => site.log.media,
    photos: photos.map(({ id }) => id).toSorted(),
    ends: ['fetched'],
    expectRights({ sourceId, licence, licenceUrl, creator, pageUrl }) {
      const photo = byId.get(sourceId);
      const { id, url } = FLICKR_LICENCES[photo?.licence ?? -1] ?? {};
      expect([licence, licenceUrl, creator]).toEqual([id, url, photo?.ownerName]);
      expect(pageUrl).toBe(`https://www.flickr.com/photos/${encodeURIComponent(photo?.owner ?? '')}/${sourceId}`);
    },
    close: () => site.close(),
  };
}

const pictureUrl = ({ mediaUrl }: FlickrSite, photo: FlickrSitePhoto | undefined): string =>
  `${mediaUrl}/${photo?.server}/${photo?.id}_${photo?.secret}.jpg`;

/** DuckDuckGo searches, in pages of five results; the pictures are on a host of their own. */
export async function startDuckduckgo(block?: DuckduckgoBlock): Promise<CrawledSite> {
  const { site: host, photos } = await startFlickrHost(12);
  const results = duckduckgoResults(photos.length, (i) => pictureUrl(host, photos[i]));
  const site = await startDuckduckgoSite({ results: () => results, perPage: 5 });
  if (block !== undefined) [site.block, site.blockAfter] = [block, 2];
  return {
    collection: 'names',
    flags: ['--source', 'duckduckgo'],
    settings: {
      'sources.duckduckgo.url': site.url,
      'sources.duckduckgo.ignoreRobots': 'true',
      'sources.duckduckgo.requestsPerMinute': '60000',
      'fetch.allowAddresses': new URL(host.mediaUrl).host,
    },
    searches: () =>
      site.log.map(({ path: at, query, headers }) => ({ path: `${at} ${query.get('s') ?? ''}`.trim(), headers })),
    pictures: () => host.log.media,
    photos: photos.map((photo) => pictureUrl(host, photo)).toSorted(),
    ends: ['fetched'],
    expectRights({ licence, licenceUrl, creator }) {
      expect([licence, licenceUrl, creator]).toEqual(['unknown', null, null]);
    },
    close: () => Promise.all([site.close(), host.close()]),
  };
}

async function startList(folder: string): Promise<CrawledSite> {
  const { site: host, photos } = await startFlickrHost(8);
  const urls = photos.map((photo) => pictureUrl(host, photo));
  const list = path.join(folder, 'list.csv');
  const rows = urls.map((url, i) => `${url},${GOOSE},CC BY 4.0,"Ann, of A",https://pages.example/${i}`);
  await writeFile(list, ['url,wnid,license,creator,page_url', ...rows].join('\n'));
  return {
    collection: 'names',
    flags: ['--source', 'urls', '--from', list],
    settings: { 'fetch.allowAddresses': new URL(host.mediaUrl).host },
    searches: () => host.log.api,
    pictures: () => host.log.media,
    photos: urls.toSorted(),
    ends: ['fetched'],
    expectRights({ url, licence, creator, pageUrl }) {
      expect([licence, creator]).toEqual(['CC-BY-4.0', 'Ann, of A']);
      expect(pageUrl).toBe(`https://pages.example/${urls.indexOf(url ?? '')}`);
    },
    close: () => host.close(),
  };
}

export const SOURCES: readonly CrawledSource[] = [
  { name: 'inaturalist', fewest: 51, start: () => startInaturalist(30) },
  { name: 'inaturalist-open-data', fewest: 10, start: startOpenData },
  { name: 'flickr', fewest: 12, start: startFlickr },
  { name: 'duckduckgo', fewest: 12, start: () => startDuckduckgo() },
  { name: 'urls', fewest: 8, start: startList },
];

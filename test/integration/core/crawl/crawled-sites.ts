import { cp, mkdir, readFile, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { gzipSync } from 'node:zlib';
import { expect } from 'vitest';
import type { CandidateLine } from '../../../../src/core/status/candidate-list.repository.ts';
import { flickrLicence } from '../../../../src/core/crawl/sources/flickr/licences.ts';
import { dumpOf } from './open-data/dump.ts';
import {
  commonsFiles,
  startCommonsSite,
  type CommonsFault,
  type CommonsSite,
} from '../../../support/sites/commons-site.ts';
import { duckduckgoResults, startDuckduckgoSite } from '../../../support/sites/duckduckgo-site.ts';
import {
  flickrPhotos,
  startFlickrSite,
  type FlickrFault,
  type FlickrSite,
  type FlickrSitePhoto,
} from '../../../support/sites/flickr-site.ts';
import { startInaturalistSite, type InaturalistSite } from '../../../support/sites/inaturalist-site.ts';
import {
  readQueriesLines,
  worldOf,
  type InaturalistWorld,
  type SiteObservation,
  type SitePhoto,
} from '../../../support/sites/inaturalist-world.ts';
import { repositoryRoot } from '../../../support/winnow.ts';

/** The sources that fetch over a network: a local site for each, and what a crawl of it brings. */

export const GOOSE = 'n01855672';
const [DRAGONFLY, LADYBUG] = ['n02268443', 'n02165456'] as const;
const QUERIES = path.join(repositoryRoot, 'config', 'classes', 'queries-imagenet-a.jsonl');

interface SiteRequest {
  readonly path: string;
  readonly query?: URLSearchParams;
  readonly headers: Readonly<Record<string, string>>;
}

export interface CrawledSite {
  /** The taxa of imagenet-a for three classes, the line of one class, or its name. */
  readonly searchedBy: 'taxa' | 'line' | 'names';
  readonly flags: readonly string[];
  readonly settings: Readonly<Record<string, string>>;
  /** Requests to what is searched, and to the host of the pictures. */
  readonly searches: () => readonly SiteRequest[];
  readonly pictures: () => readonly SiteRequest[];
  /** Class, and id or address, of each photo that the crawl must find. Sorted. */
  readonly photos: readonly string[];
  /** How its candidates end: as `fetched`, or under reasons. */
  readonly ends: readonly string[];
  readonly note?: string;
  /** Adds a photo to the site. Returns its id or address. */
  readonly add?: () => string;
  expectRights(line: CandidateLine): void;
  close(): Promise<unknown>;
}

/** Writes the collection of a site: geese, dragonflies, of which damselflies are none, and adult ladybugs. */
export async function writeCollection(folder: string, { searchedBy }: CrawledSite, name = 'three'): Promise<string> {
  const queries = path.join(folder, 'queries.jsonl');
  if (searchedBy === 'line') await writeFile(queries, JSON.stringify({ wnid: GOOSE, commons: COMMONS_LINE }));
  else await cp(QUERIES, queries);
  const file = path.join(folder, `${name}.yaml`);
  const lines = [`name: ${name}`, `classes: [${GOOSE}, ${DRAGONFLY}, ${LADYBUG}]`, 'licences: any'];
  await writeFile(file, [...lines, ...(searchedBy === 'names' ? [] : ['queries: queries.jsonl'])].join('\n'));
  return file;
}

async function threeClasses(perTaxon: number): Promise<InaturalistWorld> {
  const lines = readQueriesLines(await readFile(QUERIES, 'utf8'));
  return worldOf(
    lines.filter(({ name }) => ['goose', 'dragonfly', 'ladybug'].includes(name)),
    { perTaxon },
  );
}

function classOf({ annotations }: SiteObservation, names: readonly string[]): string | null {
  if (names.includes('Anser') || names.includes('Branta')) return GOOSE;
  if (names.includes('Anisoptera')) return names.includes('Zygoptera') ? null : DRAGONFLY;
  const isAdult = annotations.some(({ valueId }) => valueId === 2);
  return names.includes('Coccinellidae') && isAdult ? LADYBUG : null;
}

function photosOf(
  { observations, taxa }: InaturalistWorld,
  isWanted: (photo: SitePhoto, observation: SiteObservation) => boolean,
): string[] {
  const byId = new Map(taxa.map((taxon) => [taxon.id, taxon]));
  const lineage = (id: number): string[] => {
    const taxon = byId.get(id);
    return taxon === undefined ? [] : [...lineage(taxon.parentId ?? -1), taxon.name];
  };
  return observations
    .flatMap((one) => {
      const wnid = classOf(one, lineage(one.taxonId));
      const photos = one.photos.filter((photo) => wnid !== null && isWanted(photo, one));
      return photos.map(({ id }) => `${wnid} ${id}`);
    })
    .toSorted();
}

export async function startInaturalist(perTaxon: number): Promise<CrawledSite & { readonly site: InaturalistSite }> {
  const world = await threeClasses(perTaxon);
  const observations = [...world.observations];
  // Pages smaller than requested, so that photos are on several.
  const site = await startInaturalistSite({ world: { ...world, observations }, maxPerPage: 20 });
  return {
    site,
    add() {
      const known = observations.find(({ photos }) => photos.length > 0);
      if (known === undefined) throw new Error('Expected an observation with a photo');
      const id = 1 + Math.max(...observations.map((one) => one.id));
      observations.push({
        ...known,
        id,
        photos: known.photos.slice(0, 1).map((photo) => ({ ...photo, id: 9_999_999 })),
      });
      return '9999999';
    },
    searchedBy: 'taxa',
    flags: ['--source', 'inaturalist'],
    settings: {
      'sources.inaturalist.url': site.url,
      'sources.inaturalist.requestsPerMinute': '6000',
      'sources.inaturalist.qualityGrade': 'any',
      'fetch.allowAddresses': new URL(site.mediaUrl).host,
    },
    searches: () => site.log.api,
    pictures: () => site.log.media,
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
  const world = await threeClasses(8);
  const site = await startInaturalistSite({ world });
  const dump = path.join(folder, 'dump');
  await mkdir(dump);
  for (const [name, text] of Object.entries(dumpOf(world))) await writeFile(path.join(dump, name), gzipSync(text));
  return {
    searchedBy: 'taxa',
    flags: ['--source', 'inaturalist-open-data'],
    settings: {
      'sources.inaturalistOpenData.url': dump,
      'sources.inaturalistOpenData.mediaUrl': site.mediaUrl,
      'sources.inaturalistOpenData.mediaRequestsPerMinute': '60000',
      'sources.inaturalist.qualityGrade': 'any',
      'fetch.allowAddresses': new URL(site.mediaUrl).host,
      'log.level': 'warn',
    },
    searches: () => site.log.api,
    pictures: () => site.log.media,
    // The open data has no annotations, so it has no adult ladybugs.
    photos: photosOf(world, ({ licence }, { spam }) => licence !== null && !spam).filter(
      (photo) => !photo.startsWith(LADYBUG),
    ),
    note: 'not searched for: ladybug (inaturalist-open-data)',
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
/** Only so many of Flickr's photos have pictures, so that the others need not be fetched. */
const WITH_SIZES = 20;

/** Three pages of photos. The picture of one is gone. */
export async function startFlickr(...faults: readonly FlickrFault[]): Promise<CrawledSite> {
  const [from = 0, to = 0] = [2015, 2024].map((year) => Date.UTC(year, 5, 1) / 1000);
  const photos = flickrPhotos({ count: 250, text: 'goose', from, to }).map((photo, i) => ({
    ...photo,
    sizes: i < WITH_SIZES ? photo.sizes : [],
    gone: i === 8,
  }));
  const served = [...photos];
  const site = await startFlickrSite({ photos: served, apiKey: FLICKR_KEY, maxPerPage: 100 });
  site.faults.push(...faults);
  const byId = new Map(photos.map((photo) => [photo.id, photo]));
  return {
    add() {
      const [photo] = photos;
      if (photo === undefined) throw new Error('Expected a photo');
      served.push({ ...photo, id: '9999999', uploaded: Math.floor(Date.now() / 1000) });
      return '9999999';
    },
    searchedBy: 'names',
    flags: ['--source', 'flickr'],
    settings: {
      'sources.flickr.url': site.url,
      'sources.flickr.apiKey': FLICKR_KEY,
      'sources.flickr.requestsPerMinute': '60000',
      'fetch.allowAddresses': new URL(site.mediaUrl).host,
    },
    searches: () => site.log.api,
    pictures: () => site.log.media,
    photos: photos.map(({ id }) => `${GOOSE} ${id}`).toSorted(),
    ends: ['fetched', 'placeholder', 'unreadable'],
    note: 'searched by name, because the queries file has no line for them: goose (flickr)',
    expectRights({ sourceId, licence, licenceUrl, creator, pageUrl }) {
      const photo = byId.get(sourceId);
      const { id, url } = flickrLicence(String(photo?.licence));
      expect([licence, licenceUrl, creator]).toEqual([id, url, photo?.ownerName]);
      expect(pageUrl).toBe(`https://www.flickr.com/photos/${encodeURIComponent(photo?.owner ?? '')}/${sourceId}`);
    },
    close: () => site.close(),
  };
}

const COMMONS_LINE = [{ depicts: 'Q16529344' }, { text: '"wild goose"' }];

/** Two pages of results, which come in parts. A statement finds half of the files, the text the others and some twice. */
export async function startCommons(
  ...faults: readonly CommonsFault[]
): Promise<CrawledSite & { readonly site: CommonsSite }> {
  const files = commonsFiles({ count: 56, item: 'Q16529344', text: 'wild goose' });
  const site = await startCommonsSite({ files, partOf: 20, apiMs: 20, mediaMs: 40 });
  site.faults.push(...faults);
  const byId = new Map(files.map((file) => [String(file.pageid), file]));
  return {
    site,
    searchedBy: 'line',
    flags: ['--source', 'commons'],
    settings: {
      'sources.commons.url': site.url,
      'sources.commons.requestsPerMinute': '60000',
      'sources.commons.mediaRequestsPerMinute': '60000',
      'sources.commons.mediaHosts': `[${site.mediaHosts.join(', ')}]`,
      'sources.commons.pauseAfterErrorMs': '300',
      'fetch.allowAddresses': site.mediaHosts.join(','),
    },
    searches: () => site.log.api,
    pictures: () => site.log.thumbs,
    photos: files.map(({ pageid }) => `${GOOSE} ${pageid}`).toSorted(),
    ends: ['fetched', 'not-a-photo-title', 'licence-not-allowed', 'ai-generated', 'aspect-ratio', 'unreadable'],
    expectRights({ sourceId, licence, creator, pageUrl, reason, ...facts }) {
      if (reason !== null) return;
      const file = byId.get(sourceId);
      expect([licence, creator]).toEqual([file?.licence, file?.author]);
      const original = {
        originalWidth: 4_000,
        originalHeight: 3_000,
        origin: `flickr:${sourceId}`,
        takenAt: '2009-05-01',
      };
      expect(facts).toMatchObject({ ...original, uploadedAt: file?.uploaded, restrictions: ['personality'] });
      expect(pageUrl).toBe(`https://commons.wikimedia.org/wiki/File:${sourceId}.jpg`);
    },
    close: () => site.close(),
  };
}

/** A host of pictures alone, each in one small size. */
async function startPictures(count: number): Promise<{ host: FlickrSite; photos: FlickrSitePhoto[] }> {
  const world = flickrPhotos({ count, text: 'goose', from: 1_000_000, to: 2_000_000 });
  const photos = world.map((photo) => ({ ...photo, sizes: ['m'] }));
  return { host: await startFlickrSite({ photos }), photos };
}

const pictureUrl = ({ mediaUrl }: FlickrSite, photo: FlickrSitePhoto | undefined): string =>
  `${mediaUrl}/${photo?.server}/${photo?.id}_${photo?.secret}.jpg`;

/** DuckDuckGo searches, in pages of five results; the pictures are on a host of their own. */
export async function startDuckduckgo(blockAfter?: number): Promise<CrawledSite> {
  const { host, photos: all } = await startPictures(13);
  const photos = all.slice(0, 12);
  const results = duckduckgoResults(all.length, (i) => pictureUrl(host, all[i]));
  const [added = {}] = results.splice(12);
  const site = await startDuckduckgoSite({ results, perPage: 5 });
  if (blockAfter !== undefined) site.blockAfter = blockAfter;
  return {
    add() {
      results.push(added);
      return pictureUrl(host, all[12]);
    },
    searchedBy: 'names',
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
    photos: photos.map((photo) => `${GOOSE} ${pictureUrl(host, photo)}`).toSorted(),
    ends: ['fetched'],
    expectRights({ licence, licenceUrl, creator }) {
      expect([licence, licenceUrl, creator]).toEqual(['unknown', null, null]);
    },
    close: () => Promise.all([site.close(), host.close()]),
  };
}

async function startList(folder: string): Promise<CrawledSite> {
  const { host, photos } = await startPictures(8);
  const urls = photos.map((photo) => pictureUrl(host, photo));
  const list = path.join(folder, 'list.csv');
  const rows = urls.map((url, i) => `${url},${GOOSE},CC BY 4.0,"Ann, of A",https://pages.example/${i}`);
  await writeFile(list, ['url,wnid,license,creator,page_url', ...rows, `file:///etc/passwd,${GOOSE},,,`].join('\n'));
  return {
    searchedBy: 'names',
    flags: ['--source', 'urls', '--from', list],
    settings: { 'fetch.allowAddresses': new URL(host.mediaUrl).host },
    searches: () => host.log.api,
    pictures: () => host.log.media,
    photos: [...urls.map((url) => `${GOOSE} ${url}`), `${GOOSE} file:///etc/passwd`].toSorted(),
    ends: ['fetched', 'scheme-refused'],
    note: 'note: urls: 1 row cannot be used: line 10 of list.csv: ',
    expectRights({ url, licence, creator, pageUrl, reason }) {
      if (reason !== null) return;
      expect([licence, creator]).toEqual(['CC-BY-4.0', 'Ann, of A']);
      expect(pageUrl).toBe(`https://pages.example/${urls.indexOf(url ?? '')}`);
    },
    close: () => host.close(),
  };
}

export const SOURCES: readonly { readonly name: string; readonly start: typeof startList }[] = [
  { name: 'inaturalist', start: () => startInaturalist(8) },
  { name: 'inaturalist-open-data', start: startOpenData },
  { name: 'flickr', start: () => startFlickr('too-many-seconds') },
  { name: 'commons', start: () => startCommons() },
  { name: 'duckduckgo', start: () => startDuckduckgo() },
  { name: 'urls', start: startList },
];

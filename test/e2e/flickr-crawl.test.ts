import { afterEach, describe, expect, it } from 'vitest';
import type { CandidateLine } from '../../src/status/candidate-list.repository.ts';
import { FLICKR_LICENCES } from '../../src/crawl/sources/flickr/licences.ts';
import { crawlGeese, gooseCandidates } from '../support/geese.ts';
import {
  flickrPhotos,
  startFlickrSite,
  type FlickrSite,
  type FlickrSiteOptions,
  type FlickrSitePhoto,
} from '../support/sites/flickr-site.ts';
import { withFolder, type CommandResult } from '../support/winnow.ts';
import { useSharedServer } from '../support/shared-server.ts';

useSharedServer();

const KEY = 'a-key-of-32-characters-0123456789';

let site: FlickrSite | undefined;
afterEach(async () => site?.close());

async function start(options: Omit<FlickrSiteOptions, 'apiKey'>): Promise<FlickrSite> {
  site = await startFlickrSite({ ...options, apiKey: KEY });
  return site;
}

/** Of most of them Flickr offers no size, so that they are found and need not be fetched; the picture of one is gone. */
function geese(count: number): FlickrSitePhoto[] {
  const from = Date.UTC(2015, 5, 1) / 1000;
  const to = Date.UTC(2024, 5, 1) / 1000;
  return flickrPhotos({ count, text: 'goose', tag: 'goose', from, to }).map((photo, i) => {
    if (i === GONE) return { ...photo, gone: true, sizes: ['m', 'l'] };
    return i < WITH_SIZES ? photo : { ...photo, sizes: [] };
  });
}

const WITH_SIZES = 40;
const GONE = 8;

async function crawl(
  running: FlickrSite,
  folder: string,
  settings: Readonly<Record<string, string>> = {},
): Promise<CommandResult> {
  return crawlGeese(folder, 'flickr', {
    'sources.flickr.url': running.url,
    'sources.flickr.apiKey': KEY,
    'sources.flickr.requestsPerMinute': '60000',
    'fetch.allowAddresses': new URL(running.mediaUrl).host,
    ...settings,
  });
}

function expectedRights({ licence, owner, ownerName, id }: FlickrSitePhoto): readonly unknown[] {
  const { id: spdx, url } = FLICKR_LICENCES[licence] ?? {};
  return [spdx, url, ownerName, `https://www.flickr.com/photos/${encodeURIComponent(owner)}/${id}`];
}

function rightsOf(line: CandidateLine | undefined): readonly unknown[] {
  return [line?.licence, line?.licenceUrl, line?.creator, line?.pageUrl];
}

describe('a crawl of Flickr', () => {
  it('brings every photo of a search that holds more than Flickr gives, in its best size, with its licence and page', async () => {
    const photos = geese(4_600);
    const running = await start({ photos, totalAs: 'string' });
    running.faults.push('down-json', 'too-many-seconds');
    await withFolder(async (folder) => {
      const result = await crawl(running, folder);
      expect([result.code, result.stderr]).toEqual([0, expect.not.stringContaining(KEY)]);
      expect(result.stdout).toContain(
        'searched by name, because the queries file has no line for them: goose (flickr)',
      );
      const lines = new Map((await gooseCandidates(folder)).map((line) => [line.sourceId, line]));
      expect(lines.size).toBe(photos.length);
      const told = photos.map(({ id }) => rightsOf(lines.get(id)));
      expect(told).toEqual(photos.map(expectedRights));
      const states = photos.map(({ id }) => lines.get(id)?.reason ?? lines.get(id)?.state);
      expect(states).toEqual(
        photos.map((_, i) => (i === GONE ? 'placeholder' : i < WITH_SIZES ? 'fetched' : 'unreadable')),
      );
      const fetched = [...lines.values()].filter(({ state }) => state === 'fetched');
      // The largest of up to 1,024 pixels: large, 800, or no more than 500.
      expect(new Set(fetched.map(({ url }) => /_([a-z])\.jpg$/.exec(url)?.[1] ?? ''))).toEqual(new Set(['b', 'c', '']));
      // The second answer said to come again in seven seconds.
      const [, second, third] = running.log.api.map(({ atMs }) => atMs);
      expect((third ?? 0) - (second ?? 0)).toBeGreaterThanOrEqual(6_900);
      console.log(`Flickr: ${photos.length} photos, more than a search gives, in ${running.log.api.length} requests`);
    });
  });

  it('says what is wrong with a key that is refused, without showing it', async () => {
    const running = await start({ photos: geese(30) });
    running.faults.push('key-expired');
    await withFolder(async (folder) => {
      const result = await crawl(running, folder);
      expect([result.code, result.stderr]).toEqual([1, expect.stringContaining('Key has expired')]);
      expect(result.stderr + result.stdout).not.toContain(KEY);
    });
  });
});

import { afterEach, describe, expect, it } from 'vitest';
import { crawlGeese, gooseCandidates } from '../support/geese.ts';
import { duckduckgoResults, startDuckduckgoSite, type DuckduckgoSite } from '../support/sites/duckduckgo-site.ts';
import { flickrPhotos, startFlickrSite, type FlickrSite } from '../support/sites/flickr-site.ts';
import { withFolder, type CommandResult } from '../support/winnow.ts';
import { useSharedServer } from '../support/shared-server.ts';

useSharedServer();

let search: DuckduckgoSite | undefined;
let host: FlickrSite | undefined;
afterEach(async () => {
  await search?.close();
  await host?.close();
});

/** A search of so many results, in pages of five, whose pictures are on a host of their own. */
async function start(count: number): Promise<{ search: DuckduckgoSite; host: FlickrSite }> {
  const photos = flickrPhotos({ count, text: 'goose', tag: 'goose', from: 1_000_000, to: 2_000_000 }).map((photo) => ({
    ...photo,
    sizes: ['m'],
  }));
  host = await startFlickrSite({ photos });
  const { mediaUrl } = host;
  const imageUrl = (i: number): string => `${mediaUrl}/${photos[i]?.server}/${photos[i]?.id}_${photos[i]?.secret}.jpg`;
  search = await startDuckduckgoSite({ results: () => duckduckgoResults(count, imageUrl), perPage: 5 });
  return { search, host };
}

async function crawl(folder: string, settings: Readonly<Record<string, string>> = {}): Promise<CommandResult> {
  return crawlGeese(folder, 'duckduckgo', {
    'sources.duckduckgo.url': search?.url ?? '',
    'sources.duckduckgo.ignoreRobots': 'true',
    'sources.duckduckgo.requestsPerMinute': '60000',
    'fetch.allowAddresses': new URL(host?.mediaUrl ?? '').host,
    ...settings,
  });
}

describe('a crawl of DuckDuckGo', () => {
  it('needs consent to pass over its robots.txt, which the error explains, and sends nothing without', async () => {
    const running = await start(5);
    await withFolder(async (folder) => {
      const result = await crawl(folder, { 'sources.duckduckgo.ignoreRobots': 'false' });
      expect([result.code, result.stderr]).toEqual([
        2,
        expect.stringContaining('sources.duckduckgo.ignoreRobots=true'),
      ]);
      expect(result.stderr).toContain('has no documented API');
      expect(running.search.log).toEqual([]);
    });
  });

  it('asks for page after page, until an empty one ends the results', async () => {
    const running = await start(12);
    await withFolder(async (folder) => {
      const result = await crawl(folder);
      expect([result.code, result.stderr]).toEqual([0, expect.not.stringContaining('winnow:')]);
      expect(await gooseCandidates(folder)).toHaveLength(12);
      expect(running.search.log.map(({ path: at, query }) => `${at} ${query.get('s') ?? ''}`.trim())).toEqual([
        '/',
        '/i.js',
        '/i.js 5',
        '/i.js 10',
        '/i.js 15',
      ]);
    });
  });
});

import { createHash } from 'node:crypto';
import { readdirSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { firstPage, recording, RECORDINGS, SEARCH_PAGE } from './support.ts';

const sha256 = (text: string) => createHash('sha256').update(text).digest('hex');

describe('recorded answers of DuckDuckGo', () => {
  it.each(['duck-duck-scrape__default.json', 'duck-duck-scrape__strict.json'])(
    'are 100 pictures in %s',
    async (name) => {
      const { page } = await firstPage(SEARCH_PAGE, recording(name));
      expect([page.photos.length, page.total]).toEqual([100, null]);
      expect(page.photos.filter(({ problem }) => problem !== null)).toEqual([]);
      expect(page.next).toMatchObject({ pages: 1, offset: 100 });
      for (const photo of page.photos) {
        expect(photo).toMatchObject({
          source: 'duckduckgo',
          label: 'n01498041',
          licence: 'unknown',
          licenceUrl: null,
          creator: null,
        });
        expect(photo.sourceId).toBe(sha256(photo.url).slice(0, 32));
        expect(photo.pageUrl).toMatch(/^https?:\/\//);
      }
    },
  );

  it('keep the addresses that the site sent', async () => {
    const body = recording('duck-duck-scrape__default.json');
    const { page } = await firstPage(SEARCH_PAGE, body);
    const { results }: { results: { image: string; url: string }[] } = JSON.parse(body);
    expect(page.photos.map(({ url }) => url)).toEqual(results.map(({ image }) => new URL(image).href));
    expect(page.photos.map(({ pageUrl }) => pageUrl)).toEqual(results.map(({ url }) => url));
    expect(page.photos.filter(({ url }) => url.startsWith('http:')).length).toBeGreaterThan(0);
  });

  it('end the search if there are no results, even if they name a next page', async () => {
    expect((await firstPage(SEARCH_PAGE, recording('duck-duck-scrape__noResults.json'))).page).toEqual({
      photos: [],
      next: null,
      total: null,
    });
  });

  it('with a token of three parts (2021) let the results be requested', async () => {
    const { requests } = await firstPage(
      recording('duck-duck-scrape__vqd.html'),
      recording('duck-duck-scrape__default.json'),
    );
    expect(new URL(requests[1]?.url ?? '').searchParams.get('vqd')).toBe(
      '3-320068370671196460038575011587633753929-199869977846294510399902480995708132308',
    );
  });

  it('without a token are retried later, and no results are requested', async () => {
    const page = firstPage(recording('duck-duck-scrape__no-vqd.html'));
    await expect(page).rejects.toMatchObject({ name: 'RetryLater', code: 'duckduckgo-no-token' });
  });

  it.each([[[]], [[SEARCH_PAGE]]])('that say "anomaly" are a block (after %j)', async (before) => {
    const page = firstPage(...before, recording('duck-duck-scrape__anomalyDetectionBlock.js'));
    await expect(page).rejects.toMatchObject({ name: 'SourceBlocked', code: 'duckduckgo-blocked' });
    await expect(page).rejects.toThrow("'DDG.deep.anomalyDetectionBlock(");
  });

  it.each([[[]], [[SEARCH_PAGE]]])('that say "506" are a server failure (after %j)', async (before) => {
    const page = firstPage(...before, recording('duck-duck-scrape__506.js'));
    await expect(page).rejects.toMatchObject({ name: 'RetryLater', code: 'http-5xx' });
  });

  it('are all read in this file', () => {
    const named = [
      'default.json',
      'strict.json',
      'noResults.json',
      'vqd.html',
      'no-vqd.html',
      'anomalyDetectionBlock.js',
      '506.js',
      'LICENSE.txt',
    ];
    const files = readdirSync(RECORDINGS).filter((name) => name.includes('__'));
    expect(files.map((name) => name.replace('duck-duck-scrape__', '')).toSorted()).toEqual(named.toSorted());
  });
});

import { expect, it } from 'vitest';
import { httpUrl, perMinute, setting } from '../../../../../src/core/config/setting.ts';
import { defineSource } from '../../../../../src/core/config/sources/source.ts';
import { SOURCES } from '../../../../../src/core/config/sources/sources.ts';
import { mediaPermits } from '../../../../../src/core/crawl/sources/permit-keys.ts';
import { SEARCHES, type Search } from '../../../../../src/core/crawl/sources/searches.ts';
import { scripted } from './scripted-api.ts';

const museum = defineSource({
  name: 'museum',
  key: 'museum',
  isSearched: true,
  title: 'the museum',
  line: 'museum',
  settings: {
    url: setting(httpUrl(), 'https://museum.example/api', 'Address of the API of the museum.'),
    requestsPerMinute: setting(perMinute(), 30, 'API requests a minute.'),
  },
  limits: ({ requestsPerMinute }) => ({ requestsPerMinute, mediaHosts: ['pictures.museum.example'] }),
  addresses: ({ url }) => [url],
});

const search: Search = {
  open: () => ({
    name: museum.name,
    plan: async ({ wnid, name }) => ({ queries: [{ key: name, title: name, params: wnid }], problems: [], notes: [] }),
    async nextPage({ params }, _cursor, api) {
      const { body } = await api.send({ url: 'https://museum.example/api' });
      const ids: string[] = JSON.parse(body);
      const rights = { licence: 'CC0-1.0', licenceUrl: null, creator: null, pageUrl: null, problem: null };
      const url = 'https://pictures.museum.example/';
      const label = typeof params === 'string' ? params : '';
      const found = { source: museum.name, label, ...rights };
      const photos = ids.map((sourceId) => ({ ...found, sourceId, url: `${url}${sourceId}.jpg` }));
      return { photos, next: null, total: photos.length };
    },
  }),
  terms: ({ name }) => ({ terms: [name], problems: [] }),
};

it('a source of 40 lines has settings, limits, advice, sentences and a search', async () => {
  expect(Object.keys(museum.settings)).toEqual(['sources.museum.url', 'sources.museum.requestsPerMinute']);
  const sources = { museum: { url: 'https://museum.example/api', requestsPerMinute: 30 } };
  const politeness = { requestsPerMinutePerHost: 60, sources: { museum: museum.limits(sources) } };
  const url = 'https://pictures.museum.example/1.jpg';
  const [permit] = mediaPermits({ source: 'museum', url, crawlDelayMs: 0 }, politeness);
  expect(permit).toMatchObject({ key: 'host:pictures.museum.example', limits: { requestsPerMinute: 60 } });
  expect([museum.addresses(sources), museum.missing(sources), museum.advice(sources)]).toEqual([
    ['https://museum.example/api'],
    null,
    null,
  ]);
  expect([museum.title, museum.exceptionText, museum.collectionType]).toEqual(['the museum', null, 'Others']);
  const wanted = { wnid: 'n1', name: 'vase', scientificName: null, entry: undefined };
  // The search of the museum needs none of the settings of other sources.
  const source = search.open({} as never, { licences: 'any', userAgent: 'winnow-test' });
  const [query] = (await source.plan(wanted, scripted([]))).queries;
  const page = await source.nextPage(query ?? { key: '', title: '', params: null }, null, scripted(['["1"]']));
  expect(page.photos).toMatchObject([{ source: 'museum', sourceId: '1', label: 'n1', url }]);
});

it('every source that is searched has a search, and no other', () => {
  const searched = SOURCES.filter(({ isSearched }) => isSearched).map(({ name }) => name);
  expect(Object.keys(SEARCHES).toSorted()).toEqual(searched.toSorted());
});

import { readFileSync } from 'node:fs';
import path from 'node:path';
import * as z from 'zod';
import { describe, expect, it } from 'vitest';
import { readAnswer } from '../../../../../src/core/crawl/sources/inaturalist/answer.ts';
import {
  InaturalistSource,
  type InaturalistSettings,
} from '../../../../../src/core/crawl/sources/inaturalist/inaturalist-source.ts';
import {
  inaturalistLicence,
  photoLicenceFilter,
  creatorOf,
  photoUrl,
} from '../../../../../src/core/crawl/sources/inaturalist/photo.ts';
import { readObservations } from '../../../../../src/core/crawl/sources/inaturalist/observations.ts';
import type {
  ApiResponse,
  Json,
  SourceApi,
  WantedClass,
} from '../../../../../src/core/crawl/sources/network-source.ts';
import { InaturalistApi } from '../../../../support/sites/inaturalist-api.ts';
import { readQueriesLines, worldOf } from '../../../../support/sites/inaturalist-world.ts';
import { repositoryRoot } from '../../../../support/winnow.ts';
import { NOW_MS, outcomeOf, scripted, type Script } from './scripted-api.ts';

const queries = readFileSync(path.join(repositoryRoot, 'config/classes/queries-imagenet-a.jsonl'), 'utf8');
const lines = queries
  .trim()
  .split('\n')
  .map((line): { wnid: string; name: string; inaturalist: Json } => JSON.parse(line));
const simulator = new InaturalistApi(
  { world: worldOf(readQueriesLines(queries), { perTaxon: 1 }) },
  'https://photos.test',
);

/** Asks the simulated site without a network. Keeps the requested addresses. */
function simulated(): SourceApi & { readonly asked: string[] } {
  const asked: string[] = [];
  return {
    asked,
    nowMs: () => NOW_MS,
    send({ url }) {
      asked.push(url);
      const { status, body } = simulator.answer(new URL(url), 'normal');
      return Promise.resolve({ status, headers: {}, body: String(body), url });
    },
  };
}

const SETTINGS: InaturalistSettings = {
  url: 'https://x.test/v1/',
  photoSize: 'large',
  qualityGrade: 'any',
  captive: 'any',
  licences: 'any',
};
const sourceOf = (settings: Partial<InaturalistSettings> = {}) => new InaturalistSource({ ...SETTINGS, ...settings });

function wantedOf(name: string): WantedClass {
  const line = lines.find((one) => one.name === name);
  if (line === undefined) throw new Error(`Expected a line for ${name}`);
  return { wnid: line.wnid, name, scientificName: null, entry: line.inaturalist };
}
const custom = (entry: Json | undefined, scientificName: string | null = null): WantedClass => {
  return { wnid: 'n1', name: 'thing', scientificName, entry };
};

describe('planning a class on iNaturalist', () => {
  it('resolves every line of the queries that come with winnow against a site full of homonyms, and requests each name once', async () => {
    const api = simulated();
    const source = sourceOf();
    const plans = [];
    for (const { name } of lines) plans.push(await source.plan(wantedOf(name), api));
    expect(plans.flatMap(({ problems }) => problems)).toEqual([]);
    const counts = lines.map(({ inaturalist }) => (Array.isArray(inaturalist) ? inaturalist.length : 0));
    expect(plans.map((plan) => plan.queries.length)).toEqual(counts);
    expect(new Set(plans.flatMap((plan) => plan.queries.map(({ key }) => key))).size).toBe(173);
    expect(new Set(api.asked).size).toBe(api.asked.length);
    const before = api.asked.length;
    for (const { name } of lines) await source.plan(wantedOf(name), api);
    expect(api.asked).toHaveLength(before);
  });

  it.each<[string, string[]]>([
    ['dragonfly', ['Anisoptera (suborder, taxon N) without Zygoptera']],
    ['monarch', ['Danaus plexippus (species, taxon N), Life Stage: Adult']],
    ['bison', ['Bison bison (species, taxon N)', 'Bison bonasus (species, taxon N)']],
  ])('gives the queries of %s readable titles', async (name, titles) => {
    const plan = await sourceOf().plan(wantedOf(name), simulated());
    expect(plan.queries.map(({ title }) => title.replaceAll(/\d{2,}/g, 'N'))).toEqual(titles);
  });

  it('plans the same query again, and another one for other settings', async () => {
    const keyOf = async (settings: Partial<InaturalistSettings>) =>
      (await sourceOf(settings).plan(wantedOf('dragonfly'), simulated())).queries[0]?.key;
    expect([await keyOf({}), await keyOf({ photoSize: 'small' })]).toEqual(Array(2).fill(await keyOf({})));
    const others = [{ qualityGrade: 'research' }, { captive: 'false' }, { licences: ['CC0-1.0'] }] as const;
    expect(new Set([await keyOf({}), ...(await Promise.all(others.map(keyOf)))]).size).toBe(4);
  });

  it.each<[string, Json | undefined, string | null, string[], string]>([
    ['null', null, null, [], 'iNaturalist does not identify n1 (thing), so it is not searched for'],
    ['no line', undefined, 'vulpes vulpes', ['Vulpes vulpes'], 'has no line in the queries file'],
    ['no line and no scientific name', undefined, null, [], 'neither a line'],
    ['another rank', [{ taxon: 'Branta', rank: 'nonsense' }], null, ['Branta'], 'is not of rank nonsense'],
    ['one taxon twice', [{ taxon: 'Anser' }, { taxon: 'Anser' }], null, ['Anser'], 'in the line of n1 (thing) twice'],
  ])('notes how a class with %s is searched', async (_, ...[entry, scientificName, titles, note]) => {
    const plan = await sourceOf().plan(custom(entry, scientificName), simulated());
    expect(plan.problems).toEqual([]);
    expect(plan.queries.map(({ title }) => title.replace(/ \(.*/, ''))).toEqual(titles);
    expect(plan.notes).toEqual([expect.stringContaining(note)]);
  });

  it.each<[Json, string]>([
    [{ taxon: 'Nonsens', rank: 'genus' }, "named exactly 'Nonsens' of rank genus"],
    [
      { taxon: 'Aix', annotation: { term: 'Sex', value: 'Both' } },
      "'Sex: Both' at iNaturalist but its values are Female,",
    ],
    [
      { taxon: 'Aix', annotation: { term: 'Size', value: 'S' } },
      "'Size: S' at iNaturalist but its terms are Life Stage,",
    ],
    [{ rank: 'genus' }, 'Expected {taxon, rank, ...} ('],
    ['Anser', '"Anser"'],
  ])('reports %j, and searches for the other taxa of the line', async (odd, problem) => {
    const plan = await sourceOf().plan(custom([odd, { taxon: 'Anser', rank: 'genus' }]), simulated());
    expect(plan.queries).toHaveLength(1);
    expect(plan.problems).toEqual([expect.stringContaining(problem)]);
  });

  it.each<[string, Script]>([
    ['present', '{"results":[{"id":12,"label":"Flowers and Fruits","values":[{"id":13,"label":"Flowers"}]}]}'],
    ['former', '{"results":[{"id":12,"label":"Plant Phenology","values":[{"id":13,"label":"Flowering"}]}]}'],
    ['absent', { status: 404, body: '{"error":"Not Found","status":404}' }],
  ])('finds annotations by their %s labels', async (_, terms) => {
    const taxon = { id: 7, name: 'Brassica', rank: 'genus', is_active: true, ancestor_ids: [7] };
    const api = scripted([JSON.stringify({ results: [taxon] }), terms]);
    const annotation = { term: 'flowers and fruits', value: 'Flowering' };
    const { queries: planned } = await sourceOf().plan(custom([{ taxon: 'Brassica', rank: 'genus', annotation }]), api);
    expect(planned[0]?.params).toMatchObject({ search: { taxon_id: '7', term_id: '12', term_value_id: '13' } });
  });

  it('passes on a failure of the site, and asks again the next time', async () => {
    const source = sourceOf();
    const down = scripted([{ status: 503, body: 'down' }]);
    await expect(source.plan(custom([{ taxon: 'Anser' }]), down)).rejects.toMatchObject({ name: 'RetryLater' });
    expect((await source.plan(custom([{ taxon: 'Anser' }]), simulated())).queries).toHaveLength(1);
  });

  it('searches for no photos if none can have an allowed licence', async () => {
    const plan = await sourceOf({ licences: ['CC-BY-2.0'] }).plan(wantedOf('goose'), simulated());
    expect(plan).toMatchObject({
      queries: [],
      notes: [expect.stringContaining('no photo at iNaturalist has a licence')],
    });
  });
});

describe('a page of observations', () => {
  const query = { key: 'x', title: 'x', params: { wnid: 'n1', search: { taxon_id: '5' } } };
  const page = (ids: readonly number[], more: object = {}): string =>
    JSON.stringify({ total_results: 999, per_page: 2, results: ids.map((id) => ({ id })), ...more });

  it('is requested in the order of the ids, with what the query was planned with', async () => {
    const settings = { qualityGrade: 'research', captive: 'false', licences: ['CC0-1.0', 'CC-BY-4.0'] } as const;
    const source = sourceOf(settings);
    const [planned] = (await source.plan(wantedOf('dragonfly'), simulated())).queries;
    const api = scripted([page([6])]);
    await source.nextPage({ ...(planned ?? query), since: '2020-01-01' }, 5, api);
    expect(Object.fromEntries(new URL(api.requests[0]?.url ?? '').searchParams)).toEqual({
      taxon_id: expect.stringMatching(/^\d+$/),
      without_taxon_id: expect.stringMatching(/^\d+$/),
      photos: 'true',
      quality_grade: 'research',
      captive: 'false',
      photo_license: 'cc0,cc-by',
      order_by: 'id',
      order: 'asc',
      created_d1: '2020-01-01',
      id_above: '5',
      per_page: '200',
    });
  });

  it.each<[string, number | null]>([
    [page([6, 7]), 7],
    [page([6]), 6],
    [page([6], { total_results: 1 }), null],
    [page([6], { total_results: null }), null],
    [page([6], { total_results: 'many', per_page: null }), null],
    [page([]), null],
  ])('continues after %s at %j', async (body, next) => {
    expect(await sourceOf().nextPage(query, 5, scripted([body]))).toMatchObject({ next, total: null });
  });

  it('states the total if it is the first one', async () => {
    expect(await sourceOf().nextPage(query, null, scripted([page([6])]))).toMatchObject({ total: 999 });
  });

  it.each([[[9, 8]], [[5, 6]], [[4]], [[7, 7]], [[null]]])(
    'is refused if its ids do not ascend from 5: %j',
    async (ids) => {
      const body = page(ids as number[], { total_results: 9, per_page: 1 });
      expect(await outcomeOf(sourceOf().nextPage(query, 5, scripted([body])))).toMatch(/^RetryLater inaturalist-/);
    },
  );
});

describe('an answer of iNaturalist', () => {
  const schema = z.object({ results: z.array(z.unknown()) });
  const window = 'Result window is too large, page x size must be less than or equal to [10000].';

  function read(response: Partial<ApiResponse>): unknown {
    const whole = { status: 200, headers: {}, body: '', url: 'https://x.test/v1/taxa', ...response };
    try {
      return readAnswer(whole, schema, { nowMs: NOW_MS, what: 'taxa' });
    } catch (error) {
      return error;
    }
  }

  it.each<[string, Partial<ApiResponse>]>([
    ...[
      { status: 429, body: '<h1>429</h1>' },
      { status: 500, body: '{"error":"Error","status":500}' },
      { status: 502, body: '<html>Bad gateway</html>' },
      { status: 408 },
      ...['', 'null', '{"results":', '{"results":{}}', '[]', '{}', '"results"', 'Bad Gateway'].map((body) => ({
        body,
      })),
    ].map((response): [string, Partial<ApiResponse>] => ['RetryLater', response]),
    ...[
      { status: 403, body: '<html>Your IP is blocked</html>' },
      { status: 403, body: '{"error":"Forbidden","status":403}' },
      { status: 401, body: '{"error":"Unauthorized","status":401}' },
      { status: 418, body: 'no' },
      { status: 404, body: '<html>Not an API</html>' },
      { status: 302 },
      { body: '<!doctype html><title>Just a moment...</title>' },
    ].map((response): [string, Partial<ApiResponse>] => ['SourceBlocked', response]),
    ...[
      { status: 422, body: '{"error":"Unknown taxon_id 5","status":422}' },
      { status: 404, body: '{"error":"Not Found","status":404}' },
      { body: '{"status":"422","errors":[{"errorCode":"422","message":"no"}]}' },
      // The end of the result window comes with a 403, but it is no ban.
      { status: 403, body: JSON.stringify({ error: window, status: 403 }) },
      { status: 403, body: JSON.stringify({ errors: [{ errorCode: '403', message: window }], status: '403' }) },
    ].map((response): [string, Partial<ApiResponse>] => ['GiveUpOnItem', response]),
  ])('means %s: %j', (name, response) => {
    expect(read(response)).toMatchObject({ name });
  });

  it('asks to wait by Retry-After', () => {
    for (const status of [429, 503])
      expect(read({ status, headers: { 'retry-after': '90' } })).toMatchObject({ retryAfterMs: 90_000 });
  });
});

describe('readObservations', () => {
  const context = { wnid: 'n02268443', size: 'large', idAbove: 40 } as const;
  const url = 'https://static.inaturalist.org/photos/7/square.jpg';
  const photo = { id: 7, license_code: 'cc-by', url, attribution: '' };
  const user = { login: 'ada', name: 'Ada Example' };
  const photosOf = (observation: object) =>
    readObservations([{ id: 41, photos: [photo], ...observation }], context).photos;
  const flagged = (flag: string, resolved = false) => [{ flag, resolved }];

  it('makes a candidate of each photo, with the page of its observation and the class', () => {
    const results = [null, { id: 41, photos: [photo, { ...photo, id: 8 }] }, { id: 43 }, 'x'];
    const { photos, ids } = readObservations(results, context);
    expect(ids).toEqual([41, 43]);
    const pageUrl = 'https://www.inaturalist.org/observations/41';
    expect(photos.filter(({ problem }) => problem === null)).toMatchObject([
      { source: 'inaturalist', sourceId: '7', label: 'n02268443', pageUrl },
      { source: 'inaturalist', sourceId: '8', label: 'n02268443', pageUrl },
    ]);
    const odd = photos.filter(({ problem }) => problem !== null);
    expect(odd.map(({ sourceId }) => sourceId)).toEqual(['result-0-above-40', 'result-3-above-40']);
  });

  it.each<[string, object, object]>([
    ['only an id and address', { photos: [{ id: 7, url }] }, { licence: 'unknown', licenceUrl: null, creator: null }],
    [
      'keys of another type',
      {
        user: 'me',
        spam: 0,
        flags: {},
        photos: [{ ...photo, attribution: 5, license_code: {}, flags: 'none', hidden: 'no' }],
      },
      { licence: 'unknown', creator: null },
    ],
    [
      'dates',
      { photos: [photo], observed_on: '2019-05-01', created_at: '2019-05-02T10:00:00-07:00' },
      { takenAt: '2019-05-01', uploadedAt: '2019-05-02' },
    ],
    [
      'an attribution without a name',
      { user, photos: [{ ...photo, attribution: 'no rights reserved' }] },
      { creator: 'Ada Example' },
    ],
    [
      'a name of its own',
      { user, photos: [{ ...photo, attribution_name: 'Own', attribution: '(c) Ann, x' }] },
      { creator: 'Own' },
    ],
    ['an observer without a name', { user: { ...user, name: ' ' } }, { creator: 'ada' }],
    [
      'resolved flags',
      { flags: flagged('spam', true), photos: [{ ...photo, flags: flagged('artificially generated content', true) }] },
      {},
    ],
    [
      'texts that cannot be stored',
      { photos: [{ ...photo, attribution: '(c) A\0\ud800B, all rights reserved', license_code: 'odd\0' }] },
      { creator: 'A\u{FFFD}\u{FFFD}B', licence: 'odd\u{FFFD}' },
    ],
  ])('accepts a photo with %s', (_, observation, expected) => {
    expect(photosOf(observation)).toMatchObject([{ problem: null, ...expected }]);
  });

  it.each<[object, string, string]>([
    [{ spam: true }, 'taken-down', 'spam'],
    [{ flags: flagged('spam') }, 'taken-down', 'flagged at iNaturalist: spam'],
    [{ photos: [{ ...photo, hidden: true }] }, 'taken-down', 'hidden by a moderator'],
    [{ photos: [{ ...photo, flags: flagged('copyright infringement') }] }, 'taken-down', 'copyright infringement'],
    [{ photos: [{ ...photo, flags: ['?'] }] }, 'taken-down', 'without a reason'],
    [{ photos: [{ ...photo, url: '/assets/copyright-infringement-square.png' }] }, 'taken-down', 'withdrawn'],
    [{ photos: [{ ...photo, flags: flagged('artificially generated content') }] }, 'ai-generated', ''],
    [
      { photos: [{ ...photo, hidden: true, url: '/assets/artificially-generated-content-square.png' }] },
      'ai-generated',
      '',
    ],
    [{ flags: [{ flag: 'spam' }, ...flagged('Artificially Generated Content')] }, 'ai-generated', ''],
    [{ photos: [{ id: 7 }] }, 'unreadable', "received ''"],
    [{ photos: [{ id: 7, url: 'https://example.org/picture' }] }, 'unreadable', 'https://example.org/picture'],
    [{ photos: [{ url }] }, 'unreadable', 'no photo'],
    [{ photos: ['?'] }, 'unreadable', 'no photo'],
    [{ photos: 5 }, 'unreadable', 'no observation'],
    [{ id: '41' }, 'unreadable', 'no observation'],
  ])('refuses %j as %s', (observation, reason, detail) => {
    const state = reason === 'unreadable' ? 'failed' : 'dropped';
    expect(photosOf(observation)).toMatchObject([
      { problem: { state, reason, detail: expect.stringContaining(detail) } },
    ]);
  });

  it.each([
    [
      'https://static.inaturalist.org/photos/1/square.jpg?1598551272',
      'https://static.inaturalist.org/photos/1/large.jpg',
    ],
    ['https://bucket.s3.amazonaws.com/photos/2/medium.JPG#x', 'https://bucket.s3.amazonaws.com/photos/2/large.JPG'],
    [
      'http://127.0.0.1:8080/photos/square/3/original.png?x=square.png',
      'http://127.0.0.1:8080/photos/square/3/large.png',
    ],
    ['square.jpg', null],
    ['https://www.inaturalist.org/assets/x-square.png', null],
    ['https://x.test/photos/1/square', null],
    ['file:///photos/1/square.jpg', null],
  ] as const)('replaces the size of %s: %s', (given, expected) => {
    expect(photoUrl(given, 'large')).toBe(expected);
  });

  it.each([
    ['(c) Nicolas Noé, some rights reserved (CC BY)', 'Nicolas Noé'],
    ['(c) Smith, John, Jr., some rights reserved (CC BY-NC)', 'Smith, John, Jr.'],
    ['(c) Joe McKenna, certains droits réservés (CC BY-NC)', 'Joe McKenna'],
    ['© 山田, all rights reserved', '山田'],
    ['Ann Example, no known copyright restrictions (public domain)', 'Ann Example'],
    ['Ann Example, no rights reserved (CC0)', 'Ann Example'],
    ...['no rights reserved', '', '   ', ', all rights reserved', '(c) , all rights reserved', null, undefined].map(
      (nobody) => [nobody, null],
    ),
  ])('reads the creator to credit in %j: %j', (attribution, creator) => {
    expect(creatorOf(attribution)).toBe(creator);
  });

  it.each<[string | null | undefined, string]>([
    ['cc0', 'CC0-1.0'],
    ['CC-BY', 'CC-BY-4.0'],
    ['CC-BY-NC-SA', 'CC-BY-NC-SA-4.0'],
    ['cc-by-nc-nd', 'CC-BY-NC-ND-4.0'],
    ['PD', 'Public-Domain'],
    ['gfdl', 'GFDL'],
    ...[null, '', 'c'].map((odd): [string | null, string] => [odd, 'all-rights-reserved']),
    [undefined, 'unknown'],
    ['something new', 'something new'],
  ])('reads the licence %s as %s', (code, id) => {
    expect(inaturalistLicence(code).id).toBe(id);
  });

  it.each([
    ['any', null],
    [['CC0-1.0', 'cc-by-nc-sa-4.0', 'CC-BY-4.0'], 'cc0,cc-by,cc-by-nc-sa'],
    [['CC0-1.0', 'all-rights-reserved'], null],
    [['CC0-1.0', 'unknown'], null],
    [['CC-BY-4.0', 'Public-Domain'], null],
    [['CC-BY-2.0', 'MIT'], ''],
    [['CC-BY-2.0', 'CC0-1.0'], 'cc0'],
  ] as const)('searches by the licences %j as %j', (allowed, expected) => {
    expect(photoLicenceFilter(allowed)).toBe(expected);
  });
});

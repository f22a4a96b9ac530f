import { readFileSync } from 'node:fs';
import { afterEach, describe, expect, it } from 'vitest';
import { GiveUpOnItem, RetryLater, SourceBlocked } from '../../../../../src/kernel/errors.ts';
import {
  InaturalistSource,
  type InaturalistSettings,
} from '../../../../../src/crawl/sources/inaturalist/inaturalist-source.ts';
import type { Json, PlannedQuery, PlanResult, WantedClass } from '../../../../../src/crawl/sources/network-source.ts';
import type { FoundPhoto } from '../../../../../src/crawl/sources/source.ts';
import type { InaturalistApiOptions } from '../../../../support/sites/inaturalist-api.ts';
import { startInaturalistSite, type InaturalistSite } from '../../../../support/sites/inaturalist-site.ts';
import { readQueriesLines, worldOf, type SiteObservation } from '../../../../support/sites/inaturalist-world.ts';
import { cannedApi, plainApi } from './site-api.ts';

const queriesFile = new URL('../../../../../config/classes/queries-imagenet-a.jsonl', import.meta.url);
const lines = readFileSync(queriesFile, 'utf8')
  .split('\n')
  .filter((line) => line !== '')
  .map((line): { wnid: string; name: string; inaturalist: Json } => JSON.parse(line));
const world = worldOf(readQueriesLines(readFileSync(queriesFile, 'utf8')), { perTaxon: 8 });

let site: InaturalistSite | null = null;
afterEach(async () => {
  await site?.close();
  site = null;
});

async function start(options: Partial<InaturalistApiOptions> = {}): Promise<InaturalistSite> {
  site = await startInaturalistSite({ world, ...options });
  return site;
}

function sourceOf({ url }: { url: string }, settings: Partial<InaturalistSettings> = {}): InaturalistSource {
  return new InaturalistSource({
    url,
    photoSize: 'large',
    qualityGrade: 'any',
    captive: 'any',
    licences: 'any',
    ...settings,
  });
}

function wantedOf(name: string): WantedClass {
  const line = lines.find((one) => one.name === name);
  if (line === undefined) throw new Error(`Expected a line for ${name}`);
  return { wnid: line.wnid, name, scientificName: null, entry: line.inaturalist };
}

function custom(entry: Json | undefined, scientificName: string | null = null): WantedClass {
  return { wnid: 'n1', name: 'thing', scientificName, entry };
}

const api = plainApi();

async function walk(
  source: InaturalistSource,
  query: PlannedQuery,
): Promise<{ photos: FoundPhoto[]; totals: unknown[] }> {
  const photos: FoundPhoto[] = [];
  const totals: unknown[] = [];
  let cursor: Json | null = null;
  do {
    // The query after it was stored and read again.
    const page = await source.nextPage(JSON.parse(JSON.stringify(query)), JSON.parse(JSON.stringify(cursor)), api);
    photos.push(...page.photos);
    totals.push(page.total);
    cursor = page.next;
  } while (cursor !== null);
  return { photos, totals };
}

async function walkAll(source: InaturalistSource, { queries }: PlanResult): Promise<FoundPhoto[]> {
  const photos: FoundPhoto[] = [];
  for (const query of queries) photos.push(...(await walk(source, query)).photos);
  return photos;
}

const lineage = (taxonId: number): string[] => {
  const taxon = world.taxa.find(({ id }) => id === taxonId);
  return taxon === undefined ? [] : [...lineage(taxon.parentId ?? -1), taxon.name];
};

function photoIds(wanted: (observation: SiteObservation, names: readonly string[]) => boolean): string[] {
  return world.observations
    .filter((one) => wanted(one, lineage(one.taxonId)))
    .flatMap(({ photos }) => photos.map(({ id }) => String(id)))
    .toSorted();
}

const sortedIds = (photos: readonly FoundPhoto[]): string[] => photos.map(({ sourceId }) => sourceId).toSorted();

describe('plan', () => {
  it('resolves every line of the 200 classes against a site full of homonyms', async () => {
    const source = sourceOf(await start());
    const planned = new Map<string, PlanResult>();
    for (const { name } of lines) planned.set(name, await source.plan(wantedOf(name), api));
    const problems = [...planned].flatMap(([name, plan]) => plan.problems.map((problem) => `${name}: ${problem}`));
    expect(problems).toEqual([]);
    for (const { name, inaturalist } of lines) {
      const count = Array.isArray(inaturalist) ? inaturalist.length : 0;
      expect([name, planned.get(name)?.queries.length]).toEqual([name, count]);
    }
    const keys = [...planned.values()].flatMap(({ queries }) => queries.map(({ key }) => key));
    expect(keys.length).toBe(166);
    expect(new Set(keys).size).toBe(166);
  });

  it('requests each name once in the life of the source, and never twice at its rank', async () => {
    const { log, ...rest } = await start();
    const source = sourceOf(rest);
    for (const { name } of lines) await source.plan(wantedOf(name), api);
    const asked = log.map(({ path, query }) => `${path} ${query['q']?.toLowerCase()} ${query['rank']}`);
    expect(new Set(asked).size).toBe(asked.length);
    const before = log.length;
    for (const { name } of lines) await source.plan(wantedOf(name), api);
    expect(log).toHaveLength(before);
    // One request for each taxon, one more for each name without a match at its rank, one for each exclusion or ancestor, and
    // one for the terms.
    const names = lines.flatMap(({ inaturalist }) => (Array.isArray(inaturalist) ? inaturalist : []));
    const exclusions = names.flatMap((entry) =>
      (JSON.stringify(entry).match(/"exclude":\[(.*?)\]/)?.[1] ?? '').split(','),
    );
    expect(before).toBeLessThanOrEqual(names.length + exclusions.filter((name) => name !== '').length + 1 + 1 + 8);
  });

  it('gives queries readable titles', async () => {
    const source = sourceOf(await start());
    const titles = async (name: string): Promise<string[]> =>
      (await source.plan(wantedOf(name), api)).queries.map(({ title }) => title.replaceAll(/\d{2,}/g, 'N'));
    expect(await titles('dragonfly')).toEqual(['Anisoptera (suborder, taxon N) without Zygoptera']);
    expect(await titles('monarch')).toEqual(['Danaus plexippus (species, taxon N), Life Stage: Adult']);
    expect(await titles('bison')).toEqual(['Bison bison (species, taxon N)', 'Bison bonasus (species, taxon N)']);
  });

  it('plans the same query again, and another one for other settings', async () => {
    const here = await start();
    const keyOf = async (settings: Partial<InaturalistSettings>): Promise<string | undefined> =>
      (await sourceOf(here, settings).plan(wantedOf('dragonfly'), api)).queries[0]?.key;
    const key = await keyOf({});
    expect(await keyOf({})).toBe(key);
    expect(await keyOf({ photoSize: 'small' })).toBe(key);
    expect(await keyOf({ qualityGrade: 'research' })).not.toBe(key);
    expect(await keyOf({ captive: 'false' })).not.toBe(key);
    expect(await keyOf({ licences: ['CC0-1.0'] })).not.toBe(key);
  });

  it('searches for nothing, with a note, if the site has no such thing', async () => {
    const { log, ...rest } = await start();
    expect(await sourceOf(rest).plan(custom(null), api)).toEqual({
      queries: [],
      problems: [],
      notes: ['iNaturalist does not identify n1 (thing), so it is not searched for'],
    });
    expect(log).toEqual([]);
  });

  it('searches a class without a line by its scientific name', async () => {
    const source = sourceOf(await start());
    const found = await source.plan(custom(undefined, 'vulpes vulpes'), api);
    expect(found.queries.map(({ title }) => title)).toEqual([expect.stringMatching(/^Vulpes vulpes \(species/)]);
    expect(found.notes[0]).toContain('has no line in the queries file');
    const unknown = await source.plan(custom(undefined, 'Persian cat'), api);
    expect(unknown).toMatchObject({ queries: [], problems: [expect.stringContaining("'Persian cat'")] });
    const nameless = await source.plan(custom(undefined), api);
    expect(nameless).toMatchObject({ queries: [], problems: [], notes: [expect.stringContaining('neither a line')] });
  });

  it('uses the other taxa of a line if one does not resolve', async () => {
    const source = sourceOf(await start());
    const plan = await source.plan(
      custom([
        { taxon: 'Anser', rank: 'genus' },
        { taxon: 'Nonsens', rank: 'genus' },
        { taxon: 'Branta', rank: 'nonsense' },
        { taxon: 'Aix', rank: 'genus', annotation: { term: 'Sex', value: 'Both' } },
        { taxon: 'Anas', rank: 'genus', annotation: { term: 'Size', value: 'Large' } },
        { taxon: 'Anser', rank: 'genus' },
        { rank: 'genus' },
        'Anser',
      ]),
      api,
    );
    expect(plan.queries.map(({ title }) => title.replace(/ \(.*/, ''))).toEqual(['Anser', 'Branta']);
    expect(plan.problems).toEqual([
      expect.stringContaining('Expected {taxon, rank, ...} ('),
      expect.stringContaining('"Anser"'),
      expect.stringContaining("named exactly 'Nonsens' of rank genus"),
      expect.stringContaining("'Sex: Both' at iNaturalist but its values are Female, Male; Aix"),
      expect.stringContaining("'Size: Large' at iNaturalist but its terms are Life Stage, Sex,"),
    ]);
    expect(plan.notes).toEqual([
      expect.stringContaining('is not of rank nonsense'),
      expect.stringContaining('in the line of n1 (thing) twice'),
    ]);
  });

  it.each(['current', 'former', 'absent'] as const)('finds annotations by their %s labels', async (terms) => {
    const source = sourceOf(await start({ terms }));
    const { queries, problems } = await source.plan(wantedOf('rapeseed'), api);
    expect(problems).toEqual([]);
    expect(queries[0]?.params).toMatchObject({ search: { term_id: '12', term_value_id: '13' } });
  });

  it('passes on a failure of the site, and asks again the next time', async () => {
    const here = await start();
    const source = sourceOf(here);
    here.mode = 'maintenance';
    await expect(source.plan(wantedOf('monarch'), api)).rejects.toBeInstanceOf(RetryLater);
    here.mode = 'blocked';
    await expect(source.plan(wantedOf('monarch'), api)).rejects.toBeInstanceOf(SourceBlocked);
    here.mode = 'normal';
    expect((await source.plan(wantedOf('monarch'), api)).queries).toHaveLength(1);
  });

  it('searches for no photos if none can have an allowed licence', async () => {
    const plan = await sourceOf(await start(), { licences: ['CC-BY-2.0'] }).plan(wantedOf('goose'), api);
    expect(plan).toMatchObject({
      queries: [],
      notes: [expect.stringContaining('no photo at iNaturalist has a licence')],
    });
  });
});

describe('nextPage', () => {
  it('returns exactly the photos of the class: none of excluded taxa, none without the annotation', async () => {
    const source = sourceOf(await start());
    const dragonflies = await walkAll(source, await source.plan(wantedOf('dragonfly'), api));
    expect(sortedIds(dragonflies)).toEqual(
      photoIds((_, names) => names.includes('Anisoptera') && !names.includes('Zygoptera')),
    );
    const crabs = await walkAll(source, await source.plan(wantedOf('hermit crab'), api));
    expect(sortedIds(crabs)).toEqual(
      photoIds(
        (_, names) => names.includes('Paguroidea') && !names.includes('Lithodidae') && !names.includes('Birgus latro'),
      ),
    );
    const adults = await walkAll(source, await source.plan(wantedOf('ladybug'), api));
    expect(sortedIds(adults)).toEqual(
      photoIds(
        ({ annotations }, names) => names.includes('Coccinellidae') && annotations.some(({ valueId }) => valueId === 2),
      ),
    );
    expect(adults.length).toBeGreaterThan(5);
  });

  it('reads across page borders without loss or repetition, and reports the total once', async () => {
    const many = worldOf(readQueriesLines(readFileSync(queriesFile, 'utf8')).slice(2, 3), { perTaxon: 250 });
    const here = await startInaturalistSite({ world: many });
    try {
      const source = sourceOf(here);
      const { queries } = await source.plan(wantedOf('junco'), api);
      const [query] = queries;
      if (query === undefined) throw new Error('Expected a query');
      const { photos, totals } = await walk(source, query);
      const wanted = many.observations.filter(({ taxonId, photos: own }) => own.length > 0 && taxonId !== juncus(many));
      expect(photos.map(({ sourceId }) => Number(sourceId))).toEqual(
        wanted.flatMap((one) => one.photos.map(({ id }) => id)),
      );
      expect(wanted.length).toBe(400);
      // A full page never counts as the last one, so an empty page follows two full ones.
      expect(totals).toEqual([400, null, null]);
      const pages = here.log.filter(({ path }) => path === '/v1/observations');
      expect(pages.map(({ query: sent }) => [sent['per_page'], sent['order_by'], sent['order']])).toEqual(
        pages.map(() => ['200', 'id', 'asc']),
      );
    } finally {
      await here.close();
    }
  });

  it('loses nothing if the site makes pages smaller than requested', async () => {
    const source = sourceOf(await start({ maxPerPage: 7, epochs: true }));
    const photos = await walkAll(source, await source.plan(wantedOf('koala'), api));
    expect(sortedIds(photos)).toEqual(photoIds((_, names) => names.includes('Phascolarctos cinereus')));
    expect(photos.every(({ url }) => /\/photos\/\d+\/large\.(?:jpe?g|png)$/i.test(url))).toBe(true);
  });

  it('sends the settings', async () => {
    const settings = { qualityGrade: 'research', captive: 'false', licences: ['CC0-1.0', 'CC-BY-4.0'] } as const;
    const source = sourceOf(await start(), settings);
    const photos = await walkAll(source, await source.plan(wantedOf('koala'), api));
    const passes = (one: SiteObservation): boolean =>
      one.qualityGrade === 'research' &&
      !one.captive &&
      one.photos.some(({ licence }) => licence === 'cc0' || licence === 'cc-by');
    expect(sortedIds(photos)).toEqual(
      photoIds((one, names) => names.includes('Phascolarctos cinereus') && passes(one)),
    );
    // An observation needs one such photo. Its other photos keep their own licences and are refused one by one.
    expect(new Set(photos.map(({ licence }) => licence)).size).toBeGreaterThan(1);
  });

  it('returns addresses that the site serves', async () => {
    const source = sourceOf(await start(), { photoSize: 'medium' });
    const [first] = await walkAll(source, await source.plan(wantedOf('koala'), api));
    const response = await fetch(first?.url ?? '');
    expect([response.status, first?.url.includes('/medium.')]).toEqual([200, true]);
    const bytes = Buffer.from(await response.arrayBuffer());
    expect(bytes.subarray(0, 3).toString('hex')).toBe('ffd8ff');
  });

  it.each([
    ['maintenance', RetryLater],
    ['blocked', SourceBlocked],
    ['garbage', RetryLater],
  ] as const)('tells what a site in mode %s means', async (mode, expected) => {
    const here = await start();
    const source = sourceOf(here);
    const [query] = (await source.plan(wantedOf('koala'), api)).queries;
    here.mode = mode;
    await expect(source.nextPage(query as PlannedQuery, null, api)).rejects.toBeInstanceOf(expected);
  });

  it.each(['seconds', 'date'] as const)('waits as long as a 429 with Retry-After in %s says', async (form) => {
    const here = await start({ rate: { requests: 1, windowMs: 60_000 }, retryAfter: { form, seconds: 30 } });
    const source = sourceOf(here);
    const [query] = (await source.plan(custom([{ taxon: 'Anser', rank: 'genus' }]), api)).queries;
    const error = await source.nextPage(query as PlannedQuery, null, api).catch((error_: unknown) => error_);
    expect(error).toBeInstanceOf(RetryLater);
    const { retryAfterMs } = error as RetryLater;
    expect(retryAfterMs).toBeGreaterThan(28_000);
    expect(retryAfterMs).toBeLessThanOrEqual(30_000);
  });

  it("distinguishes the site's result window from a block", async () => {
    const here = await start();
    const params = { wnid: 'n1', search: { page: '51' } };
    const error = await sourceOf(here)
      .nextPage({ key: 'x', title: 'x', params }, null, api)
      .catch((error_: unknown) => error_);
    expect(error).toBeInstanceOf(GiveUpOnItem);
    expect(error).toMatchObject({ code: 'inaturalist-result-window' });
  });

  const page = (ids: readonly number[], more: object = {}): { body: string } => ({
    body: JSON.stringify({ total_results: 999, per_page: 2, results: ids.map((id) => ({ id })), ...more }),
  });
  const query = { key: 'x', title: 'x', params: { wnid: 'n1', search: { taxon_id: '5' } } };

  it.each([[[9, 8]], [[5, 6]], [[4]], [[7, 7]]])(
    'refuses a page whose ids are not in order above 5: %j',
    async (ids) => {
      const canned = cannedApi(() => page(ids));
      await expect(sourceOf({ url: 'https://x.test/v1/' }).nextPage(query, 5, canned)).rejects.toBeInstanceOf(
        RetryLater,
      );
      expect(canned.asked[0]?.url).toMatch(/^https:\/\/x\.test\/v1\/observations\?taxon_id=5&/);
    },
  );

  it.each([
    [page([6, 7]), 7],
    [page([6]), 6],
    [page([6], { total_results: 1 }), null],
    [page([6], { total_results: null }), null],
    [page([6], { total_results: 'many', per_page: null }), null],
    [page([]), null],
    [page([], { total_results: 0 }), null],
  ])('continues after %j at %j', async (answer, next) => {
    const source = sourceOf({ url: 'https://x.test/v1' });
    expect(
      await source.nextPage(
        query,
        5,
        cannedApi(() => answer),
      ),
    ).toMatchObject({ next, total: null });
  });

  it('retries later for a page without a single id, instead of looping', async () => {
    const canned = cannedApi(() => ({ body: '{"total_results":9,"per_page":1,"results":[{}]}' }));
    await expect(sourceOf({ url: 'https://x.test' }).nextPage(query, 5, canned)).rejects.toBeInstanceOf(RetryLater);
  });
});

function juncus({ taxa }: typeof world): number | undefined {
  return taxa.find(({ name }) => name === 'Juncus effusus')?.id;
}

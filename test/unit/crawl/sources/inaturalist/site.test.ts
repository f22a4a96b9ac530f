import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { startInaturalistSite, type InaturalistSite } from '../../../../support/sites/inaturalist-site.ts';
import { worldOf } from '../../../../support/sites/inaturalist-world.ts';

const lines = [
  {
    wnid: 'n1',
    name: 'junco',
    inaturalist: [{ taxon: 'Junco', rank: 'genus', exclude: ['Junco vulcani'], synonyms: [] }],
  },
];
const world = worldOf(lines, { perTaxon: 120 });
const ids = world.observations.map(({ id }) => id);

interface Answer {
  readonly status: number;
  readonly total_results: number;
  readonly per_page: number;
  readonly results: { readonly id: number; readonly name: string; readonly taxon: { readonly name: string } }[];
}

let site: InaturalistSite;
beforeAll(async () => {
  site = await startInaturalistSite({ world });
});
afterAll(() => site.close());

async function get(path: string): Promise<Answer> {
  const response = await fetch(`${site.url}/${path}`);
  const body: Omit<Answer, 'status'> = JSON.parse(await response.text());
  return { ...body, status: response.status };
}

const idsOf = ({ results }: Answer): number[] => results.map(({ id }) => id);

describe('the local iNaturalist', () => {
  it('returns 30 observations by default, and never more than 200', async () => {
    expect((await get('observations')).results).toHaveLength(30);
    const answer = await get('observations?per_page=500');
    expect([answer.per_page, answer.results.length]).toEqual([200, 200]);
    expect(await get('observations?per_page=0')).toMatchObject({ total_results: ids.length, results: [] });
  });

  it('sorts by creation, newest first, unless ids are requested', async () => {
    const byCreation = idsOf(await get('observations?per_page=200'));
    expect(byCreation).not.toEqual(byCreation.toSorted((a, b) => a - b));
    expect(byCreation).not.toEqual(byCreation.toSorted((a, b) => b - a));
    expect(idsOf(await get('observations?per_page=200&order_by=id&order=asc'))).toEqual(ids.slice(0, 200));
    expect(idsOf(await get('observations?per_page=5&order_by=id'))).toEqual(ids.slice(-5).toReversed());
  });

  it('counts only ids above id_above, and excludes the bounds', async () => {
    const [, , third = 0, , fifth = 0] = ids;
    const answer = await get(`observations?order_by=id&order=asc&id_above=${third}&id_below=${fifth}`);
    expect([answer.total_results, idsOf(answer)]).toEqual([1, [ids[3]]]);
  });

  it('ends pages at the result window with a 403 in JSON', async () => {
    expect((await get('observations?per_page=200&page=50')).status).toBe(200);
    expect(await get('observations?per_page=200&page=51')).toMatchObject({
      status: 403,
      error: expect.stringContaining('Result window is too large'),
    });
  });

  it('finds by taxon_name all taxa with such a name in any language, and by taxon_id one taxon and its descendants', async () => {
    const byName = await get('observations?per_page=200&taxon_name=junco&order_by=id&order=asc&id_above=1900');
    expect(new Set(byName.results.map(({ taxon }) => taxon.name))).toContain('Juncus effusus');
    const junco = world.taxa.find(({ name, isActive }) => name === 'Junco' && isActive);
    const byId = await get(`observations?per_page=200&taxon_id=${junco?.id}`);
    expect(byId.results.every(({ taxon }) => taxon.name.startsWith('Junco'))).toBe(true);
    expect(byId.total_results).toBe(360);
  });

  it('searches taxa by the beginnings of words, and only active ones by default', async () => {
    const names = ({ results }: Answer): string[] => results.map(({ name }) => name).toSorted();
    expect(names(await get('taxa?q=jun'))).toEqual(['Junco', 'Junco vulcani', 'Junco winnowensis', 'Juncus effusus']);
    expect(names(await get('taxa?q=junco&rank=genus'))).toEqual(['Junco']);
    expect(names(await get('taxa?q=junco&rank=genus&is_active=any'))).toEqual(['Junco', 'Junco']);
    expect((await get('taxa?q=junco&rank=family-like')).status).toBe(422);
    expect(idsOf(await get('taxa/1,48460'))).toEqual([1, 48460]);
    expect((await get(`taxa/${Array.from({ length: 31 }, (_, i) => i + 1).join()}`)).status).toBe(422);
  });

  it('disallows its API in robots.txt and has no rules for its photos', async () => {
    const robots = async (url: string): Promise<string> => {
      const response = await fetch(new URL('/robots.txt', url));
      return `${response.status} ${(await response.text()).replaceAll('\n', '|')}`;
    };
    expect(await robots(site.url)).toBe('200 User-agent: *|Disallow: /|');
    expect(await robots(site.mediaUrl)).toMatch(/^404/);
  });

  it('serves different bytes for each photo, under its own extension only', async () => {
    const photos = world.observations.flatMap((one) => one.photos).slice(0, 2);
    const [first, second] = await Promise.all(
      photos.map(async ({ id, extension }) => {
        const response = await fetch(`${site.mediaUrl}/photos/${id}/large.${extension}`);
        return Buffer.from(await response.arrayBuffer()).toString('hex');
      }),
    );
    expect(first).toMatch(/^ffd8ff/);
    expect(second).toMatch(/^ffd8ff/);
    expect(first).not.toBe(second);
    expect((await fetch(`${site.mediaUrl}/photos/${photos[0]?.id}/large.gif`)).status).toBe(404);
  });

  it('keeps a log of both servers', () => {
    const servers = new Set(site.log.map(({ server, status }) => `${server} ${status}`));
    expect(servers).toEqual(new Set(['api 200', 'api 403', 'api 422', 'media 200', 'media 404']));
    expect(site.log.every(({ atMs }, i) => atMs >= (site.log[i - 1]?.atMs ?? 0))).toBe(true);
  });
});

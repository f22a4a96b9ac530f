import { readFileSync } from 'node:fs';
import path from 'node:path';
import { describe, expect, it } from 'vitest';
import { flickrSource } from '../../../../../src/crawl/sources/flickr/flickr.ts';
import type { Json } from '../../../../../src/crawl/sources/network-source.ts';
import { repositoryRoot } from '../../../../support/winnow.ts';
import { NOW_MS, scripted, SETTINGS } from './support.ts';

const plan = (entry: Json | undefined, licences: 'any' | readonly string[] = 'any') =>
  flickrSource({ ...SETTINGS, licences }).plan(
    { wnid: 'n01498041', name: 'stingray', scientificName: 'Dasyatidae', entry },
    scripted(),
  );

function readQueries(): { flickr: Json }[] {
  const file = path.join(repositoryRoot, 'config/classes/queries-imagenet-a.jsonl');
  return readFileSync(file, 'utf8')
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line));
}

describe('planning a class on Flickr', () => {
  it('plans a query for each search without a request', async () => {
    const result = await plan([
      { text: 'stingray -car', tags: ['stingray', 'dasyatidae'] },
      { text: 'ray' },
      { tags: ['a'] },
    ]);
    expect(result).toMatchObject({ problems: [], notes: [] });
    expect(result.queries.map(({ title }) => title)).toEqual([
      '"stingray -car" tagged stingray or dasyatidae',
      '"ray"',
      'tagged a',
    ]);
    expect(result.queries[0]?.params).toEqual({
      wnid: 'n01498041',
      text: 'stingray -car',
      tags: ['stingray', 'dasyatidae'],
      licences: null,
      until: Math.floor(NOW_MS / 1000),
    });
  });

  it('accepts every line of the queries that come with winnow', async () => {
    for (const { flickr } of readQueries()) {
      expect(await plan(flickr)).toMatchObject({ problems: [], notes: [] });
    }
  });

  it('searches by name, with a note, for a class without a line', async () => {
    const { queries, notes } = await plan(undefined);
    expect(queries.map(({ title }) => title)).toEqual(['"stingray"']);
    expect(notes).toEqual(['n01498041 (stingray) has no line for flickr in the queries file: searched by its name']);
  });

  it.each([[null], [[]]])('searches for nothing, with a note, if the line says %j', async (entry) => {
    expect(await plan(entry)).toMatchObject({ queries: [], problems: [], notes: [expect.stringContaining('flickr')] });
  });

  it.each<[string, Json]>([
    ['a text', 'stingray'],
    ['an empty search', [{}]],
    ['a blank', [{ text: ' ', tags: [] }]],
    ['an unknown key', [{ text: 'x', tag: ['y'] }]],
    ['an empty tag', [{ text: 'x', tags: [''] }]],
    ['a number', [7]],
  ])('reports %s as a problem, with the class and the value', async (_, entry) => {
    const { queries, problems } = await plan(entry);
    expect(queries).toEqual([]);
    expect(problems).toEqual([expect.stringContaining('n01498041 (stingray)')]);
    expect(problems[0]).toContain(`received ${JSON.stringify(Array.isArray(entry) ? entry[0] : entry)}`);
  });

  it('uses the valid searches if others are not valid', async () => {
    const { queries, problems } = await plan([7, { text: 'ray' }, { text: 'ray', tags: [] }]);
    expect([queries.length, problems.length]).toEqual([1, 1]);
  });

  it('plans the same query again, and another one for other licences', async () => {
    const keyOf = async (licences: 'any' | string[]) => (await plan([{ text: 'ray' }], licences)).queries[0]?.key;
    expect(await keyOf('any')).toBe(await keyOf('any'));
    expect(await keyOf(['CC0-1.0'])).not.toBe(await keyOf('any'));
    expect(await keyOf(['CC0-1.0', 'MIT'])).toBe(await keyOf(['cc0-1.0']));
  });

  it('searches for nothing, with a note, if Flickr has no allowed licence', async () => {
    expect(await plan([{ text: 'ray' }], ['MIT'])).toMatchObject({
      queries: [],
      problems: [],
      notes: [expect.stringContaining('licence')],
    });
  });
});

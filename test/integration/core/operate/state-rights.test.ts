import { beforeEach, describe, expect, it } from 'vitest';
import { withStatedRights } from '../../../../src/core/crawl/candidates/stated-rights.ts';
import { normaliseLicence } from '../../../../src/core/collection/licence.ts';
import { tallyProblems } from '../../../../src/core/crawl/candidates/tally.repository.ts';
import type { DecisionScope } from '../../../../src/core/models/workspace/scope.ts';
import { stateRights, type RightsStated } from '../../../../src/core/operate/upkeep/state-rights.repository.ts';
import { candidate, collection, emptyCatalogue, store } from '../../../support/catalogue-fixtures.ts';
import { useDatabase } from '../../../support/database.ts';

const database = useDatabase();
let scope: DecisionScope;

const folder = [
  candidate('jay/1.jpg@a'),
  candidate('jay/2_0.jpg@b', { creator: 'Ben' }),
  candidate('kite/3.jpg@c', { wnid: 'n02', licence: 'CC0-1.0' }),
  candidate('4', { source: 'duckduckgo', url: 'https://a.example/4.jpg' }),
];

beforeEach(async () => {
  await emptyCatalogue(database.db);
  scope = await collection(database.db, 'birds');
  await store(database.db, folder);
});

const state = (licence: string, more: { creator?: string; sourceId?: string } = {}): Promise<RightsStated> =>
  stateRights(database.db, scope, {
    licence: normaliseLicence(licence),
    creator: more.creator ?? null,
    wnids: null,
    sourceId: more.sourceId ?? '*',
  });

async function rights(): Promise<Record<string, unknown>> {
  const rows = await database.db.selectFrom('picture').selectAll().execute();
  return Object.fromEntries(
    rows.map((row) => [
      row.source_id.replace(/@.*/, ''),
      [row.licence, row.creator, row.rights_by, row.source_creator],
    ]),
  );
}

describe('stating rights', () => {
  it('sets them for photos of a folder that have no licence, apart from what the source says', async () => {
    expect(await state('CC-BY-4.0', { creator: 'Ana' })).toEqual({
      changed: 2,
      replaced: 0,
      unchanged: 0,
      statedBySource: 1,
      fromSites: 1,
    });
    const stated = {
      'jay/1.jpg': ['CC-BY-4.0', 'Ana', 'curator', null],
      'jay/2_0.jpg': ['CC-BY-4.0', 'Ben', 'curator', 'Ben'],
      'kite/3.jpg': ['CC0-1.0', null, 'source', null],
      '4': ['unknown', null, 'source', null],
    };
    expect(await rights()).toEqual(stated);
    expect(await state('CC-BY-4.0', { creator: 'Ana' })).toMatchObject({ changed: 0, unchanged: 2 });
    await store(database.db, folder);
    expect(await rights()).toEqual(stated);
    expect(await tallyProblems(database.db)).toEqual([]);
  });

  it('takes a pattern of ids, in which only * and ? stand for other characters', async () => {
    expect(await state('CC0-1.0', { sourceId: 'jay/?_*' })).toMatchObject({ changed: 1, statedBySource: 0 });
    expect(await state('CC-BY-4.0')).toMatchObject({ changed: 2, replaced: 1 });
    expect(await state('CC0-1.0', { sourceId: 'jay/2%' })).toMatchObject({ changed: 0, unchanged: 0 });
  });

  it('gives the source the last word if it states a licence later', async () => {
    await state('CC-BY-4.0', { creator: 'Ana' });
    await store(database.db, [candidate('jay/1.jpg@a', { licence: 'CC0-1.0' })]);
    expect((await rights())['jay/1.jpg']).toEqual(['CC0-1.0', null, 'source', null]);
  });

  it('is taken back with the licence unknown', async () => {
    const before = await rights();
    await state('CC-BY-4.0', { creator: 'Ana' });
    expect(await state('unknown')).toMatchObject({ changed: 2 });
    expect(await rights()).toEqual(before);
  });

  it('lets the next crawl fetch photos that the collection refused because they had no licence', async () => {
    const narrow = { ...scope, licences: ['CC-BY-4.0'] };
    const refusal = { reason: 'licence-not-allowed', detail: 'unknown' } as const;
    const refused = candidate('jay/5.jpg@e', { refusal });
    await store(database.db, [refused]);
    const asked = { licence: normaliseLicence('CC-BY-4.0'), creator: null, wnids: null, sourceId: 'jay/5*' };
    await stateRights(database.db, narrow, asked);
    expect((await store(database.db, [refused])).waiting).toHaveLength(1);
  });
});

describe('a crawl of a folder whose rights the curator states', () => {
  it('stores them with new photos, and with known ones that have no licence', async () => {
    const stated = { licence: 'CC-BY-SA-4.0', creator: 'Cleo' };
    await state('CC-BY-4.0', { creator: 'Ana', sourceId: 'jay/1*' });
    const label = 'jay';
    const page = [...folder, candidate('jay/9.jpg@i')].map(({ wnid, refusal, queryId, ...found }) => {
      return { wnid, refusal, queryId, ...withStatedRights({ ...found, label }, stated) };
    });
    await store(database.db, page);
    expect(await rights()).toMatchObject({
      'jay/1.jpg': ['CC-BY-4.0', 'Ana', 'curator', null],
      'jay/2_0.jpg': ['CC-BY-SA-4.0', 'Ben', 'curator', 'Ben'],
      'kite/3.jpg': ['CC0-1.0', null, 'source', null],
      'jay/9.jpg': ['CC-BY-SA-4.0', 'Cleo', 'curator', null],
    });
  });
});

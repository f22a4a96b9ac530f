import { beforeAll, describe, expect, it } from 'vitest';
import { loadConfig } from '../../../../src/core/config/load-config.ts';
import { holdsOf } from '../../../../src/core/filter/prune/retention.repository.ts';
import type { DecisionScope } from '../../../../src/core/models/workspace/scope.ts';
import { importVerdicts } from '../../../../src/core/review/import/import.process.ts';
import { readAcceptance } from '../../../../src/core/review/acceptance/read-acceptance.process.ts';
import { buildShortlist } from '../../../../src/core/shortlist/make-shortlist.process.ts';
import { countVerdicts } from '../../../../src/core/status/funnel.repository.ts';
import { countOpenControls, notCounting } from '../../../../src/core/status/not-counting.repository.ts';
import {
  candidate,
  collection,
  decideAs,
  dropped,
  expectTally,
  fetched,
  kept,
} from '../../../support/catalogue-fixtures.ts';
import { useDatabase } from '../../../support/database.ts';
import { toSha256 } from '../../../../src/core/kernel/ids.ts';
import { sha256Of } from '../../../support/sha256.ts';

const database = useDatabase();
const ids = new Map<string, number>();
let scope: DecisionScope;

beforeAll(async () => {
  scope = await collection(database.db, 'compared');
  for (const name of 'abcdefgh') ids.set(name, await fetched(database.db, [candidate(name)], name));
  const decided = [...ids].map(([name, id]) =>
    name < 'c' ? kept(id, 'n01') : dropped(id, 'n01', name === 'h' ? 'confident' : 'correct'),
  );
  await decideAs(database.db, scope, decided);
});

async function controlsAfter(controls: number): Promise<string[]> {
  const policy = { cap: 15, nearDuplicateDistance: 0, controls };
  const rows = await buildShortlist(database.db, scope, { policy, backboneId: null });
  await expectTally(database.db, scope);
  return rows.filter(({ state }) => state === 'control').map(({ sha256 }) => sha256);
}

describe('photos that the filter dropped as correct, as controls', () => {
  it('are the same each time, keep their bytes, and stay when more are asked for', async () => {
    const two = await controlsAfter(2);
    expect(two).toHaveLength(2);
    expect(await controlsAfter(2)).toEqual(two);
    const held = await holdsOf(database.db, [{ name: 'compared', scope }], [...ids.values()]);
    expect([...held.values()].map(({ reason }) => reason).toSorted()).toEqual(['kept', 'kept', 'listed', 'listed']);
    const all = await controlsAfter(9);
    expect(all).toEqual(
      'cdefg'
        .split('')
        .map((name) => sha256Of(name))
        .toSorted(),
    );
    expect(two.every((one) => all.includes(one))).toBe(true);
  });

  it('count towards no total once they are reviewed, and stay on a shortlist with fewer', async () => {
    const [first = ''] = await controlsAfter(5);
    const said = { wnid: 'n01', verdict: 'accept', reason: null, reviewer: 'ana', note: '', at: undefined } as const;
    const rows = [sha256Of('a'), toSha256(first)].map((sha256, i) => ({ ...said, line: i + 2, sha256 }));
    expect(await importVerdicts(database.db, scope, rows)).toMatchObject({ notListed: [] });
    expect(await countVerdicts(database.db, scope)).toMatchObject([{ verdict: 'accepted', count: 1 }]);
    const app = { db: database.db, config: (await loadConfig()).config };
    expect((await readAcceptance({ app, scope })).accepted).toBe(1);
    expect(await countOpenControls(database.db, scope)).toBe(4);
    expect(await notCounting(database.db, scope)).toContainEqual({ wnid: 'n01', sha256: first, whyNot: 'control' });
    expect(await controlsAfter(1)).toEqual([first]);
    expect(await controlsAfter(0)).toEqual([first]);
    expect((await readAcceptance({ app, scope })).accepted).toBe(1);
  });
});

import { describe, expect, it } from 'vitest';
import { stagesOf } from '../../../src/app/shortlist-files.ts';
import { funnelOf, sumOf } from '../../../src/report/funnel.ts';

describe('stagesOf', () => {
  it('draws a funnel in which each stage is the one before less what it lost', () => {
    const { totals } = funnelOf(
      { collection: 'birds', mode: 'A', classes: [] },
      [
        { wnid: 'n01', source: 'folder', queryId: null, state: 'found', reason: null, count: 3 },
        { wnid: 'n01', source: 'folder', queryId: null, state: 'fetched', reason: null, count: 20 },
        { wnid: 'n01', source: 'folder', queryId: null, state: 'failed', reason: 'truncated', count: 2 },
        { wnid: 'n01', source: 'folder', queryId: null, state: 'dropped', reason: 'too-small', count: 1 },
      ],
      [
        {
          wnid: 'n01',
          source: 'folder',
          queryId: null,
          state: 'kept',
          reason: null,
          listed: 'listed',
          isPruned: false,
          count: 4,
        },
        {
          wnid: 'n01',
          source: 'folder',
          queryId: null,
          state: 'kept',
          reason: null,
          listed: 'cap',
          isPruned: false,
          count: 3,
        },
        {
          wnid: 'n01',
          source: 'folder',
          queryId: null,
          state: 'kept',
          reason: null,
          listed: null,
          isPruned: false,
          count: 1,
        },
        {
          wnid: 'n01',
          source: 'folder',
          queryId: null,
          state: 'dropped',
          reason: 'correct',
          listed: null,
          isPruned: false,
          count: 5,
        },
        {
          wnid: 'n01',
          source: 'folder',
          queryId: null,
          state: 'undecided',
          reason: null,
          listed: null,
          isPruned: false,
          count: 6,
        },
      ],
    );
    const stages = stagesOf(totals);
    expect(stages.map(({ name, count }) => [name, count])).toEqual([
      ['found', 26],
      ['fetched', 20],
      ['distinct photos', 19],
      ['kept', 8],
      ['listed', 4],
    ]);
    for (const [i, stage] of stages.slice(1).entries()) {
      const lost = Object.fromEntries((stage.lost ?? []).map(({ reason, count }) => [reason, count]));
      expect(stage.count + sumOf(lost)).toBe(stages[i]?.count);
    }
    expect(stages.flatMap((stage) => stage.lost ?? []).every(({ count }) => count > 0)).toBe(true);
  });
});

import { expect, it } from 'vitest';
import { stagesOf } from '../../../../src/core/page/stages.ts';
import { funnelOf, sumOf } from '../../../../src/core/status/funnel.ts';
import { candidateCount, photoCount } from '../status/counts.ts';

it('stagesOf draws a funnel in which each stage is the previous stage minus its losses', () => {
  const { totals } = funnelOf(
    { collection: 'birds', mode: 'A', classes: [] },
    {
      verdicts: [],
      candidates: [
        candidateCount(3, 'found'),
        candidateCount(20, 'fetched'),
        candidateCount(2, 'failed', { reason: 'truncated' }),
        candidateCount(1, 'dropped', { reason: 'too-small' }),
      ],
      photos: [
        photoCount(4, 'kept', { listed: 'listed' }),
        photoCount(3, 'kept', { listed: 'cap' }),
        photoCount(1, 'kept'),
        photoCount(5, 'dropped', { reason: 'correct' }),
        photoCount(6, 'undecided'),
      ],
    },
  );
  const stages = stagesOf(totals);
  expect(stages.map(({ name, count }) => [name, count])).toEqual([
    ['found', 26],
    ['fetched', 20],
    ['photos by class', 19],
    ['kept', 8],
    ['listed', 4],
  ]);
  for (const [i, stage] of stages.slice(1).entries()) {
    const lost = Object.fromEntries((stage.lost ?? []).map(({ reason, count }) => [reason, count]));
    expect(stage.count + sumOf(lost)).toBe(stages[i]?.count);
  }
  expect(stages.flatMap((stage) => stage.lost ?? []).every(({ count }) => count > 0)).toBe(true);
});

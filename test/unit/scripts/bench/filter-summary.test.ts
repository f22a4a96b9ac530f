import { expect, it } from 'vitest';
import { measureRun, tableOf } from '../../../../scripts/bench/filter-summary.ts';

const used = {
  groups: new Map([
    [
      'winnow',
      {
        cpu: { user: 9, system: 1 },
        // Two seconds of start, then two CPU seconds a second.
        readings: [
          { atMs: 2_000, value: 1 },
          { atMs: 6_000, value: 9 },
        ],
        peakBytes: 4e8,
      },
    ],
  ]),
  peakBytes: 5e8,
};
const program = { startedAtMs: 0, endedAtMs: 7_000, used, stdout: '' };

it('the figures of a filter run cover the time from the first photo to the last, without the start of the program', () => {
  const work = {
    threads: 2,
    startedAt: new Date(3_000).toISOString(),
    photos: 100,
    crops: 300,
    passes: 150,
    elapsedSeconds: 2,
    prepareSeconds: 0.4,
    inferSeconds: 3.2,
  };
  const measured = measureRun({ program, kept: 10, dropped: 90, work }, 2);
  expect(measured).toMatchObject({ photosPerSecond: 50, cropsPerSecond: 150, cropsPerPhoto: 3, passesPerPhoto: 1.5 });
  expect(measured).toMatchObject({ cpuMsPerPhoto: 40, wholeCommandSeconds: 7, keptShare: 0.1 });
  expect(measured).toMatchObject({ peakMegabytes: 500, ownPeakMegabytes: 400 });
  expect(measured.shares.inference).toBeCloseTo(0.8);
  expect(measured.shares.resize).toBeCloseTo(0.1);
  expect(measured.shares.decode).toBeCloseTo(0.05);
  expect(tableOf([{ name: 'mix', rounds: [measured] }]).split('\n')).toHaveLength(2);
});

import { expect, it } from 'vitest';
import { daysOf } from '../../../../src/core/status/days.ts';

it('daysOf adds the accepted photos to the days of the crawl and the filter, oldest first', () => {
  const work = [
    { day: '2026-11-30', found: 3, decided: 0 },
    { day: '2026-11-02', found: 5, decided: 4 },
  ];
  const verdicts = [
    { day: '2026-11-30', count: 1 },
    { day: '2026-11-30', count: 1 },
    { day: '2026-12-01', count: 7 },
    { day: null, count: 9 },
  ];
  expect(daysOf(work, verdicts)).toEqual([
    { day: '2026-11-02', found: 5, decided: 4, accepted: 0 },
    { day: '2026-11-30', found: 3, decided: 0, accepted: 2 },
    { day: '2026-12-01', found: 0, decided: 0, accepted: 7 },
  ]);
});

it('daysOf keeps the last 366 days on which something happened', () => {
  const dayOf = (i: number): string => new Date(Date.UTC(2025, 0, 1 + 2 * i)).toISOString().slice(0, 10);
  const work = Array.from({ length: 367 }, (_, i) => ({ day: dayOf(i), found: 1, decided: 0 }));
  const days = daysOf(work.toReversed(), []).map(({ day }) => day);
  expect([days.length, days[0], days.at(-1)]).toEqual([366, dayOf(1), dayOf(366)]);
  expect(daysOf(work.slice(1), [])).toHaveLength(366);
});

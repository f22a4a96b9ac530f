import { expect, it } from 'vitest';
import { calendarOf } from '../../../../../src/web/pages/dashboard/days.tsx';

it('calendarOf has each day up to today, at least two weeks and at most three months', () => {
  const day = (text: string) => ({ day: text, found: 1, decided: 0, accepted: 0 });
  const days = calendarOf([day('2026-11-02'), day('2026-11-30')], '2026-12-01T09:00:00Z');
  expect([days.length, days[0]?.day, days.filter(({ found }) => found > 0).map((one) => one.day)]).toEqual([
    30,
    '2026-11-02',
    ['2026-11-02', '2026-11-30'],
  ]);
  expect(calendarOf([day('2026-12-01')], '2026-12-01T09:00:00Z')).toHaveLength(14);
  expect(calendarOf([day('2020-01-01')], '2026-12-01T09:00:00Z')).toHaveLength(90);
});

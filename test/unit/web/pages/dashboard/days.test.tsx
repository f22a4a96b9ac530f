import { renderToStaticMarkup } from 'preact-render-to-string';
import { expect, it } from 'vitest';
import { calendarOf, Days } from '../../../../../src/web/pages/dashboard/days.tsx';

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

it('a single day of work is a sentence', () => {
  const days = [{ day: '2026-12-01', found: 1_204, decided: 300, accepted: 0 }];
  const html = renderToStaticMarkup(
    <Days now={{ collection: 'demo', isBlind: false, at: '2026-12-02T09:00:00Z', days }} />,
  );
  expect(html.replaceAll(/<[^>]+>/g, '')).toBe('By dayOn 2026-12-01 (UTC): 1,204 found, 300 decided, 0 accepted.');
  expect(html).not.toContain('<svg');
});

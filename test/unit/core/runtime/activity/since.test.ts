import { describe, expect, it } from 'vitest';
import { detailText } from '../../../../../src/core/runtime/activity/activity-text.ts';
import { sinceOf } from '../../../../../src/core/runtime/activity/since.ts';

const NOW_MS = Date.UTC(2026, 10, 27, 12);

describe('the begin of a list of activities', () => {
  it.each([
    ['90m', '2026-11-27T10:30:00.000Z'],
    ['24h', '2026-11-26T12:00:00.000Z'],
    [' 7d ', '2026-11-20T12:00:00.000Z'],
    ['2026-11-20', '2026-11-20T00:00:00.000Z'],
    ['2026-11-20T08:30', '2026-11-20T08:30:00.000Z'],
    ['2026-11-20 08:30:15', '2026-11-20T08:30:15.000Z'],
    ['2026-11-20T08:30+02:00', '2026-11-20T06:30:00.000Z'],
  ])('%s is %s', (text, expected) => {
    expect(sinceOf(text, NOW_MS)?.toISOString()).toBe(expected);
  });

  it.each(['', '7', '7w', '-7d', 'yesterday', '2026-02-30', '2026-13-01', '2026-11-20T25:00', '20.11.2026'])(
    'cannot be %j',
    (text) => {
      expect(sinceOf(text, NOW_MS)).toBeNull();
    },
  );
});

it('the detail of an activity is one line of words, whatever strangers put into it', () => {
  const detail = {
    stages: ['fetch', 'filter'],
    endWorkers: true,
    withReviews: false,
    photos: 0,
    reason: 'a\nb\u001b[2J',
    none: '',
  };
  expect(detailText(detail)).toBe(String.raw`stages fetch, filter; endWorkers; photos 0; reason a\nb\u001b[2J`);
});

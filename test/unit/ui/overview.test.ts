import { describe, expect, it } from 'vitest';
import {
  bytesText,
  countText,
  leftText,
  pauseText,
  rateBetween,
  recentOf,
  shareText,
  timeLeftText,
  type Overview,
  type Pause,
} from '../../../src/ui/dashboard/overview.ts';

const at = (seconds: number, fetched: number): Overview =>
  ({ at: new Date(seconds * 1_000).toISOString(), totals: { fetched } }) as Overview;
const rate = (before: Overview | null, after: Overview): number | null =>
  rateBetween(before, after, (row) => row.fetched);

describe('a rate', () => {
  it('is what came between two moments, a second', () => {
    expect(rate(at(0, 100), at(8, 180))).toBe(10);
  });

  it('is unknown at first, between moments that are too close, and when counts go down', () => {
    expect([rate(null, at(0, 1)), rate(at(0, 1), at(0.2, 2)), rate(at(0, 5), at(8, 4))]).toEqual([null, null, null]);
  });
});

describe('the moments that rates are told from', () => {
  const secondsOf = (all: readonly Overview[]): number[] => all.map(({ at: moment }) => Date.parse(moment) / 1_000);
  const after = (...moments: readonly number[]): number[] => {
    let history: readonly Overview[] = [];
    for (const seconds of moments) history = recentOf(history, at(seconds, 0));
    return secondsOf(history);
  };

  it('are those of the last ten seconds', () => {
    expect(after(0, 4, 8, 12)).toEqual([4, 8, 12]);
  });

  it('are the last two where they come more slowly than that', () => {
    expect([after(0), after(0, 60), after(0, 60, 120)]).toEqual([[0], [0, 60], [60, 120]]);
  });
});

describe('what is left of a budget', () => {
  it.each([
    [0, '0 B'],
    [999, '999 B'],
    [1_000, '1.0 kB'],
    [999_949, '999.9 kB'],
    [999_950, '1.0 MB'],
    [4_900_000_000, '4.9 GB'],
    [2e15, '2000.0 TB'],
  ])('of %d bytes is told as %s', (bytes, text) => {
    expect(bytesText(bytes)).toBe(text);
  });

  it('is told beside the limit, if there is one', () => {
    const budget = { left: 4_000_000_000, limit: 5_000_000_000 };
    expect([leftText(budget, bytesText), leftText({ left: 9, limit: 9_900 }, countText), leftText(null)]).toEqual([
      '4.0 GB of 5.0 GB',
      '9 of 9,900',
      'no limit',
    ]);
  });
});

describe('the time that is left', () => {
  it.each([
    [0, 5, null],
    [100, 0, null],
    [100, null, null],
    [100, 10, 'under a minute'],
    [6_000, 10, '10 min'],
    [180_000, 10, '5.0 h'],
    [8_640_000, 10, '10 days'],
  ])('of %d at %s a second is %s', (left, perSecond, text) => {
    expect(timeLeftText(left, perSecond)).toBe(text);
  });
});

it('a share of nothing is a dash', () => {
  expect([shareText(1, 9), shareText(0, 0)]).toEqual(['11.1 %', '–']);
});

describe('a pause', () => {
  const since = new Date();
  since.setHours(0, 0, 0, 0);
  const pause: Pause = {
    stage: 'fetch',
    collection: null,
    by: 'ann@lab3',
    since: since.toISOString(),
    endsWorkers: false,
    inHand: 0,
    isDrained: false,
  };

  it.each([
    ['just given', {}, /^paused since \S+( \S+)? by ann@lab3, for every collection: draining$/],
    ['with jobs in hand', { inHand: 1, collection: 'birds' }, /by ann@lab3: draining, 1 job in hand$/],
    ['with nothing in hand', { isDrained: true, endsWorkers: true }, /: drained; workers end$/],
    ['of another day', { since: new Date(0).toISOString() }, /since .*19(70|69).* by/],
  ])('%s is told as people say it', (_what, changes, text) => {
    expect(pauseText({ ...pause, ...changes })).toMatch(text);
  });
});

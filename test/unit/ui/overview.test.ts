import { describe, expect, it } from 'vitest';
import { RateHistory } from '../../../src/app/watch/rates.ts';
import { leftText, pauseText, type Pause } from '../../../src/ui/dashboard/overview.ts';
import { bytesText, countText, shareText, timeLeftText } from '../../../src/ui/shared/texts.ts';

type Reading = readonly [seconds: number, fetched: number];
const emptyTotals = { found: 0, decided: { undecided: 0 } };
const fetchRate = (...readings: readonly Reading[]) => {
  const history = new RateHistory();
  for (const [seconds, fetched] of readings) {
    const at = new Date(seconds * 1_000).toISOString();
    history.add({ at, totals: { ...emptyTotals, fetched } } as unknown as Parameters<RateHistory['add']>[0]);
  }
  return history.rates().fetch;
};

describe('a rate', () => {
  it('is what came within the last ten seconds, a second', () => {
    expect(fetchRate([0, 0], [4, 100], [12, 180]).perSecond).toBe(10);
  });

  it('is that between the last two readings if they are further apart', () => {
    expect(fetchRate([0, 0], [60, 0], [120, 600]).perSecond).toBe(10);
  });

  it('is unknown at first, between readings that are too close, and when counts go down', () => {
    const rates = [fetchRate([0, 1]), fetchRate([0, 1], [0.2, 2]), fetchRate([0, 5], [8, 4])];
    expect(rates.map(({ perSecond }) => perSecond)).toEqual([null, null, null]);
  });

  it('is kept for each minute of the last hour and no longer', () => {
    const readings = Array.from({ length: 90 }, (_, minute): Reading => [minute * 60, minute * 60]);
    const { lastHour } = fetchRate(...readings);
    expect([lastHour.length, new Set(lastHour)]).toEqual([60, new Set([1])]);
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
    ['with jobs in hand', { inHand: 1, collection: 'birds' }, /by ann@lab3: draining, 1 job in progress$/],
    ['with nothing in hand', { isDrained: true, endsWorkers: true }, /: drained; workers end$/],
    ['of another day', { since: new Date(0).toISOString() }, /since .*19(70|69).* by/],
  ])('%s is told as people say it', (_what, changes, text) => {
    expect(pauseText({ ...pause, ...changes })).toMatch(text);
  });
});

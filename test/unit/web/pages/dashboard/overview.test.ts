import { describe, expect, it } from 'vitest';
import { RateHistory } from '../../../../../src/web/status/rates.ts';
import {
  activityOf,
  attentionOf,
  pauseText,
  type Overview,
  type PauseOverview,
} from '../../../../../src/web/pages/dashboard/overview.ts';
import { bytesText, shareText, timeLeftText } from '../../../../../src/core/kernel/texts.ts';

type Reading = readonly [seconds: number, fetched: number];
const emptyTotals = { found: 0, failed: {}, decided: { undecided: 0 } };
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

  it('of each stage is of what the stage did: photos found, fetched and decided', () => {
    const history = new RateHistory();
    for (const seconds of [0, 10]) {
      const decided = { kept: seconds, correct: seconds, undecided: 100 - seconds };
      const totals = { found: 5 * seconds, fetched: 3 * seconds, failed: {}, decided };
      const at = new Date(seconds * 1_000).toISOString();
      history.add({ at, totals } as unknown as Parameters<RateHistory['add']>[0]);
    }
    const { discover, fetch: fetching, filter } = history.rates();
    expect([discover.perSecond, fetching.perSecond, filter.perSecond]).toEqual([5, 3, 2]);
  });

  it('counts what is done and what fails in the last hour, and nothing twice after a retry', () => {
    const history = new RateHistory();
    for (const [minutes, fetched, timeouts] of [
      [0, 50, 3],
      [30, 60, 5],
      [90, 80, 6],
      [100, 90, 2],
    ] as const) {
      const at = new Date(minutes * 60_000).toISOString();
      const totals = { found: 0, fetched, failed: { timeout: timeouts }, decided: { failed: minutes, undecided: 0 } };
      history.add({ at, totals, refusedQueries: fetched / 10 } as unknown as Parameters<RateHistory['add']>[0]);
    }
    const { discover, fetch: fetching, filter } = history.rates();
    expect([discover.failed, fetching.done, fetching.failed, filter.failed]).toEqual([1, 10, 0, 10]);
  });

  it('is kept for each minute of the last hour and no longer', () => {
    const readings = Array.from({ length: 90 }, (_, minute): Reading => [minute * 60, minute * 60]);
    const { lastHour } = fetchRate(...readings);
    expect([lastHour.length, new Set(lastHour)]).toEqual([60, new Set([1])]);
  });
});

it.each([
  [0, '0 B'],
  [999, '999 B'],
  [1_000, '1.0 kB'],
  [999_949, '999.9 kB'],
  [999_950, '1.0 MB'],
  [4_900_000_000, '4.9 GB'],
  [2e15, '2000.0 TB'],
])('what is left of a budget of %d bytes is told as %s', (bytes, text) => {
  expect(bytesText(bytes)).toBe(text);
});

it.each([
  [0, 5, null],
  [100, 0, null],
  [100, null, null],
  [100, 10, 'under a minute'],
  [6_000, 10, '10 min'],
  [180_000, 10, '5.0 h'],
  [8_640_000, 10, '10 days'],
])('the time that is left of %d at %s a second is %s', (left, perSecond, text) => {
  expect(timeLeftText(left, perSecond)).toBe(text);
});

it('a share of nothing is a dash', () => {
  expect([shareText(1, 9), shareText(0, 0)]).toEqual(['11.1 %', '–']);
});

describe('a pause', () => {
  const since = new Date();
  since.setHours(0, 0, 0, 0);
  const pause: PauseOverview = {
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
    ['with jobs in progress', { inHand: 1, collection: 'birds' }, /by ann@lab3: draining, 1 job in progress$/],
    ['with nothing in progress', { isDrained: true, endsWorkers: true }, /: drained; workers end$/],
    ['of another day', { since: new Date(0).toISOString() }, /since .*19(70|69).* by/],
  ])('%s is told as people say it', (_what, changes, text) => {
    expect(pauseText({ ...pause, ...changes })).toMatch(text);
  });
});

const ZERO = { found: 0, waiting: 0, undecidedPruned: 0, unlisted: 0, decided: { undecided: 0 } };
const STILL = { perSecond: 0, lastHour: [] };
const STILL_TEN = Array.from({ length: 10 }, () => 0);
const FETCHER = { name: 'fetch-worker' };
const PAUSED = { stage: 'fetch', collection: null, by: 'ann', since: new Date(0).toISOString(), inHand: 0 };
const UNTIL = '2026-01-01T12:00:00.000Z';
const HELD = { key: 'api.example', waits: { why: 'rate limit', until: UNTIL } };

type Lists = Partial<Record<'workers' | 'budgets' | 'pauses' | 'sources', readonly object[]>>;
type Moment = Lists & {
  readonly totals?: object;
  readonly rate?: number | null;
  readonly lastHour?: readonly number[];
  readonly lowDiskBytes?: number;
  readonly unfinishedQueries?: number;
};

const NO_LISTS = { workers: [], budgets: [], pauses: [], sources: [] };

function moment({
  totals = {},
  rate = 0,
  lastHour = [],
  lowDiskBytes,
  unfinishedQueries = 0,
  ...lists
}: Moment): Overview {
  const rates = { discover: STILL, fetch: { perSecond: rate, lastHour }, filter: STILL };
  const low = lowDiskBytes ?? null;
  const parts = {
    collection: 'birds',
    totals: { ...ZERO, ...totals },
    rates,
    lowDiskBytes: low,
    unfinishedQueries,
    ...NO_LISTS,
    ...lists,
  };
  return parts as unknown as Overview;
}

describe('activityOf', () => {
  const crawl = { totals: { waiting: 5 }, workers: [FETCHER] };

  it.each([
    ['a stage with a rate works', { totals: { waiting: 600 }, rate: 10 }, ['working', 'Working', '1 min']],
    ['a stage without work is idle', {}, ['idle', 'Idle', null]],
    ['a stage with an unknown rate and no work is idle', { rate: null }, ['idle', 'Idle', null]],
    ['a paused stage is paused, even at work', { rate: 10, pauses: [PAUSED] }, ['paused', 'Paused', null]],
    ['work without a process waits for one', { totals: { waiting: 5 } }, ['waiting', 'Waiting for a process', null]],
    ['work with a process waits', crawl, ['waiting', 'Waiting', null]],
    [
      'work of a site with a limit waits for it',
      { ...crawl, budgets: [HELD] },
      ['waiting', 'Waiting for api.example', null],
    ],
  ])('%s', (_what, parts, activity) => {
    const { state, text, timeLeft } = activityOf('fetch', moment(parts));
    expect([state, text, timeLeft]).toEqual(activity);
  });

  it('counts what waits for each stage: open queries, pictures, and photos whose bytes are there', () => {
    const totals = { waiting: 4, undecidedPruned: 2, decided: { undecided: 5 } };
    const now = moment({ totals, unfinishedQueries: 1 });
    const queues = (['discover', 'fetch', 'filter'] as const).map((stage) => activityOf(stage, now).queue);
    expect(queues).toEqual([1, 4, 3]);
  });
});

describe('attentionOf', () => {
  it('asks nothing of an idle system, nor of one at work', () => {
    expect(attentionOf(moment({}))).toEqual([]);
    expect(attentionOf(moment({ totals: { waiting: 5, unlisted: 3 }, rate: 10, workers: [FETCHER] }))).toEqual([]);
  });

  it.each([
    [
      'work that no process takes',
      { totals: { waiting: 1_500 } },
      /^1,500 wait for fetch, and no process works on it; winnow crawl --collection birds$/,
    ],
    [
      'undecided photos that no process takes',
      { totals: { decided: { undecided: 2 } } },
      /^2 wait for filter, and no process works on it; winnow filter --collection birds$/,
    ],
    [
      'work whose process has finished nothing for ten minutes',
      { totals: { waiting: 5 }, workers: [FETCHER], lastHour: [9, ...STILL_TEN] },
      /^5 wait for fetch, and its process did nothing for 10 minutes; Look at its log\.$/,
    ],
    ['a disk that is nearly full', { lowDiskBytes: 4e8 }, /^The disk of the data folder has 400\.0 MB left; Make room/],
    ['a pause', { pauses: [PAUSED] }, /^fetch is paused since .* by ann, for every collection: .*; Resume it below\.$/],
    [
      'a source that was given up',
      { sources: [{ source: 'flickr', stopped: { error: 'HTTP 500', until: null } }] },
      /^flickr was given up: HTTP 500; winnow crawl --collection birds --source flickr$/,
    ],
    ['a site that makes requests wait', { budgets: [HELD] }, /^api\.example: rate limit; Asked again at .*\.$/],
    [
      'photos that cannot be decided without their bytes',
      { totals: { undecidedPruned: 1, decided: { undecided: 1 } } },
      /^1 photo cannot be decided: the bytes were deleted; winnow retry --reason pruned$/,
    ],
    [
      'kept photos that are not listed once all is decided',
      { totals: { unlisted: 2 } },
      /^2 kept photos not in the shortlist yet; winnow shortlist --collection birds$/,
    ],
  ])('tells of %s, with the remedy', (_what, parts, text) => {
    const texts = attentionOf(moment(parts)).map(({ what, remedy }) => `${what}; ${remedy}`);
    expect(texts).toEqual([expect.stringMatching(text)]);
  });

  it('does not ask for a process of a stage that is paused', () => {
    const remedies = attentionOf(moment({ totals: { waiting: 5 }, pauses: [PAUSED] })).map(({ remedy }) => remedy);
    expect(remedies).toEqual(['Resume it below.']);
  });
});

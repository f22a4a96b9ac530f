import { describe, expect, it } from 'vitest';
import {
  CLOCK_TOLERANCE_US,
  UNUSED_KEY,
  explainWait,
  reservationOf,
  spacingOf,
  limitStateOf,
  waitMsOf,
  waitOf,
  type PermitKey,
  type PermitState,
} from '../../../../../src/core/crawl/sources/politeness.ts';
import { seededRandom } from '../../../../support/random.ts';
import { charge, keyWith, mostWithin, takeFrom } from './permit-model.ts';

const SECOND_US = 1_000_000;
const MINUTE_US = 60 * SECOND_US;
const HOUR_US = 60 * MINUTE_US;
const DAY_US = 24 * HOUR_US;
const START_US = Date.parse('2026-03-01T12:34:56.789Z') * 1000;

interface Run {
  readonly requests: number;
  readonly seed: number;
  readonly maxGapUs: number;
  readonly reserveBytes?: number;
}

/** Sends requests at random times, in bursts and with pauses. Every third request is sent exactly when the last refusal said. */
function grantsOf(asked: PermitKey, { requests, seed, maxGapUs, reserveBytes = 0 }: Run): number[] {
  const random = seededRandom(seed).next;
  const times: number[] = [];
  let state: PermitState = UNUSED_KEY;
  let nowUs = START_US;
  for (let i = 0; i < requests; i += 1) {
    const wait = waitOf(asked, state, { nowUs, reserveBytes });
    const gapUs = Math.floor(maxGapUs * random() ** 4);
    nowUs += wait !== null && i % 3 === 0 ? waitMsOf(wait, nowUs) * 1000 : gapUs;
    const next = takeFrom(asked, state, { nowUs, reserveBytes });
    if (next === undefined) continue;
    times.push(nowUs);
    state = next;
  }
  return times;
}

const ones = (times: readonly number[]): [number, number][] => times.map((time) => [time, 1]);

describe('requests a minute', () => {
  it.each([1, 2, 3, 4, 5, 20, 55, 60, 599, 600, 1200, 6000])(
    'stay below a limit of %i in any 60 s, with one spare for late use',
    (requestsPerMinute) => {
      const asked = keyWith({ requestsPerMinute });
      const allowed = requestsPerMinute < 3 ? requestsPerMinute : requestsPerMinute - 1;
      for (let seed = 0; seed < 5; seed += 1) {
        const maxGapUs = (20 * MINUTE_US) / requestsPerMinute;
        const requests = 200 + Math.ceil(requestsPerMinute * (requestsPerMinute > 500 ? 1 : 4));
        const times = grantsOf(asked, { requests, seed, maxGapUs });
        expect(mostWithin(MINUTE_US, ones(times))).toBeLessThanOrEqual(allowed);
      }
    },
  );

  it('stay within the limit at the site, even if they arrive one interval after their permit', () => {
    const asked = keyWith({ requestsPerMinute: 55 });
    const { intervalUs } = spacingOf(asked);
    for (let seed = 0; seed < 20; seed += 1) {
      const random = seededRandom(seed).next;
      const times = grantsOf(asked, { requests: 600, seed, maxGapUs: 20 * SECOND_US });
      const arrivals = times.map((time) => time + Math.floor(random() * (intervalUs - 1)));
      expect(mostWithin(MINUTE_US, ones(arrivals.toSorted((a, b) => a - b)))).toBeLessThanOrEqual(55);
    }
  });

  it('use the whole limit under constant load: 53 of 55 a minute', () => {
    const asked = keyWith({ requestsPerMinute: 55 });
    const times: number[] = [];
    let state: PermitState = UNUSED_KEY;
    let nowUs = START_US;
    while (nowUs < START_US + 10 * MINUTE_US) {
      const wait = waitOf(asked, state, { nowUs, reserveBytes: 0 });
      if (wait !== null) nowUs += waitMsOf(wait, nowUs) * 1000;
      state = charge(asked, state, { nowUs, reserveBytes: 0 });
      times.push(nowUs);
    }
    expect(times.filter((time) => time < START_US + 10 * MINUTE_US)).toHaveLength(530);
  });

  it('are spaced evenly, not sent as a burst after a pause', () => {
    expect(spacingOf(keyWith({ requestsPerMinute: 55 }))).toEqual({ intervalUs: 1_132_076, slackUs: 0 });
    expect(spacingOf(keyWith({ requestsPerMinute: 1 }))).toEqual({ intervalUs: 2 * MINUTE_US, slackUs: 0 });
    expect(spacingOf(keyWith({ requestsPerMinute: 6000 }))).toEqual({ intervalUs: 10_019, slackUs: 9 * 10_019 });
  });

  it('are spaced by Crawl-delay if it is longer, even without a limit', () => {
    expect(spacingOf(keyWith({ requestsPerMinute: 6000 }, 2500))).toEqual({ intervalUs: 2_500_000, slackUs: 0 });
    expect(spacingOf(keyWith({ requestsPerMinute: 55 }, 500))).toEqual({ intervalUs: 1_132_076, slackUs: 0 });
    expect(spacingOf(keyWith({}, 2500))).toEqual({ intervalUs: 2_500_000, slackUs: 0 });
  });

  it('do not wait without a limit, even if an earlier limit had set a due time', () => {
    const state = { ...UNUSED_KEY, seenUs: START_US, dueUs: START_US + DAY_US };
    expect(waitOf(keyWith({}), state, { nowUs: START_US, reserveBytes: 0 })).toBeNull();
  });
});

describe('clocks', () => {
  it('a clock that jumps ahead and back permits at most one extra burst', () => {
    const asked = keyWith({ requestsPerMinute: 55 });
    for (let seed = 0; seed < 10; seed += 1) {
      const random = seededRandom(seed).next;
      const times: number[] = [];
      let state: PermitState = UNUSED_KEY;
      // The clock jumps an hour ahead in the second minute, and back in the third.
      for (let realUs = 0; realUs < 5 * MINUTE_US; realUs += Math.floor(random() * SECOND_US)) {
        const isAhead = realUs > 100 * SECOND_US && realUs < 150 * SECOND_US;
        const nowUs = START_US + realUs + (isAhead ? HOUR_US : 0);
        const next = takeFrom(asked, state, { nowUs, reserveBytes: 0 });
        if (next !== undefined) times.push(realUs);
        state = next ?? state;
      }
      expect(mostWithin(MINUTE_US, ones(times))).toBeLessThanOrEqual(55);
      expect(Math.max(...times)).toBeLessThan(150 * SECOND_US);
    }
  });

  it('workers whose clocks differ by an hour permit at most one extra burst', () => {
    const asked = keyWith({ requestsPerMinute: 55 });
    const random = seededRandom(7).next;
    const times: number[] = [];
    let state: PermitState = UNUSED_KEY;
    for (let realUs = 0; realUs < 10 * MINUTE_US; realUs += Math.floor(random() * SECOND_US)) {
      const nowUs = START_US + realUs + Math.floor(random() * 3) * (HOUR_US / 2);
      const next = takeFrom(asked, state, { nowUs, reserveBytes: 0 });
      if (next !== undefined) times.push(realUs);
      state = next ?? state;
    }
    expect(mostWithin(MINUTE_US, ones(times))).toBeLessThanOrEqual(55);
    expect(times.length).toBeGreaterThan(100);
  });

  it('a clock that is far behind is reported, and requests do not wait for it', () => {
    const state = { ...UNUSED_KEY, seenUs: START_US, dueUs: START_US };
    const ask = { reserveBytes: 0, nowUs: START_US - CLOCK_TOLERANCE_US - 1 };
    expect(waitOf(keyWith({}), state, ask)?.reason).toBe('clock-set-back');
    expect(waitOf(keyWith({}), state, { ...ask, nowUs: ask.nowUs + 1 })).toBeNull();
  });
});

describe('requests a day and bytes', () => {
  it.each([1, 7, 40])('never exceed %i requests in any 24 hours, and use all of them', (requestsPerDay) => {
    const asked = keyWith({ requestsPerDay });
    for (let seed = 0; seed < 5; seed += 1) {
      const maxGapUs = (3 * DAY_US) / requestsPerDay;
      const times = grantsOf(asked, { requests: requestsPerDay * 12 + 50, seed, maxGapUs });
      expect(mostWithin(DAY_US, ones(times))).toBe(requestsPerDay);
    }
  });

  it('never exceed the bytes of any hour or day if each request reads its reservation', () => {
    const asked = keyWith({ bytesPerHour: 1000, bytesPerDay: 6000 });
    for (let seed = 0; seed < 10; seed += 1) {
      const times = grantsOf(asked, { requests: 600, seed, maxGapUs: HOUR_US, reserveBytes: 90 });
      const events = times.map((time): [number, number] => [time, 90]);
      expect(mostWithin(HOUR_US, events)).toBe(990);
      expect(mostWithin(DAY_US, events)).toBe(5940);
    }
  });

  it('count a transfer in the hour in which it ends, up to two minutes after its permit', () => {
    const asked = keyWith({ bytesPerHour: 1000 });
    for (let seed = 0; seed < 10; seed += 1) {
      const random = seededRandom(seed).next;
      const times = grantsOf(asked, { requests: 400, seed, maxGapUs: HOUR_US, reserveBytes: 90 });
      const ends = times.map((time) => time + Math.floor(random() * 2 * MINUTE_US)).toSorted((a, b) => a - b);
      expect(
        mostWithin(
          HOUR_US,
          ends.map((time): [number, number] => [time, 90]),
        ),
      ).toBeLessThanOrEqual(1000);
    }
  });

  it('are permitted again as soon as enough of them have left the window', () => {
    const asked = keyWith({ requestsPerDay: 3 });
    let state: PermitState = UNUSED_KEY;
    for (const hours of [0, 1, 2]) {
      state = takeFrom(asked, state, { nowUs: START_US + hours * HOUR_US, reserveBytes: 0 }) ?? UNUSED_KEY;
    }
    const nowUs = START_US + 3 * HOUR_US;
    const wait = waitOf(asked, state, { nowUs, reserveBytes: 0 });
    expect(wait).toMatchObject({ reason: 'requests-per-day', detail: null });
    const untilUs = wait?.untilUs ?? 0;
    expect((untilUs - START_US) / HOUR_US).toBeGreaterThan(24);
    expect((untilUs - START_US) / HOUR_US).toBeLessThanOrEqual(24.5);
    expect(waitOf(asked, state, { nowUs: untilUs - 1, reserveBytes: 0 })).toEqual(wait);
    expect(waitOf(asked, state, { nowUs: untilUs, reserveBytes: 0 })).toBeNull();
  });

  it('reserve at most the whole budget, so that one large file can pass when nothing is used', () => {
    const { limits } = keyWith({ bytesPerHour: 1000, bytesPerDay: 800 });
    expect(reservationOf(limits, 50_000)).toBe(800);
    expect(reservationOf(limits, 5)).toBe(5);
    expect(reservationOf(keyWith({ requestsPerDay: 1 }).limits, 5)).toBeNull();
    expect(waitOf(keyWith({ bytesPerHour: 10 }), UNUSED_KEY, { nowUs: START_US, reserveBytes: 99 })).toBeNull();
  });
});

describe('standings', () => {
  const asked = keyWith({ requestsPerMinute: 55, requestsPerDay: 100, bytesPerDay: 5000 });

  it('report what is used and left of each limit, and when the next permit is due', () => {
    const state = takeFrom(asked, UNUSED_KEY, { nowUs: START_US, reserveBytes: 700 }) ?? UNUSED_KEY;
    const keyState = limitStateOf(asked, state, START_US + 132_076);
    expect(keyState).toMatchObject({
      nextPermitInMs: 1000,
      wait: { reason: 'spacing' },
      circuit: 'closed',
      budgets: [
        { measure: 'requestsPerDay', limit: 100, used: 1, left: 99 },
        { measure: 'bytesPerDay', limit: 5000, used: 700, left: 4300 },
      ],
    });
    expect(limitStateOf(asked, state, START_US + DAY_US + HOUR_US).budgets.map(({ used }) => used)).toEqual([0, 0]);
  });

  it("report the longest of several waits, and the site's own words", () => {
    const state = {
      ...UNUSED_KEY,
      dueUs: START_US + 5,
      heldUntilUs: START_US + 90 * SECOND_US,
      holdReason: 'HTTP 429',
    };
    const { wait, nextPermitInMs } = limitStateOf(asked, state, START_US);
    expect(nextPermitInMs).toBe(90_000);
    expect(wait && explainWait(wait)).toBe(
      'host:example.org waits until 2026-03-01T12:36:26.789Z: the site asked to wait (HTTP 429)',
    );
  });

  it('distinguish an open circuit from a half-open one, which lets one probe through', () => {
    const state = { ...UNUSED_KEY, trips: 2, trippedUntilUs: START_US + HOUR_US, tripReason: 'HTTP 403' };
    expect(limitStateOf(asked, state, START_US)).toMatchObject({ circuit: 'open', wait: { reason: 'circuit-open' } });
    expect(limitStateOf(asked, state, START_US + HOUR_US)).toMatchObject({ circuit: 'half-open', wait: null });
    const probed = { ...state, probeUntilUs: START_US + HOUR_US + MINUTE_US };
    expect(waitOf(asked, probed, { nowUs: START_US + HOUR_US, reserveBytes: 0 })?.reason).toBe('probe-under-way');
    expect(waitOf(asked, probed, { nowUs: START_US + HOUR_US + MINUTE_US, reserveBytes: 0 })).toBeNull();
  });
});

import { Kysely, PostgresDialect, sql } from 'kysely';
import { Pool } from 'pg';
import { describe, expect, it } from 'vitest';
import type { Database } from '../../../../../src/core/platform/postgres/database.ts';
import {
  closeCircuit,
  forgiveNewKey,
  holdKey,
  usedKeys,
  tripCircuit,
} from '../../../../../src/core/crawl/sources/permit-pause.repository.ts';
import {
  deleteIdleKeys,
  readLimitStates,
  settlePermit,
  takePermit,
  type Permit,
  type PermitAnswer,
} from '../../../../../src/core/crawl/sources/permit.repository.ts';
import { permitSoon } from '../../../../../src/core/crawl/network/politeness.process.ts';
import {
  UNUSED_KEY,
  waitMsOf,
  waitOf,
  type Limits,
  type PermitKey,
} from '../../../../../src/core/crawl/sources/politeness.ts';
import { useDatabase } from '../../../../support/database.ts';
import { charge, keyWith } from '../../../../unit/core/crawl/sources/permit-model.ts';
import { seededRandom } from '../../../../support/random.ts';

const database = useDatabase({ poolSize: 8 });

const SECOND_MS = 1000;
const MINUTE_MS = 60 * SECOND_MS;
const HOUR_MS = 60 * MINUTE_MS;
const DAY_MS = 24 * HOUR_MS;
const START_MS = Date.parse('2026-03-01T12:34:56Z');

let made = 0;
function newKey(limits: Partial<Limits> = {}, minSpacingMs = 0): PermitKey {
  made += 1;
  return { ...keyWith(limits, minSpacingMs), key: `test:${made}` };
}

const take = (keys: readonly PermitKey[], afterMs: number, reserveBytes = 0): Promise<PermitAnswer> =>
  takePermit(database.db, keys, { nowMs: START_MS + afterMs, reserveBytes });

async function permitted(keys: readonly PermitKey[], afterMs: number, reserveBytes = 0): Promise<Permit> {
  const answer = await take(keys, afterMs, reserveBytes);
  if (!answer.granted) throw new Error(`Expected a permit but received ${JSON.stringify(answer)}`);
  return answer.permit;
}

/** `granted`, or the reason and the wait in milliseconds. */
async function outcome(keys: readonly PermitKey[], afterMs: number, reserveBytes = 0): Promise<string> {
  const answer = await take(keys, afterMs, reserveBytes);
  return answer.granted
    ? 'granted'
    : `${answer.why.key === keys[0]?.key ? '' : 'other '}${answer.why.reason} ${answer.waitMs}`;
}

describe('takePermit', () => {
  it('follows the rules and stores the same counts, over random histories of limits, times and clocks', async () => {
    for (let seed = 0; seed < 5; seed += 1) {
      const random = seededRandom(seed).next;
      const limit = (most: number): number | null => (random() < 0.3 ? null : 1 + Math.floor(random() * most));
      const keys = [1, 2].map(() =>
        newKey(
          {
            requestsPerMinute: limit(1500),
            requestsPerDay: limit(40),
            bytesPerHour: limit(3000),
            bytesPerDay: limit(20_000),
          },
          random() < 0.2 ? 700 : 0,
        ),
      );
      let states = keys.map(() => UNUSED_KEY);
      let nowMs = START_MS;
      for (let i = 0; i < 90; i += 1) {
        const leapMs = random() < 0.05 ? (random() - 0.5) * 2 * HOUR_MS : random() ** 6 * 9 * HOUR_MS;
        nowMs += Math.floor(leapMs);
        const ask = { nowUs: nowMs * 1000, reserveBytes: Math.floor(random() * 400) };
        const waits = keys.flatMap((asked, k) => waitOf(asked, states[k] ?? UNUSED_KEY, ask) ?? []);
        // Another test covers clocks that are far behind.
        if (waits.some(({ reason }) => reason === 'clock-set-back')) continue;
        const answer = await takePermit(database.db, keys, { nowMs, reserveBytes: ask.reserveBytes });
        expect(answer.granted ? 0 : answer.waitMs).toBe(Math.max(0, ...waits.map((wait) => waitMsOf(wait, ask.nowUs))));
        if (answer.granted) states = states.map((state, k) => charge(keys[k] ?? newKey(), state, ask));
      }
      const { rows } = await sql<Record<string, unknown>>`
        select seen_us, due_us, requests_day, bytes_hour, bytes_day from permit
          where key = any(${keys.map(({ key }) => key)}::text[])
          order by array_position(${keys.map(({ key }) => key)}::text[], key)`.execute(database.db);
      expect(rows).toEqual(
        states.map(({ seenUs, dueUs, requestsDay, bytesHour, bytesDay }) => ({
          seen_us: seenUs,
          due_us: dueUs,
          requests_day: requestsDay,
          bytes_hour: bytesHour,
          bytes_day: bytesDay,
        })),
      );
      expect(states[0]?.seenUs).toBeGreaterThan(0);
    }
  });

  it('charges all keys or none', async () => {
    const [slow, fast] = [newKey({ requestsPerMinute: 1 }), newKey({ requestsPerDay: 10 })];
    expect(await outcome([slow, fast], 0)).toBe('granted');
    expect(await outcome([fast, slow], 1)).toBe(`other spacing ${2 * MINUTE_MS - 1}`);
    const [keyState] = await readLimitStates(database.db, [fast], { nowMs: START_MS + 1 });
    expect(keyState?.budgets).toEqual([{ measure: 'requestsPerDay', limit: 10, used: 1, left: 9 }]);
  });

  it('takes one round trip, and three the first time', async () => {
    const pool = new Pool({ connectionString: database.url, max: 1 });
    const statements: string[] = [];
    const db = new Kysely<Database>({
      dialect: new PostgresDialect({ pool }),
      log({ query }) {
        statements.push(query.sql);
      },
    });
    const keys = [newKey({ requestsPerMinute: 6000 }), newKey({ bytesPerDay: 100 })];
    await takePermit(db, keys, { nowMs: START_MS, reserveBytes: 10 });
    expect(statements).toHaveLength(3);
    statements.length = 0;
    const answer = await takePermit(db, keys, { nowMs: START_MS + SECOND_MS, reserveBytes: 10 });
    expect([answer.granted, statements.length]).toEqual([true, 1]);
    await takePermit(db, keys, { nowMs: START_MS + SECOND_MS, reserveBytes: 99 });
    expect(statements).toHaveLength(2);
    await db.destroy();
  });

  it('grants exactly the remaining permits, however many callers ask at once', async () => {
    const shared = newKey({ requestsPerDay: 25 });
    const answers = await Promise.all(
      Array.from({ length: 80 }, async (_, i) => {
        const own = newKey();
        return takePermit(database.db, i % 2 === 0 ? [shared, own] : [own, shared]);
      }),
    );
    expect(answers.filter(({ granted }) => granted)).toHaveLength(25);
  });

  it('uses the clock of the database if no time is given', async () => {
    const key = newKey({ requestsPerMinute: 55 });
    const before = await sql<{ us: number }>`select (extract(epoch from now()) * 1000000)::bigint as us`.execute(
      database.db,
    );
    const first = await takePermit(database.db, [key]);
    const second = await takePermit(database.db, [key]);
    const atUs = first.granted ? (first.permit.keys[0]?.atUs ?? 0) : 0;
    const sinceUs = atUs - (before.rows[0]?.us ?? 0);
    expect(sinceUs).toBeGreaterThanOrEqual(0);
    expect(sinceUs).toBeLessThan(30_000_000);
    expect(second).toMatchObject({ granted: false, why: { reason: 'spacing' } });
  });

  it('refuses the same key twice in one permit', async () => {
    const key = newKey();
    await expect(takePermit(database.db, [key, key])).rejects.toThrow(/distinct keys.*test:/);
  });
});

describe('clocks', () => {
  it('a jump of an hour ahead frees one request, and a jump back frees none until the clock has caught up', async () => {
    const keys = [newKey({ requestsPerMinute: 55 })];
    expect(await outcome(keys, 0)).toBe('granted');
    expect(await outcome(keys, HOUR_MS)).toBe('granted');
    expect(await outcome(keys, HOUR_MS + 1)).toBe('spacing 1132');
    expect(await outcome(keys, SECOND_MS)).toBe(`spacing ${HOUR_MS + 133}`);
    expect(await outcome(keys, HOUR_MS + 1133)).toBe('granted');
  });

  it('a key that is years ahead returns with its debts, as if no time had passed', async () => {
    const keys = [newKey({ requestsPerMinute: 55, requestsPerDay: 2 })];
    const yearsMs = 20 * 365 * DAY_MS;
    expect(await outcome(keys, yearsMs)).toBe('granted');
    await holdKey(database.db, keys[0]?.key ?? '', { forMs: HOUR_MS, why: 'HTTP 503', nowMs: START_MS + yearsMs });
    expect(await outcome(keys, 0)).toBe(`retry-after ${HOUR_MS}`);
    expect(await outcome(keys, HOUR_MS)).toBe('granted');
    expect(await outcome(keys, HOUR_MS + 2000)).toMatch(/^requests-per-day/);
    expect(await outcome(keys, DAY_MS - HOUR_MS)).toMatch(/^requests-per-day/);
    expect(await outcome(keys, DAY_MS + HOUR_MS)).toBe('granted');
  });
});

describe('settlePermit', () => {
  const usedOf = async (key: PermitKey, afterMs: number): Promise<number[]> => {
    const [keyState] = await readLimitStates(database.db, [key], { nowMs: START_MS + afterMs });
    return keyState?.budgets.map(({ used }) => used) ?? [];
  };

  it('replaces the reserved bytes by the received ones, where bytes are counted', async () => {
    const key = newKey({ bytesPerHour: 1000, bytesPerDay: 5000 });
    const first = await permitted([newKey({ requestsPerMinute: 5 }), key], 0, 800);
    expect(await outcome([key], 1, 800)).toMatch(/^bytes-per-hour/);
    const during = await permitted([key], 10 * MINUTE_MS, 200);
    await settlePermit(database.db, first, 100);
    await settlePermit(database.db, during, 900);
    expect(await usedOf(key, 10 * MINUTE_MS)).toEqual([1000, 1000]);
    expect(await usedOf(key, 66 * MINUTE_MS)).toEqual([900, 1000]);
    expect(await usedOf(key, 80 * MINUTE_MS)).toEqual([0, 1000]);
    expect(await usedOf(key, 25 * HOUR_MS)).toEqual([0, 0]);
  });

  it('keeps the reservation of a request whose worker died', async () => {
    const key = newKey({ bytesPerHour: 1000 });
    await permitted([key], 0, 700);
    expect(await usedOf(key, 50 * MINUTE_MS)).toEqual([700]);
  });

  it('counts bytes beyond the budget, and never less than zero', async () => {
    const key = newKey({ bytesPerHour: 1000 });
    const permit = await permitted([key], 0, 10);
    await settlePermit(database.db, permit, 5000);
    expect(await usedOf(key, 1)).toEqual([5000]);
    await settlePermit(database.db, { ...permit, keys: permit.keys.map((k) => ({ ...k, reservedBytes: 9000 })) }, 0);
    expect(await usedOf(key, 1)).toEqual([0]);
  });

  it('does nothing a day later, when all counts have expired', async () => {
    const key = newKey({ bytesPerHour: 1000, bytesPerDay: 5000 });
    const permit = await permitted([key], 0, 800);
    await permitted([key], 2 * DAY_MS, 5);
    await settlePermit(database.db, permit, 0);
    await settlePermit(database.db, permit, 4000);
    expect(await usedOf(key, 2 * DAY_MS)).toEqual([5, 5]);
  });

  it('adds up concurrent settlements', async () => {
    const key = newKey({ bytesPerDay: 1_000_000 });
    const permits = await Promise.all(Array.from({ length: 40 }, async (_, i) => permitted([key], i, 1000)));
    await Promise.all(permits.map(async (permit, i) => settlePermit(database.db, permit, i)));
    expect(await usedOf(key, 100)).toEqual([780]);
  });
});

describe('holdKey', () => {
  it('grants nothing until the latest of several holds is over', async () => {
    const keys = [newKey()];
    const key = keys[0]?.key ?? '';
    await holdKey(database.db, key, { forMs: 60_000, why: 'HTTP 429\0', nowMs: START_MS });
    await holdKey(database.db, key, { forMs: 5000, why: 'HTTP 503', nowMs: START_MS });
    expect(await outcome(keys, 0)).toBe('retry-after 60000');
    const [keyState] = await readLimitStates(database.db, keys, { nowMs: START_MS });
    expect(keyState?.wait?.detail).toBe('HTTP 429\u{FFFD}');
    await holdKey(database.db, key, { forMs: 60_000, why: 'HTTP 503', nowMs: START_MS + 30_000 });
    expect(await outcome(keys, 89_999)).toBe('retry-after 1');
    expect(await outcome(keys, 90_000)).toBe('granted');
  });

  it('ends after 30 days at the latest, whatever a site says', async () => {
    const keys = [newKey()];
    await holdKey(database.db, keys[0]?.key ?? '', { forMs: 1e18, why: 'HTTP 429', nowMs: START_MS });
    expect(await outcome(keys, 0)).toBe(`retry-after ${30 * DAY_MS}`);
  });
});

describe('the circuit of a key', () => {
  const trip = (key: PermitKey, afterMs: number, retryAfterMs = 0): Promise<{ trips: number; untilMs: number }> =>
    tripCircuit(database.db, key.key, { why: 'HTTP 403', retryAfterMs, nowMs: START_MS + afterMs });

  it('stays open for longer after each block in a row', async () => {
    const key = newKey();
    let afterMs = 0;
    for (const [trips, pauseMs] of [10 * MINUTE_MS, HOUR_MS, 6 * HOUR_MS, DAY_MS, DAY_MS].entries()) {
      expect(await trip(key, afterMs)).toEqual({ trips: trips + 1, untilMs: START_MS + afterMs + pauseMs });
      expect(await outcome([key], afterMs + 1)).toBe(`circuit-open ${pauseMs - 1}`);
      afterMs += pauseMs;
      expect((await permitted([key], afterMs)).probes).toEqual([key.key]);
      afterMs += 1;
    }
  });

  it('counts blocks of concurrent requests once, and uses the longest Retry-After', async () => {
    const key = newKey();
    const trips = await Promise.all([0, 1, 2, 3].map(async (ms) => trip(key, ms)));
    expect(trips.map((tripped) => tripped.trips)).toEqual([1, 1, 1, 1]);
    expect(await trip(key, 5, 2 * HOUR_MS)).toEqual({ trips: 1, untilMs: START_MS + 5 + 2 * HOUR_MS });
    expect(await trip(key, 6)).toEqual({ trips: 1, untilMs: START_MS + 5 + 2 * HOUR_MS });
  });

  it('lets one probe through when its pause is over, and another one if the first never reports', async () => {
    const key = newKey();
    await trip(key, 0);
    const openMs = 10 * MINUTE_MS;
    const answers = await Promise.all(Array.from({ length: 8 }, async () => take([key], openMs)));
    expect(answers.filter(({ granted }) => granted)).toHaveLength(1);
    expect(await outcome([key], openMs + 1)).toBe('probe-under-way 5000');
    expect(await outcome([key], openMs + 5 * MINUTE_MS - 1)).toBe('probe-under-way 1');
    expect(await outcome([key], openMs + 5 * MINUTE_MS)).toBe('granted');
  });

  it('closes when a probe is answered, but not by an answer to an earlier request', async () => {
    const key = newKey();
    const before = await permitted([key], 0);
    expect(before.probes).toEqual([]);
    await trip(key, 1);
    await closeCircuit(database.db, before);
    expect(await outcome([key], 2)).toMatch(/^circuit-open/);
    const probe = await permitted([key], 11 * MINUTE_MS);
    await closeCircuit(database.db, probe);
    expect([await outcome([key], 11 * MINUTE_MS), await outcome([key], 11 * MINUTE_MS)]).toEqual([
      'granted',
      'granted',
    ]);
    expect(await trip(key, 12 * MINUTE_MS)).toMatchObject({ trips: 1 });
    // The answer of a probe comes late, after the circuit was opened again.
    await closeCircuit(database.db, probe);
    expect(await outcome([key], 13 * MINUTE_MS)).toMatch(/^circuit-open/);
  });
});

it('a circuit that one API key opened is closed for another one, and only for that', async () => {
  const [key, other] = [newKey(), newKey()];
  await tripCircuit(database.db, key.key, { why: 'Invalid API Key', apiKey: 'old', nowMs: START_MS });
  await tripCircuit(database.db, other.key, { why: 'HTTP 403', nowMs: START_MS });
  await forgiveNewKey(database.db, key.key, 'old');
  expect(await outcome([key], 1)).toMatch(/^circuit-open/);
  for (const one of [key, other]) await forgiveNewKey(database.db, one.key, 'new');
  expect([await outcome([key], 2), await outcome([other], 2)]).toEqual([
    'granted',
    expect.stringMatching(/^circuit-open/),
  ]);
});

describe('permitSoon', () => {
  const ask = (keys: readonly PermitKey[], patienceMs: number, signal = new AbortController().signal) => {
    const waits: string[] = [];
    const answer = permitSoon(database.db, keys, { patienceMs, signal, onWait: (why) => waits.push(why) });
    return { answer, waits };
  };
  const held = async (forMs: number): Promise<PermitKey[]> => {
    const key = newKey();
    await holdKey(database.db, key.key, { forMs, why: 'HTTP 429' });
    return [key];
  };

  it('waits for a permit that its patience covers', async () => {
    const { answer, waits } = ask(await held(300), MINUTE_MS);
    expect(await answer).toHaveProperty('permit');
    expect(waits).toEqual([expect.stringContaining('HTTP 429')]);
  });

  it('reports at once a wait that is longer than its patience', async () => {
    const { answer, waits } = ask(await held(HOUR_MS), MINUTE_MS);
    expect(await answer).toMatchObject({ reason: 'retry-after', why: waits[0] });
    expect(waits).toHaveLength(1);
  });

  it('reports at once if its signal is aborted, however patient it is', async () => {
    const { answer } = ask(await held(HOUR_MS), DAY_MS, AbortSignal.abort());
    const { waitMs } = (await answer) as { waitMs: number };
    expect(waitMs).toBeGreaterThan(50 * MINUTE_MS);
    expect(waitMs).toBeLessThanOrEqual(HOUR_MS);
  });

  it('waits as long as its patience, and reports when its signal is aborted meanwhile', async () => {
    const key = newKey();
    const longAgo = { why: 'HTTP 403', retryAfterMs: 0, nowMs: Date.now() - HOUR_MS };
    await tripCircuit(database.db, key.key, longAgo);
    expect((await takePermit(database.db, [key])).granted).toBe(true);
    const controller = new AbortController();
    // While a probe is under way, each answer is to ask again in 5 s.
    const { answer, waits } = ask([key], 5 * SECOND_MS, controller.signal);
    await expect.poll(() => waits.length).toBe(1);
    controller.abort();
    expect(await answer).toMatchObject({ reason: 'probe-under-way', waitMs: 5 * SECOND_MS });
    expect(waits).toHaveLength(2);
  });
});

describe('keys as status shows them', () => {
  it('are read in the given order, including keys that were never used', async () => {
    const [used, unused] = [newKey({ requestsPerDay: 9 }), newKey({ requestsPerDay: 7 })];
    await permitted([used], 0);
    const standings = await readLimitStates(database.db, [unused, used], { nowMs: START_MS });
    expect(standings.map(({ key, budgets }) => [key, budgets[0]?.left])).toEqual([
      [unused.key, 7],
      [used.key, 8],
    ]);
    expect(await readLimitStates(database.db, [], { nowMs: START_MS })).toEqual([]);
  });

  it('are listed while they are held or tripped, and deleted when nothing is left', async () => {
    const [held, tripped, idle, busy] = [
      newKey(),
      newKey(),
      newKey({ requestsPerDay: 5 }),
      newKey({ requestsPerDay: 5 }),
    ];
    await permitted([idle], 0);
    await permitted([busy], 2 * HOUR_MS);
    await tripCircuit(database.db, tripped.key, { why: 'HTTP 403', nowMs: START_MS });
    await holdKey(database.db, held.key, { forMs: 2 * DAY_MS, why: 'HTTP 429', nowMs: START_MS });
    const listed = await usedKeys(database.db, 1_000, { nowMs: START_MS + DAY_MS });
    const places = [held, tripped, busy, idle].map(({ key }) => listed.indexOf(key));
    expect(Math.min(...places)).toBeGreaterThanOrEqual(0);
    expect(Math.max(...places.slice(0, 2))).toBeLessThan(places[2] ?? 0);
    expect(places[2]).toBeLessThan(places[3] ?? 0);
    expect(await usedKeys(database.db, 1_000, { nowMs: START_MS + 2 * DAY_MS })).not.toContain(held.key);
    expect(await usedKeys(database.db, 2, { nowMs: START_MS + DAY_MS })).toHaveLength(2);
    await deleteIdleKeys(database.db, { nowMs: START_MS + DAY_MS + HOUR_MS });
    const { rows } = await sql<{ key: string }>`
      select key from permit where key = any(${[held, tripped, idle, busy].map(({ key }) => key)}::text[])`.execute(
      database.db,
    );
    expect(rows.map(({ key }) => key).toSorted()).toEqual([held.key, tripped.key, busy.key].toSorted());
  });
});

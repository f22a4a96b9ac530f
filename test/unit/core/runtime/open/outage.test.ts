import { describe, expect, it } from 'vitest';
import {
  sleepUnlessAborted,
  waitingOut,
  type OutageOptions,
} from '../../../../../src/core/runtime/open/outage.process.ts';

function recording(): { lines: string[]; log: OutageOptions['log'] } {
  const lines: string[] = [];
  const log = {
    info: (message: string) => void lines.push(`info ${message}`),
    warn: (_fields: object, message: string) => void lines.push(`warn ${message}`),
  };
  return { lines, log };
}

const GONE = Object.assign(new Error('connect refused'), { code: 'ECONNREFUSED' });
const { signal } = new AbortController();

/** Work that fails as often as there are errors, and then gives 7. */
function failing(...errors: readonly Error[]): () => Promise<number> {
  const left = [...errors];
  return async () => {
    const error = left.shift();
    if (error !== undefined) throw error;
    return 7;
  };
}

describe('work in an outage of the database', () => {
  it('runs again until it succeeds, and the outage is reported when it begins and when it ends', async () => {
    const { lines, log } = recording();
    const patiently = waitingOut({ log, signal });
    expect(await Promise.all([patiently(failing(GONE, GONE)), patiently(failing())])).toEqual([7, 7]);
    expect(await patiently(failing())).toBe(7);
    expect(lines.slice(0, 2)).toEqual([
      'warn PostgreSQL is unreachable; waiting for it',
      'info PostgreSQL is reachable again',
    ]);
  });

  it('fails once the time to wait is over, or at the signal', async () => {
    const { log } = recording();
    await expect(waitingOut({ log, signal, patienceMs: 0 })(failing(GONE))).rejects.toMatchObject({
      code: 'database-gone',
    });
    await expect(waitingOut({ log, signal: AbortSignal.abort() })(failing(GONE))).rejects.toBe(GONE);
  });

  it('fails at once with another error', async () => {
    const { lines, log } = recording();
    const full = Object.assign(new Error('full'), { code: '53100' });
    await expect(waitingOut({ log, signal })(failing(full))).rejects.toBe(full);
    expect(lines).toEqual([]);
  });
});

describe('sleepUnlessAborted', () => {
  it('sleeps for the given time', async () => {
    const startedMs = performance.now();
    await sleepUnlessAborted(30, new AbortController().signal);
    expect(performance.now() - startedMs).toBeGreaterThan(25);
  });

  it('wakes up at the signal, without an error', async () => {
    const controller = new AbortController();
    setTimeout(() => controller.abort(), 10);
    await expect(sleepUnlessAborted(3_600_000, controller.signal)).resolves.toBeUndefined();
  });

  it('does not begin after the signal', async () => {
    await expect(sleepUnlessAborted(60_000, AbortSignal.abort())).resolves.toBeUndefined();
  });
});

import { describe, expect, it } from 'vitest';
import { sleepUnlessAborted } from '../../../../src/runtime/open/outage.process.ts';

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

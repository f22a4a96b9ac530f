import { afterEach, expect, it, vi } from 'vitest';
import { everyMinute } from '../../../../../src/core/cli/worker/discover-worker.ts';

afterEach(() => vi.useRealTimers());

it('a worker reports every minute why a source waits, also if it sends no request, until the source goes on', () => {
  vi.useFakeTimers();
  const told: string[] = [];
  const ending = new AbortController();
  const waits = everyMinute((why) => told.push(why), ending.signal);
  waits('refused');
  waits('refused');
  expect(told).toEqual(['refused']);
  vi.advanceTimersByTime(180_000);
  expect(told).toEqual(['refused', 'refused', 'refused', 'refused']);
  waits(null);
  vi.advanceTimersByTime(180_000);
  expect(told).toHaveLength(4);
  ending.abort();
  expect(vi.getTimerCount()).toBe(0);
});

import { setTimeout as sleep } from 'node:timers/promises';

const POLL_MS = 10;

/** Waits until a condition holds; fails with its text if it does not in time. The limit is long, for busy machines: it costs nothing. */
export async function until(condition: () => boolean | Promise<boolean>, timeoutMs = 60_000): Promise<void> {
  const deadlineMs = performance.now() + timeoutMs;
  while (!(await condition())) {
    if (performance.now() > deadlineMs) throw new Error(`Expected ${condition.toString()} within ${timeoutMs} ms`);
    await sleep(POLL_MS);
  }
}

import { setTimeout as sleep } from 'node:timers/promises';

const POLL_MS = 10;

/** Waits for what comes by itself; fails with the text of the condition if it does not come in time. */
export async function until(condition: () => boolean | Promise<boolean>, timeoutMs = 15_000): Promise<void> {
  const deadlineMs = performance.now() + timeoutMs;
  while (!(await condition())) {
    if (performance.now() > deadlineMs) throw new Error(`Expected ${condition.toString()} within ${timeoutMs} ms`);
    await sleep(POLL_MS);
  }
}

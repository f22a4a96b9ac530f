import { setTimeout as sleep } from 'node:timers/promises';

/** Waits until the time is over or the signal aborts. It does not reject. */
export async function sleepUnlessAborted(durationMs: number, signal: AbortSignal): Promise<void> {
  try {
    await sleep(durationMs, undefined, { signal });
  } catch (error) {
    if (!signal.aborted) throw error;
  }
}

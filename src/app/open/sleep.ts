import { setTimeout as sleep } from 'node:timers/promises';

/** Waits, but no longer than until the signal; never rejects for it. */
export async function sleepUnlessAborted(durationMs: number, signal: AbortSignal): Promise<void> {
  try {
    await sleep(durationMs, undefined, { signal });
  } catch (error) {
    if (!signal.aborted) throw error;
  }
}

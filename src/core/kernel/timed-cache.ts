import type { Clock } from './clock.ts';

/** A value is cached for at least this many times its read time, so that reading takes at most a twentieth of the time. */
const TIMES_AS_LONG = 20;

/**
 * Caches the result of `read` for at least `forMs` milliseconds of a monotonic `clock`. Calls during a read share its
 * result. A failed read is not cached.
 */
export function timedCache<T>(
  read: () => Promise<T>,
  { forMs, clock }: { readonly forMs: number; readonly clock: Clock },
): () => Promise<T> {
  let kept: Promise<T> | null = null;
  let endsMs = 0;
  return () => {
    if (kept !== null && clock.nowMs() < endsMs) return kept;
    const startMs = clock.nowMs();
    const reading = read();
    kept = reading;
    endsMs = Number.POSITIVE_INFINITY;
    reading.then(
      () => (endsMs = startMs + Math.max(forMs, TIMES_AS_LONG * (clock.nowMs() - startMs))),
      () => (kept = null),
    );
    return reading;
  };
}

import type { Clock } from './clock.ts';

/** What was read is kept this many times as long as reading it took, if that is longer: reading takes a twentieth of the time at most. */
const TIMES_AS_LONG = 20;

/**
 * What `read` gives, for those who can do with what was so a while ago. It is read anew for who asks when it is older than
 * `forMs` milliseconds; those who ask meanwhile get the same reading. One that fails is not kept.
 *
 * @param clock one that no setting of the system's clock moves
 */
export function keptAWhile<T>(
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

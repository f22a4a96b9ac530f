/** A stage gives up after this many rounds in which the remaining work was queued but none of it was done. */
const ROUNDS_WITHOUT_PROGRESS = 3;
/** The least time without progress after which a stage that is fed continuously gives up. */
const PATIENCE_MS = 30_000;

export interface Standstill {
  readonly rounds: number;
  readonly sinceMs: number;
  /** The remaining work after the last round. Null if this process made progress, because counting it each time may be slow. */
  readonly left: number | null;
}

export function newStandstill(left: number | null = null): Standstill {
  return { rounds: 0, sinceMs: performance.now(), left };
}

/** The standstill after a round: a new one if this process (`left` is null) or another made progress. */
export function afterRound(
  before: Standstill,
  { left, isDrained }: { readonly left: number | null; readonly isDrained: boolean },
): Standstill {
  if (left === null || (before.left !== null && left < before.left)) return newStandstill(left);
  return { ...before, rounds: before.rounds + (isDrained ? 1 : 0), left };
}

/** If jobs are queued continuously, another process may have taken ours and found nothing to do for itself in them. */
export function isHopeless({ rounds, sinceMs }: Standstill, isFedContinuously: boolean): boolean {
  const patienceMs = isFedContinuously ? PATIENCE_MS : 0;
  return rounds >= ROUNDS_WITHOUT_PROGRESS && performance.now() - sinceMs >= patienceMs;
}

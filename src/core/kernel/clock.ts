export interface Clock {
  /** Milliseconds since the Unix epoch. */
  nowMs(): number;
}

export const systemClock: Clock = { nowMs: () => Date.now() };

/**
 * A monotonic clock: milliseconds since the epoch, as of the start of the process, plus the time since then. Setting the
 * system's clock does not change it. Use it for pauses inside this process. It stops while the machine sleeps.
 */
export const steadyClock: Clock = { nowMs: () => performance.timeOrigin + performance.now() };

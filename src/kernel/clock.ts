/** Time as a port, so that tests can jump. */
export interface Clock {
  /** Milliseconds since the Unix epoch. */
  nowMs(): number;
}

export const systemClock: Clock = { nowMs: () => Date.now() };

/**
 * Time since the start of the process, told as milliseconds since the epoch: setting the system's clock does not move it.
 * For pauses that only this process knows of. It stands still while the machine sleeps.
 */
export const steadyClock: Clock = { nowMs: () => performance.timeOrigin + performance.now() };

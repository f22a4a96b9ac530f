/** How many resamples a bootstrap of `Draws` takes, and its seed. */
export const RESAMPLES = 2_000;
const SEED = 1;

/**
 * The generator mulberry32 (T. Ettinger 2017, public domain), because any language repeats it in five lines. In Python, with
 * `M = 2**32 - 1`, one draw of n is
 *
 *     a = (a + 0x6D2B79F5) & M
 *     t = (a ^ a >> 15) * (a | 1) & M
 *     t ^= t + ((t ^ t >> 7) * (t | 61) & M) & M
 *     return (t ^ t >> 14) * n >> 32
 */
export class Draws {
  #state = SEED;

  /** A whole number 0..n - 1, n at most 2^21. */
  below(n: number): number {
    this.#state = (this.#state + 0x6d_2b_79_f5) | 0;
    let mixed = Math.imul(this.#state ^ (this.#state >>> 15), this.#state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return Math.floor((((mixed ^ (mixed >>> 14)) >>> 0) * n) / 2 ** 32);
  }
}

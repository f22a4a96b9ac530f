/** Collects numbers and gives their percentiles. A null is left out: a resample in which a number is not defined does not count. */
export class Percentiles {
  readonly #values: number[] = [];

  add(value: number | null): void {
    if (value !== null) this.#values.push(value);
  }

  /** The percentile of a share (0..1), interpolated linearly as NumPy does. Null without a value. */
  at(share: number): number | null {
    const sorted = this.#values.toSorted((a, b) => a - b);
    const place = share * (sorted.length - 1);
    const [low, high] = [sorted[Math.floor(place)], sorted[Math.ceil(place)]];
    return low === undefined || high === undefined ? null : low + (high - low) * (place - Math.floor(place));
  }
}

/** A count, and the bytes that came with it, at a time in milliseconds. */
export interface Sample {
  readonly atMs: number;
  readonly done: number;
  readonly bytes: number;
}

export interface Speed {
  readonly perSecond: number;
  readonly bytesPerSecond: number;
}

const WINDOW_MS = 30_000;

/** How fast things go now: over the last half minute, not since the beginning. */
export class Pace {
  readonly #samples: Sample[];

  constructor(startMs: number) {
    this.#samples = [{ atMs: startMs, done: 0, bytes: 0 }];
  }

  /** Notes how far things are; gives the pace a second. Null as long as nothing can be said. */
  note(sample: Sample): Speed | null {
    const samples = this.#samples;
    samples.push(sample);
    // The last one from before the window stays: the window begins there.
    while ((samples[1]?.atMs ?? Number.POSITIVE_INFINITY) <= sample.atMs - WINDOW_MS) samples.shift();
    const [first = sample] = samples;
    const seconds = (sample.atMs - first.atMs) / 1000;
    if (seconds <= 0) return null;
    return { perSecond: (sample.done - first.done) / seconds, bytesPerSecond: (sample.bytes - first.bytes) / seconds };
  }
}

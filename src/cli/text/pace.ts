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

/** The current speed: over the last half minute, not since the start. */
export class Pace {
  readonly #samples: Sample[];

  constructor(startMs: number) {
    this.#samples = [{ atMs: startMs, done: 0, bytes: 0 }];
  }

  /** Records the progress and returns the speed per second; null until there is enough data. */
  note(sample: Sample): Speed | null {
    const samples = this.#samples;
    samples.push(sample);
    // Keep the last sample before the window, because the window starts there.
    while ((samples[1]?.atMs ?? Number.POSITIVE_INFINITY) <= sample.atMs - WINDOW_MS) samples.shift();
    const [first = sample] = samples;
    const seconds = (sample.atMs - first.atMs) / 1000;
    if (seconds <= 0) return null;
    return { perSecond: (sample.done - first.done) / seconds, bytesPerSecond: (sample.bytes - first.bytes) / seconds };
  }
}

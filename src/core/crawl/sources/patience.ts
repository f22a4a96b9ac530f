/** Why a crawl gave a source up. `gave-up`: its requests kept failing. The others: its site wants a longer pause than the crawl waits. */
export type StopReason = 'gave-up' | 'retry-after' | 'refused';

export interface SourceStop {
  readonly reason: StopReason;
  /** For people: the last failure. */
  readonly error: string;
  /** host:port */
  readonly host: string;
  /** When the site may be asked again, if it said so. */
  readonly until: Date | null;
}

/** The remaining work at a source that was given up. */
export interface SourceLeft {
  readonly searches: number;
  readonly pictures: number;
}

/** Decides when a source whose requests fail is given up (`crawl.giveUpAfterMs`). Times are milliseconds of one clock. */
export class Patience {
  readonly #limitMs: number | null;
  #sinceMs: number | null = null;

  /** @param limitMs null: never gives up */
  constructor(limitMs: number | null) {
    this.#limitMs = limitMs;
  }

  answered(): void {
    this.#sinceMs = null;
  }

  /** Records a failed request. Returns true if it failed this long or longer after the first failure without an answer between. */
  failed(nowMs: number): boolean {
    this.#sinceMs ??= nowMs;
    return this.#limitMs !== null && nowMs - this.#sinceMs >= this.#limitMs;
  }

  /** @param waitMs null: the site named no pause */
  isTooLong(waitMs: number | null): boolean {
    return this.#limitMs !== null && waitMs !== null && waitMs > this.#limitMs;
  }

  /** When a failing source is given up. Null if its last request was answered, or if it is never given up. */
  get endMs(): number | null {
    return this.#sinceMs === null || this.#limitMs === null ? null : this.#sinceMs + this.#limitMs;
  }
}

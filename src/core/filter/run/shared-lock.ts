/** A shared/exclusive lock: any number of shared holders, or one exclusive holder at a time. */
export class SharedLock {
  readonly #holders = new Set<Promise<unknown>>();
  #last: Promise<unknown> = Promise.resolve();
  #waiting = 0;

  /** Runs `work` once nobody holds the exclusive lock or waits for it. */
  async shared<T>(work: () => Promise<T>): Promise<T> {
    while (this.#waiting > 0) await this.#last;
    const running = work();
    const ended = running.catch(() => undefined);
    this.#holders.add(ended);
    try {
      return await running;
    } finally {
      this.#holders.delete(ended);
    }
  }

  async exclusive<T>(work: () => Promise<T>): Promise<T> {
    this.#waiting += 1;
    const before = this.#last;
    const running = (async () => {
      await before;
      await Promise.all(this.#holders);
      return work();
    })();
    this.#last = running
      .catch(() => undefined)
      .finally(() => {
        this.#waiting -= 1;
      });
    return running;
  }
}

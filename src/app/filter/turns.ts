/** Two kinds of work that must not meet: any number of one kind together, or of the other one after the other. */
export class Turns {
  readonly #together = new Set<Promise<unknown>>();
  #alone: Promise<unknown> = Promise.resolve();
  /** Callers of `alone` that have not ended. */
  #waiting = 0;

  /** Begins once nothing runs alone or waits for that. */
  async together<T>(work: () => Promise<T>): Promise<T> {
    while (this.#waiting > 0) await this.#alone;
    const running = work();
    const ended = running.catch(() => undefined);
    this.#together.add(ended);
    try {
      return await running;
    } finally {
      this.#together.delete(ended);
    }
  }

  /** Begins once everything else has ended. */
  async alone<T>(work: () => Promise<T>): Promise<T> {
    this.#waiting += 1;
    const before = this.#alone;
    const running = (async () => {
      await before;
      await Promise.all(this.#together);
      return work();
    })();
    this.#alone = running
      .catch(() => undefined)
      .finally(() => {
        this.#waiting -= 1;
      });
    return running;
  }
}

/**
 * Serves the hosts in rounds, and reads the list again only when every host of the last one was served. So tens of thousands of
 * hosts are not read twice a second or queued all at once.
 */
export class HostRounds {
  readonly #walk: () => Promise<readonly string[]>;
  readonly #atOnce: number;
  #left: readonly string[] = [];

  constructor(walk: () => Promise<readonly string[]>, atOnce: number) {
    this.#walk = walk;
    this.#atOnce = atOnce;
  }

  /** The next hosts in the order of the list, without resting ones. Empty if all rest or none has pictures. */
  async next(isResting: (host: string) => boolean): Promise<readonly string[]> {
    let hasWalked = false;
    for (;;) {
      if (this.#left.length === 0) {
        if (hasWalked) return [];
        this.#left = await this.#walk();
        hasWalked = true;
      }
      const turn = this.#left.slice(0, this.#atOnce);
      this.#left = this.#left.slice(this.#atOnce);
      const awake = turn.filter((host) => !isResting(host));
      if (awake.length > 0) return awake;
    }
  }
}

/**
 * Hosts that have something to fetch, in rounds: a walk over all of them is made anew once every host of the last one had
 * its turn. With tens of thousands of hosts neither is the catalogue asked for all of them twice a second, nor are they
 * all queued at once; with few of them every turn is a walk.
 */
export class HostRounds {
  readonly #walk: () => Promise<readonly string[]>;
  readonly #atOnce: number;
  #left: readonly string[] = [];

  /** @param atOnce hosts in one turn at most */
  constructor(walk: () => Promise<readonly string[]>, atOnce: number) {
    this.#walk = walk;
    this.#atOnce = atOnce;
  }

  /** The hosts whose turn it is, in the order of the walk, without those that rest; none if all rest or none has anything. */
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

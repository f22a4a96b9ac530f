interface Host {
  active: number;
  /** Wakes those who wait, in the order in which they came. */
  readonly waiting: (() => void)[];
}

/**
 * So many requests at once to one host. It is not left to the agent's `maxSockets`, because a request that waits there
 * already has its permit and its timers run.
 */
export class HostSlots {
  readonly #slotsPerHost: number;
  /** Only hosts that are busy, so that it stays small over a crawl of many hosts. */
  readonly #hosts = new Map<string, Host>();

  constructor(slotsPerHost: number) {
    this.#slotsPerHost = slotsPerHost;
  }

  /** Does the work once a slot of the host is free. */
  async run<T>(key: string, work: () => Promise<T>): Promise<T> {
    const host = this.#hosts.get(key) ?? { active: 0, waiting: [] };
    this.#hosts.set(key, host);
    if (host.active >= this.#slotsPerHost) await new Promise<void>((wake) => host.waiting.push(wake));
    else host.active += 1;
    try {
      return await work();
    } finally {
      const next = host.waiting.shift();
      // The slot is handed on without being freed in between, so that nobody overtakes.
      if (next !== undefined) next();
      else host.active -= 1;
      if (host.active === 0) this.#hosts.delete(key);
    }
  }
}

interface Host {
  active: number;
  readonly waiting: (() => void)[];
}

/**
 * Limits the concurrent requests to one host. The agent's `maxSockets` cannot do this, because a request that waits there
 * already has its permit and its timers run.
 */
export class HostSlots {
  readonly #slotsPerHost: number;
  /** Contains only busy hosts, so that it stays small over a crawl of many hosts. */
  readonly #hosts = new Map<string, Host>();

  constructor(slotsPerHost: number) {
    this.#slotsPerHost = slotsPerHost;
  }

  async run<T>(key: string, work: () => Promise<T>): Promise<T> {
    const host = this.#hosts.get(key) ?? { active: 0, waiting: [] };
    this.#hosts.set(key, host);
    if (host.active >= this.#slotsPerHost) await new Promise<void>((wake) => host.waiting.push(wake));
    else host.active += 1;
    try {
      return await work();
    } finally {
      const next = host.waiting.shift();
      // The slot passes directly to the next caller, so that no other caller can overtake it.
      if (next !== undefined) next();
      else host.active -= 1;
      if (host.active === 0) this.#hosts.delete(key);
    }
  }
}

import { backoffMs } from '../../kernel/backoff.ts';
import type { FailedReason } from '../../kernel/reasons.ts';
import type { Refusal } from '../../platform/http/http-outcome.ts';

/**
 * Decides whether an unreachable picture is due to the picture, to its host, or to a lost network.
 *
 * Requests to an unreachable host pause for 2 s, then 4, 8, ... up to 2 minutes. After four failed tries in a row the host is
 * given up (its pictures fail at once), but only if another host has answered since: otherwise our own network may be down. If no
 * host answers, pictures stay waiting, and fetching ends after `crawl.giveUpAfterMs`.
 */

const HOST_REASONS: ReadonlySet<string> = new Set<FailedReason>(['dns', 'connect']);

export const isAboutHost = (reason: string): boolean => HOST_REASONS.has(reason);

const MAX_TRIES = 4;
const FIRST_PAUSE_MS = 2_000;
const LONGEST_PAUSE_MS = 120_000;
/** If this many hosts fail and none answers, the network is probably down. */
const SUSPICIOUS_HOSTS = 3;

export type HostVerdict =
  | { readonly kind: 'ask' }
  | { readonly kind: 'rest'; readonly untilMs: number; readonly problem: HostProblem }
  | { readonly kind: 'given-up'; readonly problem: HostProblem };

export type HostProblem = Pick<Refusal, 'reason' | 'detail'>;

interface Trouble {
  tries: number;
  readonly sinceMs: number;
  restUntilMs: number;
  problem: HostProblem;
}

/** The state of the hosts that one run contacts. Times are milliseconds since the epoch. */
export class HostHealth {
  readonly #troubles = new Map<string, Trouble>();
  readonly #giveUpAfterMs: number;
  #answeredMs = 0;

  /** @param giveUpAfterMs null: the network is never given up */
  constructor(giveUpAfterMs: number | null) {
    this.#giveUpAfterMs = giveUpAfterMs ?? Number.POSITIVE_INFINITY;
  }

  answered(host: string, nowMs: number): void {
    this.#answeredMs = Math.max(this.#answeredMs, nowMs);
    this.#troubles.delete(host);
  }

  /** Records that the host could not be reached. Concurrent requests count as one try. */
  failed(host: string, problem: HostProblem, nowMs: number): void {
    const trouble = this.#troubles.get(host);
    if (trouble === undefined) {
      this.#troubles.set(host, { tries: 1, sinceMs: nowMs, restUntilMs: nowMs + FIRST_PAUSE_MS, problem });
    } else if (nowMs >= trouble.restUntilMs) {
      trouble.tries += 1;
      trouble.problem = problem;
      trouble.restUntilMs = nowMs + backoffMs(trouble.tries, { firstMs: FIRST_PAUSE_MS, capMs: LONGEST_PAUSE_MS });
    }
  }

  /** Decides whether to send a request to the host now. A host that was given up is tried again from time to time. */
  verdict(host: string, nowMs: number): HostVerdict {
    const trouble = this.#troubles.get(host);
    if (trouble === undefined || nowMs >= trouble.restUntilMs) return { kind: 'ask' };
    if (this.isGivenUp(host)) return { kind: 'given-up', problem: trouble.problem };
    return { kind: 'rest', untilMs: trouble.restUntilMs, problem: trouble.problem };
  }

  /** True if four tries have failed although other hosts have answered since the first of them. */
  isGivenUp(host: string): boolean {
    const trouble = this.#troubles.get(host);
    return trouble !== undefined && trouble.tries >= MAX_TRIES && this.#answeredMs > trouble.sinceMs;
  }

  /** True if several hosts fail and none has answered since. Then the pictures are probably fine. */
  isNetworkSuspect(): boolean {
    const silent = [...this.#troubles.values()].filter(({ sinceMs }) => this.#answeredMs <= sinceMs);
    return silent.length >= SUSPICIOUS_HOSTS;
  }

  /** The last problem, if no host has answered for longer than the run waits. Null otherwise. */
  networkGone(nowMs: number): (HostProblem & { readonly host: string }) | null {
    for (const [host, { sinceMs, tries, problem }] of this.#troubles) {
      if (tries < MAX_TRIES || this.#answeredMs > sinceMs || nowMs - sinceMs < this.#giveUpAfterMs) continue;
      return { ...problem, host };
    }
    return null;
  }
}

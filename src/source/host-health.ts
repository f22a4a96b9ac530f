import type { FailedReason } from '../kernel/reasons.ts';
import type { Refusal } from './http-outcome.ts';

/**
 * Hosts that cannot be reached at all, told apart from pictures that cannot be had, and from a network that is gone.
 *
 * A host that cannot be reached is left alone for 2 s, then 4, 8, ... up to 2 minutes, by all of its lanes: hammering it
 * would use up the tries of picture after picture. After four tries in a row it is given up, and its pictures fail at
 * once, but only if some other host has answered since: then it is not our network. If nothing answers, pictures stay
 * waiting, and after five minutes the run ends.
 */

/** These are about a host, whatever is asked of it. */
const HOST_REASONS: ReadonlySet<string> = new Set<FailedReason>(['dns', 'connect']);

export const isAboutHost = (reason: string): boolean => HOST_REASONS.has(reason);

/** Tries in a row. */
const MAX_TRIES = 4;
const FIRST_PAUSE_MS = 2_000;
const LONGEST_PAUSE_MS = 120_000;
/** Nothing answered for so long: it makes no sense to go on now. */
const NETWORK_PATIENCE_MS = 300_000;
/** As many hosts that fail together, with none that answers, are taken for a network that is gone. */
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

/** What one run knows of the hosts that it asks. Times are milliseconds since the epoch. */
export class HostHealth {
  readonly #troubles = new Map<string, Trouble>();
  #answeredMs = 0;

  /** The host answered, whatever it said. */
  answered(host: string, nowMs: number): void {
    this.#answeredMs = Math.max(this.#answeredMs, nowMs);
    this.#troubles.delete(host);
  }

  /** The host could not be reached. Requests that were under way together count as one try. */
  failed(host: string, problem: HostProblem, nowMs: number): void {
    const trouble = this.#troubles.get(host);
    if (trouble === undefined) {
      this.#troubles.set(host, { tries: 1, sinceMs: nowMs, restUntilMs: nowMs + FIRST_PAUSE_MS, problem });
    } else if (nowMs >= trouble.restUntilMs) {
      trouble.tries += 1;
      trouble.problem = problem;
      trouble.restUntilMs = nowMs + Math.min(LONGEST_PAUSE_MS, FIRST_PAUSE_MS * 2 ** (trouble.tries - 1));
    }
  }

  /** Whether to send a request to the host now. One that was given up is asked again now and then. */
  verdict(host: string, nowMs: number): HostVerdict {
    const trouble = this.#troubles.get(host);
    if (trouble === undefined || nowMs >= trouble.restUntilMs) return { kind: 'ask' };
    if (this.isGivenUp(host)) return { kind: 'given-up', problem: trouble.problem };
    return { kind: 'rest', untilMs: trouble.restUntilMs, problem: trouble.problem };
  }

  /** Four tries failed, and it is not our network: others have answered since the first of them. */
  isGivenUp(host: string): boolean {
    const trouble = this.#troubles.get(host);
    return trouble !== undefined && trouble.tries >= MAX_TRIES && this.#answeredMs > trouble.sinceMs;
  }

  /** Several hosts fail and none has answered since: no picture is to blame. */
  isNetworkSuspect(): boolean {
    const silent = [...this.#troubles.values()].filter(({ sinceMs }) => this.#answeredMs <= sinceMs);
    return silent.length >= SUSPICIOUS_HOSTS;
  }

  /** Why nothing can be had any more: no host has answered for five minutes. Null if one has, or nothing is known. */
  networkGone(nowMs: number): { readonly sinceMs: number; readonly problem: HostProblem } | null {
    for (const { sinceMs, tries, problem } of this.#troubles.values()) {
      if (tries < MAX_TRIES || this.#answeredMs > sinceMs || nowMs - sinceMs < NETWORK_PATIENCE_MS) continue;
      return { sinceMs, problem };
    }
    return null;
  }
}

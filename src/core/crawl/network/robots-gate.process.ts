import type { Kysely } from 'kysely';
import { Interrupted } from '../../kernel/errors.ts';
import type { FailedReason } from '../../kernel/reasons.ts';
import type { Database } from '../../platform/postgres/database.ts';
import { NO_VERSION, type RemoteVersion } from '../sources/remote-version.ts';
import { MAX_ROBOTS_BYTES, usageRecords, type UsageRecord } from '../sources/robots-file.ts';
import { claimRobots, readRobots, releaseRobots, storeRobots } from '../sources/robots.repository.ts';
import {
  digestRobots,
  isGivenUp,
  robotsUrlOf,
  robotsVerdict,
  type RobotsAnswer,
  type RobotsVerdict,
  type StoredRobots,
} from '../sources/robots.ts';
import { sleepUnlessAborted } from '../../runtime/open/outage.process.ts';
import { ROBOTS_AGENT } from './http.process.ts';

export interface RobotsGateOptions {
  readonly db: Kysely<Database>;
  nowMs(): number;
  readonly signal: AbortSignal;
  /** Politely requests a host's robots.txt unless it is still this version. Null if the run ended first. */
  fetchFile(url: string, known: RemoteVersion): Promise<RobotsAnswer | null>;
}

export type RobotsPass =
  | { readonly kind: 'allow'; readonly crawlDelayMs: number; readonly usage: readonly UsageRecord[] }
  | { readonly kind: 'disallow'; readonly rule: string }
  | {
      readonly kind: 'wait';
      readonly waitMs: number;
      readonly failure: FailedReason;
      /** True if this call itself asked the host and got no answer. */
      readonly isFresh: boolean;
      readonly isHopeless: boolean;
    };

const LEASE_MS = 90_000;
const POLL_MS = 300;
/** How many origins to keep in memory. There are many, and each picture needs its origin. */
const REMEMBERED = 2_000;

/** Fetches robots.txt before a host's first picture. All workers share the files through the catalogue. */
export class RobotsGate {
  readonly #options: RobotsGateOptions;
  readonly #known = new Map<string, StoredRobots>();

  constructor(options: RobotsGateOptions) {
    this.#options = options;
  }

  async pass(url: string): Promise<RobotsPass> {
    const { origin } = new URL(url);
    let isFresh = false;
    while (!this.#options.signal.aborted) {
      const stored = await this.#stored(origin, url);
      const verdict = robotsVerdict(stored, url, this.#options.nowMs());
      const { rules = null } = stored ?? {};
      if (verdict.kind === 'allow')
        return {
          kind: 'allow',
          crawlDelayMs: rules?.crawlDelayMs ?? 0,
          usage: rules === null ? [] : usageRecords(rules, url),
        };
      if (verdict.kind === 'disallow') return verdict;
      if (verdict.kind === 'wait') return this.#waitOf(verdict, isFresh);
      isFresh = await this.#fetchOnce(origin, stored);
    }
    throw new Interrupted();
  }

  async #stored(origin: string, url: string): Promise<StoredRobots | undefined> {
    const known = this.#known.get(origin);
    if (known !== undefined && robotsVerdict(known, url, this.#options.nowMs()).kind !== 'fetch-first') return known;
    const stored = await readRobots(this.#options.db, origin, ROBOTS_AGENT);
    if (stored !== undefined) this.#remember(stored);
    return stored;
  }

  #waitOf({ untilMs, life }: Extract<RobotsVerdict, { kind: 'wait' }>, isFresh: boolean): RobotsPass {
    return {
      kind: 'wait',
      waitMs: Math.max(1, untilMs - this.#options.nowMs()),
      // Rows from before the failure was stored do not have it.
      failure: life.failure ?? 'http-5xx',
      isFresh,
      isHopeless: isGivenUp(life),
    };
  }

  /** Returns false if another worker is asking. */
  async #fetchOnce(origin: string, stored: StoredRobots | undefined): Promise<boolean> {
    const { db, signal } = this.#options;
    const claim = { origin, checkedMs: stored?.life.checkedMs ?? 0, nowMs: this.#options.nowMs(), leaseMs: LEASE_MS };
    if (!(await claimRobots(db, claim))) {
      await sleepUnlessAborted(POLL_MS, signal);
      return false;
    }
    let answer: RobotsAnswer | null = null;
    try {
      answer = await this.#options.fetchFile(robotsUrlOf(origin), stored?.version ?? NO_VERSION);
    } finally {
      // Releases the claim, so that no worker waits for an answer that will not come.
      if (answer === null) await releaseRobots(db, origin);
    }
    if (answer !== null) await storeRobots(db, origin, digestRobots(stored?.life, answer, this.#options.nowMs()));
    return answer !== null;
  }

  #remember(stored: StoredRobots): void {
    if (this.#known.size >= REMEMBERED) this.#known.clear();
    this.#known.set(stored.origin, stored);
  }
}

export const ROBOTS_LIMIT_BYTES = MAX_ROBOTS_BYTES + 1;

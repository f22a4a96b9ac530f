import type { Kysely } from 'kysely';
import { steadyClock } from '../../kernel/clock.ts';
import type { Config } from '../../config/settings.ts';
import { SOURCES } from '../../config/sources/sources.ts';
import type { Database } from '../../platform/postgres/database.ts';
import { type PolitenessSettings, permitOfKey } from '../sources/permit-keys.ts';
import { takePermit, takePlace, type Permit, readLimitStates } from '../sources/permit.repository.ts';
import { explainWait, type PermitKey, type WaitReason } from '../sources/politeness.ts';
import { sleepUnlessAborted } from '../../runtime/open/outage.process.ts';
import { keyBudget, type KeyBudget } from './budget.ts';
import { usedKeys } from '../sources/permit-pause.repository.ts';
import type { App } from '../../runtime/open/app.process.ts';

export function politenessOf({ sources, fetch }: Config): PolitenessSettings {
  return {
    requestsPerMinutePerHost: fetch.requestsPerMinutePerHost,
    sources: Object.fromEntries(SOURCES.map((source) => [source.name, source.limits(sources)])),
  };
}

export interface WaitOptions {
  readonly signal: AbortSignal;
  /** The longest wait. Longer waits are reported instead. */
  readonly patienceMs: number;
  readonly reserveBytes?: number;
  readonly onWait?: (why: string) => void;
}

/** Shorter pauses between requests are no reason to report. */
const USUAL_SPACING_MS = 10_000;

export interface Permitted {
  readonly permit: Permit;
  /** Ends the request's place among those in flight. Call it after the answer. */
  readonly release: () => void;
}

export interface NotPermitted {
  readonly waitMs: number;
  readonly why: string;
  readonly reason: WaitReason | 'in-flight';
}

export async function permitSoon(
  db: Kysely<Database>,
  keys: readonly PermitKey[],
  options: WaitOptions,
): Promise<Permitted | NotPermitted> {
  const { signal, patienceMs, reserveBytes = 0, onWait } = options;
  const release = await placeSoon(db, keys, options);
  if (release === null) return { waitMs: PLACE_WAIT_MS, why: 'other requests are in flight', reason: 'in-flight' };
  try {
    for (;;) {
      const answer = await takePermit(db, keys, { reserveBytes });
      if (answer.granted) return { permit: answer.permit, release };
      const why = explainWait(answer.why);
      if (answer.why.reason !== 'spacing' || answer.waitMs > USUAL_SPACING_MS) onWait?.(why);
      if (answer.waitMs <= patienceMs && !signal.aborted) await sleepUnlessAborted(answer.waitMs, signal);
      else {
        release();
        return { waitMs: answer.waitMs, why, reason: answer.why.reason };
      }
    }
  } catch (error) {
    release();
    throw error;
  }
}

const PLACE_POLL_MS = 100;
const PLACE_WAIT_MS = 1_000;

/** Waits for a place among the requests in flight. Null if there is none within `patienceMs`. */
async function placeSoon(
  db: Kysely<Database>,
  keys: readonly PermitKey[],
  { signal, patienceMs }: WaitOptions,
): Promise<(() => void) | null> {
  const limited = keys.find(({ connections = null }) => connections !== null);
  if (limited === undefined) return () => undefined;
  const endMs = steadyClock.nowMs() + patienceMs;
  for (;;) {
    const release = await takePlace(db, limited);
    if (release !== null || steadyClock.nowMs() > endMs || signal.aborted) return release;
    await sleepUnlessAborted(PLACE_POLL_MS, signal);
  }
}

/** There may be thousands of hosts. It suffices to show those that wait and those that were asked last. */
const KEYS_SHOWN = 100;

/** Returns the budgets of the sources and hosts that were asked. Those that must not be asked now come first. */
export async function readBudgets({ db, config }: Pick<App, 'db' | 'config'>): Promise<KeyBudget[]> {
  const settings = politenessOf(config);
  const keys = (await usedKeys(db, KEYS_SHOWN)).flatMap((key) => permitOfKey(key, settings) ?? []);
  return (await readLimitStates(db, keys)).map(keyBudget);
}

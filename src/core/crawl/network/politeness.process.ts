import type { Kysely } from 'kysely';
import type { Config } from '../../config/settings.ts';
import { SOURCES } from '../../config/sources/sources.ts';
import type { Database } from '../../platform/postgres/database.ts';
import { type PolitenessSettings, permitOfKey } from '../sources/permit-keys.ts';
import { takePermit, type Permit, readLimitStates } from '../sources/permit.repository.ts';
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

export async function permitSoon(
  db: Kysely<Database>,
  keys: readonly PermitKey[],
  options: WaitOptions,
): Promise<{ permit: Permit } | { waitMs: number; why: string; reason: WaitReason }> {
  const { signal, patienceMs, reserveBytes = 0, onWait } = options;
  for (;;) {
    const answer = await takePermit(db, keys, { reserveBytes });
    if (answer.granted) return { permit: answer.permit };
    const why = explainWait(answer.why);
    if (answer.why.reason !== 'spacing' || answer.waitMs > USUAL_SPACING_MS) onWait?.(why);
    if (answer.waitMs > patienceMs || signal.aborted) return { waitMs: answer.waitMs, why, reason: answer.why.reason };
    await sleepUnlessAborted(answer.waitMs, signal);
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

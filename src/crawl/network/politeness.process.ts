import type { Kysely } from 'kysely';
import type { Config } from '../../config/settings.ts';
import { SOURCES } from '../../config/sources/sources.ts';
import type { Database } from '../../platform/postgres/database.ts';
import type { PolitenessSettings } from '../sources/permit-keys.ts';
import { takePermit, type Permit } from '../sources/permit.repository.ts';
import { explainWait, type PermitKey, type WaitReason } from '../sources/politeness.ts';
import { sleepUnlessAborted } from '../../runtime/open/outage.process.ts';

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

export type PermitOrWait =
  | { readonly permit: Permit }
  | { readonly waitMs: number; readonly why: string; readonly reason: WaitReason };

export async function permitSoon(
  db: Kysely<Database>,
  keys: readonly PermitKey[],
  options: WaitOptions,
): Promise<PermitOrWait> {
  const { signal, patienceMs, reserveBytes = 0, onWait } = options;
  for (;;) {
    const answer = await takePermit(db, keys, { reserveBytes });
    if (answer.granted) return { permit: answer.permit };
    const why = explainWait(answer.why);
    if (answer.waitMs > patienceMs || signal.aborted) return { waitMs: answer.waitMs, why, reason: answer.why.reason };
    onWait?.(why);
    await sleepUnlessAborted(answer.waitMs, signal);
  }
}

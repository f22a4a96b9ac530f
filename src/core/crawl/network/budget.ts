import { explainWait, spacingOf, type Budget, type LimitState, type WaitReason } from '../sources/politeness.ts';

export interface BudgetLeft {
  readonly limit: number;
  readonly used: number;
  readonly left: number;
}

/** The budgets of a source, a host, or all pictures of a site, as `status` shows them. Null if there is no such limit. */
export interface KeyBudget {
  /** `source:inaturalist` (its API), `host:live.staticflickr.com`, `media:inaturalist` (its pictures as a whole). */
  readonly key: string;
  /** `left`: requests that can be sent within the next 60 seconds. */
  readonly requestsPerMinute: { readonly limit: number; readonly left: number } | null;
  readonly requestsPerDay: BudgetLeft | null;
  readonly bytesPerHour: BudgetLeft | null;
  readonly bytesPerDay: BudgetLeft | null;
  /** The reason why no request can be sent now, and its end. Null if one can be sent, or only waits for its normal spacing. */
  readonly waits: {
    readonly reason: WaitReason;
    readonly until: string;
    readonly why: string;
    readonly said: string | null;
  } | null;
  readonly circuit: LimitState['circuit'];
  /** Number of blocks in a row. */
  readonly blocks: number;
}

const MINUTE_MS = 60_000;

export function keyBudget(keyState: LimitState): KeyBudget {
  const { key, wait, circuit, trips } = keyState;
  const isPaused = wait !== null && wait.reason !== 'spacing';
  return {
    key,
    requestsPerMinute: minuteOf(keyState),
    requestsPerDay: leftOf(keyState, 'requestsPerDay'),
    bytesPerHour: leftOf(keyState, 'bytesPerHour'),
    bytesPerDay: leftOf(keyState, 'bytesPerDay'),
    waits: isPaused
      ? {
          reason: wait.reason,
          until: new Date(Math.ceil(wait.untilUs / 1000)).toISOString(),
          why: explainWait(wait),
          said: wait.detail,
        }
      : null,
    circuit,
    blocks: trips,
  };
}

function leftOf({ budgets }: LimitState, measure: Budget['measure']): BudgetLeft | null {
  const budget = budgets.find((one) => one.measure === measure);
  return budget === undefined
    ? null
    : { limit: budget.limit, used: Math.round(budget.used), left: Math.round(budget.left) };
}

function minuteOf({ key, limits, nextPermitInMs, budgets }: LimitState): KeyBudget['requestsPerMinute'] {
  const limit = limits.requestsPerMinute;
  if (limit === null) return null;
  const { intervalUs } = spacingOf({ key, limits, minSpacingMs: 0 });
  const openMs = MINUTE_MS - nextPermitInMs;
  const spaced = openMs <= 0 ? 0 : Math.min(limit, Math.floor((openMs * 1000) / intervalUs) + 1);
  const today = budgets.find(({ measure }) => measure === 'requestsPerDay')?.left ?? Number.POSITIVE_INFINITY;
  return { limit, left: Math.min(spaced, today) };
}

export function isNearlyUsedUp({ limit, left }: BudgetLeft): boolean {
  return left < limit / 10;
}

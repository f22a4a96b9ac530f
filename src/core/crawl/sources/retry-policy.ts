import { backoffMs } from '../../kernel/backoff.ts';
import type { DroppedReason, FailedReason } from '../../kernel/reasons.ts';

/**
 * Retries of failures. Reasons without a line here are final: a retry would get the same answer. The pause before try n + 1 is
 * `floorMs` and a random part of `min(capMs, baseMs x 2^(n - 1))` (full jitter, so that requests that failed together are not
 * retried together).
 *
 * | reason                                              | floor | base | cap    | why                                       |
 * |-----------------------------------------------------|-------|------|--------|-------------------------------------------|
 * | timeout-total, timeout-first-byte, too-slow         | 0     | 5 s  | 2 min  | a host under load                         |
 * | reset, short-body, connect                          | 0     | 2 s  | 2 min  | a network or server that hiccups          |
 * | dns                                                 | 0     | 5 s  | 2 min  | resolvers say "no such name" when offline |
 * | http-5xx but 501 and 505; http-4xx: only 408 and 425 | 0     | 5 s  | 5 min  | the server says that it may pass          |
 * | rate-limited                                        | 30 s  | 30 s | 10 min | it said "slow down"                       |
 *
 * `tls` is final: it means a bad certificate. Handshakes that break off are `connect` or `reset`.
 */
const BACKOFFS: Partial<Record<DroppedReason | FailedReason, { floorMs: number; baseMs: number; capMs: number }>> = {
  'timeout-total': { floorMs: 0, baseMs: 5_000, capMs: 120_000 },
  'timeout-first-byte': { floorMs: 0, baseMs: 5_000, capMs: 120_000 },
  'too-slow': { floorMs: 0, baseMs: 5_000, capMs: 120_000 },
  reset: { floorMs: 0, baseMs: 2_000, capMs: 120_000 },
  'short-body': { floorMs: 0, baseMs: 2_000, capMs: 120_000 },
  connect: { floorMs: 0, baseMs: 2_000, capMs: 120_000 },
  dns: { floorMs: 0, baseMs: 5_000, capMs: 120_000 },
  'http-5xx': { floorMs: 0, baseMs: 5_000, capMs: 300_000 },
  'http-4xx': { floorMs: 0, baseMs: 5_000, capMs: 300_000 },
  'rate-limited': { floorMs: 30_000, baseMs: 30_000, capMs: 600_000 },
};

/** Reasons for which `winnow retry` is worthwhile. `http-4xx` is mostly the picture's own fault; certificates are renewed. */
export const PASSING_REASONS: ReadonlySet<string> = new Set([
  ...Object.keys(BACKOFFS).filter((reason) => reason !== 'http-4xx'),
  'tls',
]);

/** 408 Request Timeout, 425 Too Early (RFC 9110, 15.5.9; RFC 8470, 5.2): the only client errors that are the server's haste. */
const PASSING_4XX: ReadonlySet<number> = new Set([408, 425]);
/** 501 Not Implemented, 505 HTTP Version Not Supported (RFC 9110, 15.6): will not pass. */
const LASTING_5XX: ReadonlySet<number> = new Set([501, 505]);

/** A host that asks for a longer pause (`Retry-After`) is left for a later run. */
export const MAX_RETRY_AFTER_MS = 3_600_000;

/** The pause after "slow down" if the host does not say how long to wait. */
export const RATE_LIMITED_PAUSE_MS = 60_000;

export interface FailedTry {
  readonly reason: DroppedReason | FailedReason;
  readonly status: number | null;
  /** Tries made so far, this one included: 1, 2, ... */
  readonly attempt: number;
  /** Tries of one request in all, the first included. */
  readonly maxAttempts: number;
  readonly retryAfterMs: number | null;
  /** In [0, 1), as from `Math.random()`. */
  readonly random: number;
}

export function isTransient({ reason, status }: Pick<FailedTry, 'reason' | 'status'>): boolean {
  if (reason === 'http-4xx') return status !== null && PASSING_4XX.has(status);
  if (reason === 'http-5xx') return status === null || !LASTING_5XX.has(status);
  return BACKOFFS[reason] !== undefined;
}

/**
 * Null means to give up: the failure is final, the tries are used up, or the host asks for more than `MAX_RETRY_AFTER_MS`. The
 * wait is never shorter than the host asks for, because the random part is added to it.
 */
export function retryDelayMs(failed: FailedTry): number | null {
  const { reason, attempt, random } = failed;
  const backoff = BACKOFFS[reason];
  if (backoff === undefined || !isTransient(failed) || attempt >= failed.maxAttempts) return null;
  const jitterMs = random * backoffMs(attempt, { firstMs: backoff.baseMs, capMs: backoff.capMs });
  if (failed.retryAfterMs === null) return Math.round(backoff.floorMs + jitterMs);
  if (failed.retryAfterMs > MAX_RETRY_AFTER_MS) return null;
  return Math.ceil(failed.retryAfterMs + jitterMs);
}

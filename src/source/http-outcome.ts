import { DROPPED_REASONS, type DroppedReason, type FailedReason } from '../kernel/reasons.ts';
import type { PhotoProblem } from './source.ts';

/** Why a request is not sent, or its answer not read. `detail` is for people, without credentials or query strings. */
export interface Refusal {
  readonly reason: DroppedReason | FailedReason;
  readonly detail: string;
  /** Milliseconds after which it may be different, if known. */
  readonly retryAfterMs?: number | null;
}

/** A request that did not bring what it was for. Whether to try again is for retry-policy.ts to say. */
export interface HttpFailure {
  readonly ok: false;
  readonly reason: DroppedReason | FailedReason;
  readonly detail: string;
  /** HTTP status of the answer that ended it; null if there was none. */
  readonly status: number | null;
  /** What `Retry-After` asks for, in milliseconds from now, unbounded; null if nothing was asked. */
  readonly retryAfterMs: number | null;
  /** The hop at which it ended, without credentials and fragment; null if what was asked for is no URL. */
  readonly finalUrl: string | null;
  /** Bytes of bodies received before it ended, over all hops, as sent (before decompression). */
  readonly receivedBytes: number;
}

const DROPPED: ReadonlySet<string> = new Set(DROPPED_REASONS);

/** What the catalogue keeps of a failure: dropped if a rule refused the photo, failed if it could not be had. */
export function problemOf({ reason, detail }: Refusal): PhotoProblem {
  return isDropped(reason) ? { state: 'dropped', reason, detail } : { state: 'failed', reason, detail };
}

function isDropped(reason: DroppedReason | FailedReason): reason is DroppedReason {
  return DROPPED.has(reason);
}

import { DROPPED_REASONS, type DroppedReason, type FailedReason } from '../../kernel/reasons.ts';
import type { PhotoProblem } from '../../kernel/reasons.ts';

/** Why a request was not sent, or its answer not read. `detail` is for people and has no credentials or query strings. */
export interface Refusal {
  readonly reason: DroppedReason | FailedReason;
  readonly detail: string;
  /** Milliseconds after which the request may succeed, if known. */
  readonly retryAfterMs?: number | null;
}

/** A failed request. retry-policy.ts decides whether to retry it. */
export interface HttpFailure {
  readonly ok: false;
  readonly reason: DroppedReason | FailedReason;
  readonly detail: string;
  /** HTTP status of the last answer. Null if there was none. */
  readonly status: number | null;
  /** The wait that `Retry-After` asks for, in milliseconds from now, with no upper bound. Null if there is no such header. */
  readonly retryAfterMs: number | null;
  /** The URL of the last hop, without credentials and fragment. Null if the address is not a URL. */
  readonly finalUrl: string | null;
  /** Bytes of bodies received over all hops, before decompression. */
  readonly receivedBytes: number;
}

const DROPPED: ReadonlySet<string> = new Set(DROPPED_REASONS);

/** The problem that the catalogue stores: `dropped` if a rule refused the photo, `failed` if it could not be fetched. */
export function problemOf({ reason, detail }: Refusal): PhotoProblem {
  return isDropped(reason) ? { state: 'dropped', reason, detail } : { state: 'failed', reason, detail };
}

function isDropped(reason: DroppedReason | FailedReason): reason is DroppedReason {
  return DROPPED.has(reason);
}

import { DROPPED_REASONS, type DroppedReason, type FailedReason, type PhotoProblem } from '../../kernel/reasons.ts';
import { codeOf, messageOf } from '../../kernel/errors.ts';

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

/** Ends a request early inside this folder, as an error or as the reason of an abort. Callers get an `HttpFailure` instead. */
export class Refused extends Error {
  readonly refusal: Refusal;

  constructor(refusal: Refusal) {
    super(refusal.detail);
    this.name = 'Refused';
    this.refusal = refusal;
  }
}

/** Why an answer with this status is not the wanted file, or null if it is. Redirects were followed before. */
export function reasonOfStatus(status: number): FailedReason | null {
  // Partial content that we did not ask for.
  if (status === 206) return 'short-body';
  if (status >= 200 && status < 300) return null;
  if (status === 404 || status === 410) return 'http-404';
  if (status === 429) return 'rate-limited';
  // Redirects that lead nowhere and invented statuses (999) are refusals, as 4xx are.
  return status >= 500 && status < 600 ? 'http-5xx' : 'http-4xx';
}

export type Phase = 'before-headers' | 'in-body';

/** An error that comes neither from the network nor from the answer is a defect, and is returned unchanged. */
export function refusedBy(error: unknown, phase: Phase): Error {
  const root = rootOf(error);
  if (root instanceof Refused) return root;
  const code = codeOf(root);
  if (code === undefined) return error instanceof Error ? error : new Error(messageOf(error), { cause: error });
  return new Refused({ reason: reasonOfCode(code, phase), detail: describe(root, code) });
}

/** True for a proper close before the end of the body, also for a reset that is read with the last bytes (libuv). */
export function isEarlyEnd(error: unknown): boolean {
  const root = rootOf(error);
  // Node's own "aborted": no system call failed.
  return codeOf(root) === 'ECONNRESET' && root instanceof Error && !('syscall' in root);
}

const RESET_CODES: ReadonlySet<string> = new Set(['ECONNRESET', 'EPIPE', 'ERR_STREAM_PREMATURE_CLOSE']);
/** OpenSSL's codes for certificate problems, and Node's own codes for its checks and protocol errors. */
const TLS_CODE =
  /^(?:ERR_TLS_|ERR_SSL_|EPROTO$|CERT_|CRL_|DEPTH_ZERO_|SELF_SIGNED_|UNABLE_TO_|HOSTNAME_MISMATCH|INVALID_|PATH_LENGTH_)/;

function reasonOfCode(code: string, phase: Phase): FailedReason {
  if (RESET_CODES.has(code) || code.startsWith('HPE_')) return 'reset';
  if (TLS_CODE.test(code)) return 'tls';
  // Codes of zlib and Brotli: the compressed data is cut off, or is invalid.
  if (code === 'Z_BUF_ERROR') return 'short-body';
  if (code.startsWith('Z_') || code.startsWith('ERR_BROTLI') || code.startsWith('ERR__')) return 'unreadable';
  return phase === 'before-headers' ? 'connect' : 'reset';
}

/** The original error. Node wraps the errors of several addresses in an AggregateError, which has the code of the first one. */
function rootOf(error: unknown): unknown {
  let root = error;
  while (root instanceof Error && root.cause instanceof Error) root = root.cause;
  return root;
}

function describe(error: unknown, code: string): string {
  const message = messageOf(error);
  return message.includes(code) ? message : `${message} (${code})`.trimStart();
}

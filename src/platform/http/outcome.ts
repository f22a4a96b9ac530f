/** What answers and errors of HTTP mean, in the words of the closed list of reasons. Pure. */
import type { FailedReason } from '../../kernel/reasons.ts';
import { codeOf, messageOf } from '../../kernel/errors.ts';
import { Refused } from './refused.ts';

/** Why an answer of this status is not the wanted file, or null if it is. Redirects have been followed before. */
export function reasonOfStatus(status: number): FailedReason | null {
  // A part that nobody asked for.
  if (status === 206) return 'short-body';
  if (status >= 200 && status < 300) return null;
  if (status === 404 || status === 410) return 'http-404';
  if (status === 429) return 'rate-limited';
  // Redirects that lead nowhere and made-up statuses (999) refuse us as the 4xx do.
  return status >= 500 && status < 600 ? 'http-5xx' : 'http-4xx';
}

/** Where in an exchange an error arose. */
export type Phase = 'before-headers' | 'in-body';

/**
 * The error of a request as a `Refused`. What is no error of the network or of the answer is a defect, and comes back
 * as it is, to be thrown.
 */
export function refusedBy(error: unknown, phase: Phase): Error {
  const root = rootOf(error);
  if (root instanceof Refused) return root;
  const code = codeOf(root);
  if (code === undefined) return error instanceof Error ? error : new Error(messageOf(error), { cause: error });
  return new Refused({ reason: reasonOfCode(code, phase), detail: describe(root, code) });
}

/** Whether a connection was closed in good order, though before the body's end; else it was reset or broke. */
export function isEarlyEnd(error: unknown): boolean {
  const root = rootOf(error);
  // Node's own "aborted": no system call has failed.
  return codeOf(root) === 'ECONNRESET' && root instanceof Error && !('syscall' in root);
}

const RESET_CODES: ReadonlySet<string> = new Set(['ECONNRESET', 'EPIPE', 'ERR_STREAM_PREMATURE_CLOSE']);
/** OpenSSL's names for what is wrong with a certificate, and Node's own for its checks and protocol errors. */
const TLS_CODE =
  /^(?:ERR_TLS_|ERR_SSL_|EPROTO$|CERT_|CRL_|DEPTH_ZERO_|SELF_SIGNED_|UNABLE_TO_|HOSTNAME_MISMATCH|INVALID_|PATH_LENGTH_)/;

function reasonOfCode(code: string, phase: Phase): FailedReason {
  if (RESET_CODES.has(code) || code.startsWith('HPE_')) return 'reset';
  if (TLS_CODE.test(code)) return 'tls';
  // zlib and Brotli: the input ends within the compressed data, or is no such data.
  if (code === 'Z_BUF_ERROR') return 'short-body';
  if (code.startsWith('Z_') || code.startsWith('ERR_BROTLI') || code.startsWith('ERR__')) return 'unreadable';
  return phase === 'before-headers' ? 'connect' : 'reset';
}

/** The error at the bottom. (Node wraps those of several addresses in an AggregateError, which carries the first one's code.) */
function rootOf(error: unknown): unknown {
  let root = error;
  while (root instanceof Error && root.cause instanceof Error) root = root.cause;
  return root;
}

function describe(error: unknown, code: string): string {
  const message = messageOf(error);
  return message.includes(code) ? message : `${message} (${code})`.trimStart();
}

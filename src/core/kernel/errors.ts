/**
 * The details of every error of winnow. Error classes are named for what the runner must do about them, not for where they
 * arose. A message says what is wrong, where (with the value quoted), and what to do. "Expected X but received Y" is for
 * wrong types and formats.
 */
export interface ErrorDetails {
  /** Stable code for programs, in kebab case. Messages may change, codes may not. */
  readonly code: string;
  readonly cause?: unknown;
}

/** Base class of the errors that winnow throws on purpose. Any other error is a defect. */
export abstract class WinnowError extends Error {
  readonly code: string;
  constructor(message: string, details: ErrorDetails) {
    super(message, details.cause === undefined ? {} : { cause: details.cause });
    this.name = new.target.name;
    this.code = details.code;
  }
}

/** Wrong usage, a missing key or an invalid settings file. Consequence: exit code 2 before any work is done. */
export class UsageError extends WinnowError {}

/** The item is fine and the same work may succeed later. Consequence: the job is retried after a pause. */
export class RetryLater extends WinnowError {
  /** The wait that the server asked for, in milliseconds. Null if it named none. */
  readonly retryAfterMs: number | null;
  constructor(message: string, details: ErrorDetails & { readonly retryAfterMs?: number | null }) {
    super(message, details);
    this.retryAfterMs = details.retryAfterMs ?? null;
  }
}

/** A source refuses us (a ban, an expired key). Consequence: it gets no requests for a while; others go on. Exit code 1. */
export class SourceBlocked extends WinnowError {
  /** How long it gets no requests, in milliseconds. Null if that is not decided yet. */
  readonly waitMs: number | null;
  constructor(message: string, details: ErrorDetails & { readonly waitMs?: number }) {
    super(message, details);
    this.waitMs = details.waitMs ?? null;
  }
}

/** This item can never succeed. Consequence: it is counted as failed under its reason, and the run continues. */
export class GiveUpOnItem extends WinnowError {}

/** The run cannot continue (database gone, disk full, wrong model file). Consequence: stop cleanly, exit code 1. */
export class StopTheRun extends WinnowError {}

/**
 * A service that a worker or the server needs did not answer in time at its start. Consequence: exit code 75, after which a
 * supervisor starts it again.
 */
export class ServiceAway extends WinnowError {}

/** The user pressed Ctrl-C or the system asked the process to end. Consequence: running jobs finish, exit code 130. */
export class Interrupted extends WinnowError {
  constructor(message = 'Interrupted') {
    super(message, { code: 'interrupted' });
  }
}

/** @throws Interrupted if the signal is aborted, which may have happened since the last call */
export function throwIfInterrupted(signal: AbortSignal | undefined): void {
  if (signal?.aborted === true) throw new Interrupted();
}

/** The message of a thrown value, for people. A host name with several addresses gives one error each, in a wrapper without a message. */
export function messageOf(error: unknown): string {
  if (error instanceof AggregateError && error.message === '') return error.errors.map(messageOf).join(', ');
  return error instanceof Error ? error.message : String(error);
}

const FILE_CALLS =
  'open|opendir|read|write|stat|lstat|fstat|scandir|mkdir|rmdir|rm|unlink|rename|link|symlink|readlink|realpath|access|copyfile|chmod|chown|fsync|ftruncate|close|statfs';
/** Node's text for an error of the system, `ENOENT: no such file or directory, open '/data/x'`, or its start. */
const SYSTEM_ERROR = new RegExp(
  String.raw`\bE[A-Z]{3,}: ([a-z][a-z -]*[a-z])(?:, (?:${FILE_CALLS})\b(?: '([^'\n]+)'(?: -> '[^'\n]+')?)?)?`,
  'g',
);

/** The same text with errors of the system in words, for people. Names a path unless it is in the text already. */
export function withoutCodes(text: string): string {
  return text.replaceAll(SYSTEM_ERROR, (found, what: string, path?: string) => {
    const isNamed = path === undefined || text.replace(found, '').includes(path);
    return isNamed ? what : `${what}: '${path}'`;
  });
}

/** True for an error of the system about a file or folder that no code has expected. */
export function isFileError(error: unknown): error is NodeJS.ErrnoException {
  return (
    error instanceof Error && 'syscall' in error && 'path' in error && withoutCodes(error.message) !== error.message
  );
}

/** The `code` of a system or winnow error (`ENOENT`, `address-refused`), or undefined. */
export function codeOf(error: unknown): string | undefined {
  if (typeof error !== 'object' || error === null || !('code' in error)) return undefined;
  return typeof error.code === 'string' ? error.code : undefined;
}

/** Resolves to undefined if the call fails with one of these codes. */
export function unlessCode<T>(call: Promise<T>, ...codes: readonly string[]): Promise<T | undefined> {
  return call.catch((error: unknown) => {
    if (codes.includes(codeOf(error) ?? '')) return undefined;
    throw error;
  });
}

export function unreadable(message: string, cause?: unknown): GiveUpOnItem {
  return new GiveUpOnItem(message, { code: 'unreadable-file', cause });
}

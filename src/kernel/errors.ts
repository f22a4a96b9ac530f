/**
 * Errors are named for what the runner must do about them, not for where they arose.
 * Every message has one shape: "Expected X for Y in Z but received V", and says what to do.
 */
export interface ErrorDetails {
  /** Stable machine code in kebab case; texts may change, codes may not. */
  readonly code: string;
  readonly cause?: unknown;
}

/** Base of the errors that winnow raises on purpose; anything else that is thrown is a defect. */
export abstract class WinnowError extends Error {
  readonly code: string;
  constructor(message: string, details: ErrorDetails) {
    super(message, details.cause === undefined ? {} : { cause: details.cause });
    this.name = new.target.name;
    this.code = details.code;
  }
}

/** Wrong usage, a missing key or a wrong file of settings. Consequence: exit code 2 before any work is done. */
export class UsageError extends WinnowError {}

/** Nothing wrong with the item: the same work may succeed later. Consequence: the job is tried again, after a pause. */
export class RetryLater extends WinnowError {
  /** How long whoever refused asked us to wait, in milliseconds; null if they did not say. */
  readonly retryAfterMs: number | null;
  constructor(message: string, details: ErrorDetails & { readonly retryAfterMs?: number | null }) {
    super(message, details);
    this.retryAfterMs = details.retryAfterMs ?? null;
  }
}

/**
 * A source refuses us as such (a bot wall, an expired key, a ban), whatever is asked. Consequence: that source is left
 * alone for a while and the others go on; exit code 1 at the end.
 */
export class SourceBlocked extends WinnowError {}

/** This one item can never succeed. Consequence: it is counted as failed under its reason; the rest goes on. */
export class GiveUpOnItem extends WinnowError {}

/** The run cannot go on (database gone, disk full, model file wrong). Consequence: stop cleanly, exit code 1. */
export class StopTheRun extends WinnowError {}

/** The user pressed Ctrl-C or the process was asked to end. Consequence: jobs in hand are finished, exit code 130. */
export class Interrupted extends WinnowError {
  constructor(message = 'Interrupted') {
    super(message, { code: 'interrupted' });
  }
}

/** The message of whatever was thrown, for people. */
export function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}

/** The `code` of a system or winnow error (`ENOENT`, `address-refused`), or undefined. */
export function codeOf(error: unknown): string | undefined {
  if (typeof error !== 'object' || error === null || !('code' in error)) return undefined;
  return typeof error.code === 'string' ? error.code : undefined;
}

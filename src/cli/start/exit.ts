import process from 'node:process';
import { Interrupted, UsageError, WinnowError } from '../../kernel/errors.ts';
import { printable } from '../../kernel/printable.ts';
import { ReaderGone } from '../output.ts';

/** What the exit codes mean is part of the contract: scripts rely on them. */
export const EXIT = { done: 0, incomplete: 1, usage: 2, interrupted: 130 } as const;

/**
 * Sets the exit code for an outcome and, for an error, says what is wrong on stderr. The process then ends by itself
 * once nothing is left open: it is never cut off in the middle of a write.
 */
export function exitWith(outcome: unknown): void {
  if (typeof outcome === 'number') {
    process.exitCode = outcome;
    return;
  }
  process.exitCode = exitCodeOf(outcome);
  if (outcome instanceof Interrupted || outcome instanceof ReaderGone) return;
  if (outcome instanceof WinnowError) console.error(`winnow: ${printable(outcome.message)}`);
  // Anything else is a defect: the stack helps whoever mends it.
  else console.error('winnow: unexpected error; please report it.', outcome);
}

function exitCodeOf(error: unknown): number {
  if (error instanceof UsageError) return EXIT.usage;
  if (error instanceof Interrupted) return EXIT.interrupted;
  if (error instanceof ReaderGone) return EXIT.done;
  return EXIT.incomplete;
}

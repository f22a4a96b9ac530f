import process from 'node:process';
import { Interrupted, UsageError, WinnowError } from '../../kernel/errors.ts';
import { printable } from '../../kernel/printable.ts';
import { ReaderGone } from '../text/output.ts';

/** The exit codes are part of the contract, because scripts rely on them. */
export const EXIT = { done: 0, incomplete: 1, usage: 2, interrupted: 130 } as const;

/** The process ends on its own once nothing is open, so no write is cut off. */
export function exitWith(outcome: unknown): void {
  if (typeof outcome === 'number') {
    process.exitCode = outcome;
    return;
  }
  process.exitCode = exitCodeOf(outcome);
  if (outcome instanceof Interrupted || outcome instanceof ReaderGone) return;
  if (outcome instanceof WinnowError) console.error(`winnow: ${printable(outcome.message)}`);
  // Anything else is a defect, and the stack helps to fix it.
  else console.error('winnow: unexpected error; please report it.', outcome);
}

function exitCodeOf(error: unknown): number {
  if (error instanceof UsageError) return EXIT.usage;
  if (error instanceof Interrupted) return EXIT.interrupted;
  if (error instanceof ReaderGone) return EXIT.done;
  return EXIT.incomplete;
}

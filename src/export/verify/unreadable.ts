import { GiveUpOnItem } from '../../kernel/errors.ts';
import type { Check, Findings } from './findings.ts';

/** A file, or the rest of one, that cannot be read. It ends the check of this file, and the other checks continue. */
export function unreadable(message: string, cause?: unknown): GiveUpOnItem {
  return new GiveUpOnItem(message, { code: 'unreadable-file', cause });
}

/** Runs a check of a file. If the file cannot be read, that is a breach of the check. */
export async function checking(
  { findings }: { readonly findings: Findings },
  { check, file }: { readonly check: Check; readonly file: string },
  run: () => Promise<void>,
): Promise<void> {
  findings.begin(check);
  try {
    await run();
  } catch (error) {
    if (!(error instanceof GiveUpOnItem)) throw error;
    findings.breach(check, file, error.message);
  }
}

import { GiveUpOnItem } from '../../kernel/errors.ts';
import type { Check, Findings } from './findings.ts';

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

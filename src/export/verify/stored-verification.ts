import type { Verification } from './findings.ts';

/** What `winnow verify` found in the folder of a revision, as it is stored with the revision. */
export interface StoredVerification extends Verification {
  /** When it ended, as ISO 8601. */
  readonly at: string;
  /** How many breaches it found. Only the first ones are stored. */
  readonly breachCount: number;
}

/** Breaches that are stored, for people. `winnow verify` lists the others. */
const BREACHES_STORED = 50;

export function storedVerification(verification: Verification, at: Date): StoredVerification {
  const { breaches } = verification;
  return {
    ...verification,
    at: at.toISOString(),
    breachCount: breaches.length,
    breaches: breaches.slice(0, BREACHES_STORED),
  };
}

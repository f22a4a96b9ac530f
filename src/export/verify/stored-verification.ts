import type { Verification } from './findings.ts';

/** The result of `winnow verify` for the folder of a revision, stored with the revision. */
export interface StoredVerification extends Verification {
  readonly at: string;
  readonly breachCount: number;
}

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

/** The closed lists of reasons (docs: README, glossary). Bounded on purpose: they are metric labels and table columns. */

/** A rule refused the candidate. */
export const DROPPED_REASONS = [
  'licence-not-allowed',
  'robots-disallowed',
  'opted-out',
  'taken-down',
  'placeholder',
  'too-small',
  'aspect-ratio',
  'unknown-class',
  'outside-folder',
] as const;
export type DroppedReason = (typeof DROPPED_REASONS)[number];

/** The photo could not be had. */
export const FAILED_REASONS = [
  'not-an-image',
  'unsupported-format',
  'truncated',
  'unreadable',
  'too-large',
  'too-many-pixels',
  'timeout-total',
  'timeout-first-byte',
  'too-slow',
  'reset',
  'short-body',
  'too-many-redirects',
  'address-refused',
  'scheme-refused',
  'dns',
  'connect',
  'tls',
  'http-404',
  'http-4xx',
  'http-5xx',
  'rate-limited',
] as const;
export type FailedReason = (typeof FAILED_REASONS)[number];

export const CANDIDATE_STATES = ['found', 'fetched', 'dropped', 'failed'] as const;
export type CandidateState = (typeof CANDIDATE_STATES)[number];

export const DECISION_STATES = ['kept', 'dropped', 'undecided', 'failed'] as const;
export type DecisionState = (typeof DECISION_STATES)[number];

/** `correct` and `confident` are what mode A drops for, `not-confident` and `other-class` what mode O does. */
export const DECISION_REASONS = [
  'correct',
  'confident',
  'not-confident',
  'other-class',
  'in-reference-set',
  'undecodable',
  'poison',
] as const;
export type DecisionReason = (typeof DECISION_REASONS)[number];

/** Of decisions whose state is `failed`: the bytes cannot be decoded; evaluating them ends the process, or gives no finite numbers. */
export const FAILED_DECISION_REASONS = ['undecodable', 'poison'] as const satisfies readonly DecisionReason[];

/** Whether a text is the reason of a decision that failed. */
export function isFailedDecision(text: string): boolean {
  return FAILED_DECISION_REASONS.some((reason) => reason === text);
}

/** Whether a text is the reason of a candidate that was dropped or failed. */
export function isCandidateReason(text: string): text is DroppedReason | FailedReason {
  return [...DROPPED_REASONS, ...FAILED_REASONS].some((reason) => reason === text);
}

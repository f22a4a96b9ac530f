/** The lists of reasons, which the glossary explains, are closed because reasons are metric labels. */

/** Reasons for which a rule refuses a candidate. */
export const DROPPED_REASONS = [
  'licence-not-allowed',
  'robots-disallowed',
  'opted-out',
  'taken-down',
  'placeholder',
  'ai-generated',
  'not-a-photo-title',
  'too-old',
  'too-small',
  'aspect-ratio',
  'unknown-class',
  'outside-folder',
] as const;
export type DroppedReason = (typeof DROPPED_REASONS)[number];

/** Reasons for which a photo could not be fetched or read. */
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

export type CandidateState = 'found' | 'fetched' | 'dropped' | 'failed';

export type DecisionState = 'kept' | 'dropped' | 'undecided' | 'failed';

/** Reasons of decisions. Mode A drops photos for `correct` and `confident`, mode O for `not-confident` and `other-class`. */
export type DecisionReason =
  | 'correct'
  | 'confident'
  | 'not-confident'
  | 'other-class'
  | 'in-reference-set'
  | (typeof FAILED_DECISION_REASONS)[number];

/** `poison`: evaluating the photo kills the process or gives numbers that are not finite. */
export const FAILED_DECISION_REASONS = ['undecodable', 'poison'] as const;

export function isCandidateReason(text: string): text is DroppedReason | FailedReason {
  return [...DROPPED_REASONS, ...FAILED_REASONS].some((reason) => reason === text);
}

/** Reasons for which a reviewer rejects a photo in mode A, in the order of the keys 1 to 9. */
export const REJECT_REASONS = [
  'wrong-class',
  'several-classes',
  'not-a-photo',
  'low-quality',
  'unrecognisable',
  'near-duplicate',
  'private-or-offensive',
  'text-or-watermark',
  'other',
] as const;

/** The same in mode O: a visible class of the 1,000 takes the place of the wrong class. */
export const MODE_O_REJECT_REASONS = ['in-distribution', ...REJECT_REASONS.slice(1)] as const;

export type RejectReason = (typeof REJECT_REASONS)[number] | 'in-distribution';

export type LeftOutReason = 'cap' | 'near-duplicate' | 'target';

/** Why a photo that a source named will not be fetched. `detail` is for people. */
export type PhotoProblem =
  | { readonly state: 'dropped'; readonly reason: DroppedReason; readonly detail: string }
  | { readonly state: 'failed'; readonly reason: FailedReason; readonly detail: string };

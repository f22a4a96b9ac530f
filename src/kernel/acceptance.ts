import type { Mode } from './mode.ts';
import { countOf, countText } from './texts.ts';

/** The settings `review.acceptance.maxLabelError` (null: no plan) and `.confidence`. */
export interface AcceptancePlan {
  readonly maxLabelError: number | null;
  readonly confidence: number;
}

/** `none`: no largest label error is set. */
export type AcceptanceState = 'pass' | 'fail' | 'open' | 'none';

/** `winnow acceptance --json`. */
export interface Acceptance {
  /** Photos whose first blind verdict is accept; then those of them that the second pass drew and finished. */
  readonly accepted: number;
  readonly sampled: number;
  /** Sampled photos whose final state is not accepted. */
  readonly wrong: number;
  /** Drawn photos that are disputed or wait for a third verdict. They are not sampled yet. */
  readonly unsettled: number;
  /** Drawn photos on the shortlist that wait for their second verdict. */
  readonly pending: number;
  /** wrong / sampled, 0..1, weighted if photos were drawn with different chances. Null without any. */
  readonly labelError: number | null;
  readonly labelErrorLow: number | null;
  readonly labelErrorHigh: number | null;
  readonly state: AcceptanceState;
  /** How many more photos must be inspected for `pass`, if none of them is wrong. 0 unless `state` is `open`. */
  readonly morePhotos: number;
  readonly maxLabelError: number | null;
  readonly confidence: number;
}

/** The name of `labelError`. In mode O a wrong photo is one that may show a class that the set must not show. */
export const ERROR_NAMES: Readonly<Record<Mode, string>> = { A: 'Label error', O: 'Contamination' };

const percentText = (share: number): string => `${(100 * share).toFixed(1)} %`;

/** `2.8 % (1.0 % to 5.9 % with 95.0 % confidence): 6 of …`; null without a sampled photo. */
export function labelErrorText({ accepted, sampled, wrong, labelError, ...limits }: Acceptance): string | null {
  const { labelErrorLow: low, labelErrorHigh: high, confidence } = limits;
  if (labelError === null || low === null || high === null) return null;
  const interval = `${percentText(low)} to ${percentText(high)} with ${percentText(confidence)} confidence`;
  return `${percentText(labelError)} (${interval}): ${countText(wrong)} of ${countOf(sampled, 'inspected photo')} wrong; a first look accepted ${countText(accepted)}`;
}

/** The result of the inspection, and what is missing for one; null without a plan. */
export function acceptanceStateText(acceptance: Acceptance): string | null {
  const { state, pending, maxLabelError, confidence } = acceptance;
  if (maxLabelError === null || state === 'none') return null;
  const waiting = pending === 0 ? '' : `. ${countOf(pending, 'drawn photo')} still to be inspected`;
  if (state === 'open') return `open: ${missingText(acceptance)}${waiting}`;
  const [result, limit] = state === 'pass' ? ['passed', 'at most'] : ['failed', 'more than'];
  return `${result}: ${limit} ${percentText(maxLabelError)} of the photos are wrong, with ${percentText(confidence)} confidence${waiting}`;
}

function missingText({ accepted, unsettled, morePhotos, pending }: Acceptance): string {
  if (accepted === 0) return 'no photo was accepted yet';
  if (unsettled > 0) return `${countOf(unsettled, 'inspected photo')} disputed or waiting for a third verdict`;
  const raise = morePhotos > pending ? ' (review.secondPass draws more)' : '';
  return `it may pass if ${countOf(morePhotos, 'more photo')} ${morePhotos === 1 ? 'is' : 'are'} inspected${raise} and none is wrong`;
}

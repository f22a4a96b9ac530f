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
  /** Photos that are disputed or wait for a third verdict. They are not sampled yet. */
  readonly unsettled: number;
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

const percentText = (share: number): string => `${(100 * share).toFixed(1)} %`;

/** `2.8 % (1.0 to 5.9)`, of which photos; null without an inspected photo. */
export function labelErrorText({ accepted, sampled, wrong, labelError, ...limits }: Acceptance): string | null {
  const { labelErrorLow: low, labelErrorHigh: high, confidence } = limits;
  if (labelError === null || low === null || high === null) return null;
  const interval = `${percentText(low)} to ${percentText(high)} with ${percentText(confidence)} confidence`;
  return `${percentText(labelError)} (${interval}): ${countText(wrong)} of ${countOf(sampled, 'inspected photo')} wrong; a first look accepted ${countText(accepted)}`;
}

/** The result of the inspection, and what is missing for one; null without a plan. */
export function acceptanceStateText({
  state,
  unsettled,
  morePhotos,
  maxLabelError,
  confidence,
}: Acceptance): string | null {
  if (maxLabelError === null || state === 'none') return null;
  const limit = `the label error is ${state === 'fail' ? 'above' : 'at most'} ${percentText(maxLabelError)}, with ${percentText(confidence)} confidence`;
  if (state !== 'open') return `${state === 'pass' ? 'passed' : 'failed'}: ${limit}`;
  if (unsettled > 0) return `open: ${countOf(unsettled, 'inspected photo')} disputed or waiting for a third verdict`;
  return `open: it passes if ${countOf(morePhotos, 'more photo')} ${morePhotos === 1 ? 'is' : 'are'} inspected and none is wrong`;
}

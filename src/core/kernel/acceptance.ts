import type { Mode } from './mode.ts';
import { countOf, countText, nonEmpty } from './texts.ts';

/** The settings `review.acceptance.maxLabelError` (null: no limit), `.confidence` and `.looks`. */
export interface AcceptancePlan {
  readonly maxLabelError: number | null;
  readonly confidence: number;
  /** How many looks may decide. */
  readonly looks: number;
}

/** `none`: no largest label error is set. */
export type AcceptanceState = 'pass' | 'fail' | 'open' | 'none';

/**
 * Why only a further draw (`winnow acceptance --draw`) can decide: the settings are not those of the stored plan, or the photos
 * changed after the last look.
 */
export type DrawAgain = 'plan-changed' | 'looks-used';

/** `winnow acceptance --json`. */
export interface Acceptance extends AcceptancePlan {
  /** Listed photos whose first blind verdict is accept; then those of them that the second pass drew and finished. */
  readonly accepted: number;
  readonly sampled: number;
  /** Sampled photos whose final state is not accepted. */
  readonly wrong: number;
  /** Drawn photos that are disputed or wait for a third verdict. They are not sampled yet. */
  readonly unsettled: number;
  /** Drawn photos on the shortlist that wait for their second verdict. */
  readonly pending: number;
  /** Listed photos that lack their first, second or third verdict, or are disputed. Until there are none, `state` is `open`. */
  readonly unfinished: number;
  /** Accepted photos that had their second verdict before the last draw. The label error is that of the others. */
  readonly inspectedBefore: number;
  /** wrong / sampled, 0..1, weighted if photos were drawn with different chances. Null without any. */
  readonly labelError: number | null;
  readonly labelErrorLow: number | null;
  readonly labelErrorHigh: number | null;
  readonly state: AcceptanceState;
  /** How many more photos must be inspected for `pass`, if none of them is wrong. 0 unless `state` is `open`. */
  readonly morePhotos: number;
  /** 1 for the first draw of the second pass. */
  readonly draw: number;
  /** The look that decides, from 1 to `looks`. Null if none does. */
  readonly look: number | null;
  readonly drawAgain: DrawAgain | null;
}

/** As an export or a report states it. Those of an older winnow lack the fields about looks. */
export type StatedAcceptance = Omit<Acceptance, LookField> & {
  readonly [Field in LookField]?: Acceptance[Field] | undefined;
};
type LookField = 'looks' | 'look' | 'draw' | 'drawAgain' | 'unfinished' | 'inspectedBefore';

/** The name of `labelError`. In mode O a wrong photo is one that may show a class that the set must not show. */
export const ERROR_NAMES: Readonly<Record<Mode, string>> = { A: 'Label error', O: 'Contamination' };

/** Stands wherever the label error does. */
export const BOTH_WRONG = 'Errors that both reviewers make are not counted.';

const percentText = (share: number): string => `${(100 * share).toFixed(1)} %`;

/** `2.8 % (1.0 % to 5.9 % with 95.0 % confidence): 6 of …`; null without a sampled photo. */
export function labelErrorText(acceptance: StatedAcceptance): string | null {
  const { accepted, sampled, wrong, labelError, looks = 1, draw = 1, inspectedBefore = 0 } = acceptance;
  const { labelErrorLow: low, labelErrorHigh: high, confidence } = acceptance;
  if (labelError === null || low === null || high === null) return null;
  const over = looks === 1 ? '' : ` over ${looks} looks`;
  const interval = `${percentText(low)} to ${percentText(high)} with ${percentText(confidence)} confidence${over}`;
  const before =
    inspectedBefore === 0
      ? ''
      : `, and draw ${draw} leaves out ${countText(inspectedBefore)} of them that were inspected before`;
  return `${percentText(labelError)} (${interval}): ${countText(wrong)} of ${countOf(sampled, 'inspected photo')} wrong; a first look accepted ${countText(accepted)}${before}`;
}

/** The result of the inspection, and what is missing for one; null without a plan. */
export function acceptanceStateText(acceptance: StatedAcceptance): string | null {
  const { state, pending, maxLabelError, confidence } = acceptance;
  if (maxLabelError === null || state === 'none') return null;
  const waiting = pending === 0 ? '' : `. ${countOf(pending, 'drawn photo')} still to be inspected`;
  if (state === 'open') return `open: ${openText({ ...acceptance, maxLabelError })}${waiting}`;
  const [result, limit] = state === 'pass' ? ['passed', 'at most'] : ['failed', 'more than'];
  const look = acceptance.looks === undefined ? '' : ` (${lookText(acceptance)})`;
  return `${result}: ${limit} ${percentText(maxLabelError)} of the photos are wrong, with ${percentText(confidence)} confidence${look}${waiting}`;
}

/** `look 2 of 5`, `look 1 of 1 of draw 2` */
function lookText({ look, looks = 1, draw = 1 }: StatedAcceptance): string {
  return `look ${look ?? looks} of ${looks}${draw === 1 ? '' : ` of draw ${draw}`}`;
}

const DRAW = 'winnow acceptance --draw draws other photos for the second pass, and only these decide';

function openText(acceptance: StatedAcceptance & { readonly maxLabelError: number }): string {
  const { look, looks = 1, drawAgain, unfinished = 0, maxLabelError, confidence } = acceptance;
  if (drawAgain === 'plan-changed')
    return `the plan of draw ${acceptance.draw} is at most ${percentText(maxLabelError)} with ${percentText(confidence)} confidence, and review.acceptance differs. Set it back, or ${DRAW}`;
  if (drawAgain === 'looks-used') return `photos changed after ${lookText(acceptance)}, the last one. ${DRAW}`;
  if (unfinished > 0)
    return nonEmpty([
      `${countOf(unfinished, 'listed photo')} without a verdict that is wanted, or disputed`,
      acceptance.morePhotos > 0 && missingText(acceptance),
    ]).join('; ');
  if (look === looks) return `${lookText(acceptance)}, the last one, decides nothing. ${DRAW}`;
  if (look === null && acceptance.sampled > 0 && acceptance.unsettled === 0)
    return 'the review is complete, and winnow acceptance decides it';
  return missingText(acceptance);
}

function missingText({ accepted, unsettled, morePhotos, pending }: StatedAcceptance): string {
  if (accepted === 0) return 'no photo was accepted yet';
  if (unsettled > 0) return `${countOf(unsettled, 'inspected photo')} disputed or waiting for a third verdict`;
  const raise = morePhotos > pending ? ' (review.secondPass draws more)' : '';
  return `it may pass if ${countOf(morePhotos, 'more photo')} ${morePhotos === 1 ? 'is' : 'are'} inspected${raise} and none is wrong`;
}

import { groupBy } from '../../core/kernel/group-by.ts';
import { wilsonInterval } from '../../core/kernel/wilson.ts';
import type { AcceptanceRow } from './report.ts';
import type { ReportedPhoto } from './reported-photo.repository.ts';

type Reviewed = Pick<ReportedPhoto, 'verdict' | 'rights' | 'wnid' | 'maxTrueProb' | 'confusionProb'>;

const STEP = 0.025;
const DECIMALS = 3;

/**
 * Accepted against rejected photos by source, class and score: the largest p of the searched class (mode O: the p of
 * the predicted one). Photos with another verdict do not count.
 */
export function acceptanceRows(photos: readonly Reviewed[]): AcceptanceRow[] {
  const settled = photos.filter(({ verdict }) => verdict === 'accepted' || verdict === 'rejected');
  return [
    ...rowsBy('source', settled, ({ rights }) => rights.source),
    ...rowsBy('class', settled, ({ wnid }) => wnid),
    ...rowsBy('score', settled, ({ maxTrueProb, confusionProb }) => rangeOf(maxTrueProb ?? confusionProb)),
  ];
}

function rowsBy(
  by: AcceptanceRow['by'],
  photos: readonly Reviewed[],
  keyOf: (photo: Reviewed) => string,
): AcceptanceRow[] {
  return [...groupBy(photos, keyOf)]
    .toSorted(([a], [b]) => (a < b ? -1 : 1))
    .map(([key, ofKey]) => {
      const accepted = ofKey.filter(({ verdict }) => verdict === 'accepted').length;
      const { low, high } = wilsonInterval(accepted, ofKey.length) ?? { low: null, high: null };
      return { by, key, accepted, rejected: ofKey.length - accepted, share: accepted / ofKey.length, low, high };
    });
}

/** `0.050-0.075` for 0.06. The last range contains 1. */
function rangeOf(score: number): string {
  // Without the rounding, 0.15 / 0.025 is 5.999…
  const step = Math.min(Math.floor(Number((score / STEP).toFixed(9))), Math.round(1 / STEP) - 1);
  return `${(step * STEP).toFixed(DECIMALS)}-${((step + 1) * STEP).toFixed(DECIMALS)}`;
}

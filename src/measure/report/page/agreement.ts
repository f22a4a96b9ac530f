import type { Agreement } from '../../../core/review/agreement/agreement.ts';
import { countOf, countText, fewPhotosText } from '../../../core/kernel/texts.ts';
import { estimateOf, type Estimate } from '../../charts/estimate.ts';
import { decimalText, percentText } from './texts.ts';

export const AGREEMENT_COLUMNS = ['class', 'photos', 'the same verdict', 'Cohen’s κ', 'Krippendorff’s α'];

export function agreementCells(of: Agreement): readonly string[] {
  const coefficients = (['cohenKappa', 'krippendorffAlpha'] as const).map((name) =>
    coefficientText(estimateOf(of, name)),
  );
  return [countText(of.photos), percentText(of.percent === null ? null : of.percent / 100), ...coefficients];
}

export function agreementText(overall: Agreement): string {
  const { photos } = overall;
  if (photos === 0) return 'unknown: no photo has two blind verdicts';
  const [, percent, kappa, alpha] = agreementCells(overall);
  const same = `the same verdict on ${percent} of ${countOf(photos, 'photo')}`;
  const text = `${same}, Cohen’s κ ${kappa}, Krippendorff’s α ${alpha}`;
  const few = fewPhotosText({ photos });
  return few === null ? text : `${text}. ${few}`;
}

/** `0.62 (0.40 to 0.84)` */
function coefficientText({ value, low, high }: Estimate): string {
  return decimalText(value) + (low === null || high === null ? '' : ` (${decimalText(low)} to ${decimalText(high)})`);
}

import type { Agreement } from '../../../core/review/agreement/agreement.ts';
import { countOf, countText, fewPhotosText } from '../../../core/kernel/texts.ts';
import { decimalText, percentText } from './texts.ts';

export const AGREEMENT_COLUMNS = ['class', 'photos', 'the same verdict', 'Cohen’s κ', 'Krippendorff’s α'];

export function agreementCells(of: Agreement): readonly string[] {
  return [countText(of.photos), hundredText(of.percent), kappaText(of), alphaText(of)];
}

export function agreementText(overall: Agreement): string {
  const { photos, percent } = overall;
  if (photos === 0) return 'unknown: no photo has two blind verdicts';
  const same = `the same verdict on ${hundredText(percent)} of ${countOf(photos, 'photo')}`;
  const text = `${same}, Cohen’s κ ${kappaText(overall)}, Krippendorff’s α ${alphaText(overall)}`;
  const few = fewPhotosText({ photos });
  return few === null ? text : `${text}. ${few}`;
}

function kappaText({ cohenKappa, cohenKappaLow, cohenKappaHigh }: Agreement): string {
  return coefficientText(cohenKappa, cohenKappaLow, cohenKappaHigh);
}

function alphaText({ krippendorffAlpha, krippendorffAlphaLow, krippendorffAlphaHigh }: Agreement): string {
  return coefficientText(krippendorffAlpha, krippendorffAlphaLow, krippendorffAlphaHigh);
}

/** `0.62 (0.40 to 0.84)` */
function coefficientText(value: number | null, low: number | null, high: number | null): string {
  const interval = low === null || high === null ? '' : ` (${decimalText(low)} to ${decimalText(high)})`;
  return decimalText(value) + interval;
}

function hundredText(percent: number | null): string {
  return percentText(percent === null ? null : percent / 100);
}

import type { SetEvaluation } from '../../evaluate/evaluate-set.process.ts';
import type { ClassAccuracy, Evaluation, OodMeasures } from '../../evaluate/evaluation.ts';
import { calibrationBins } from '../../evaluate/metrics/calibration.ts';
import { fittedText } from '../../kernel/texts.ts';
import { linesText, percentText, plural } from '../text/output.ts';
import { tableText } from '../text/table.ts';

const LISTED = 5;

export function evaluationText({ evaluation, assumed, nameOf }: SetEvaluation): string {
  const { model, photos, perClass, ood, fitted } = evaluation;
  return [
    `${model} on ${plural(photos, 'photo')}${fitted === null ? '' : `; ${fittedText(fitted)}`}\n`,
    tableText(['measure', 'value', ''], [...measureRows(evaluation), ...(ood === null ? [] : oodRows(ood))]),
    classesText(perClass, nameOf),
    ood === null
      ? ''
      : linesText([
          `\nout of distribution: ${plural(ood.positives, 'photo')} against ${plural(ood.negatives, 'photo')} in the distribution; ${ood.polarity}`,
        ]),
    linesText(['\nassumed:', ...assumed.map((sentence) => `  ${sentence}`)]),
  ].join('');
}

type Row = readonly [string, string, string];

function measureRows(evaluation: Evaluation): Row[] {
  const { accuracy, accuracyLow, accuracyHigh, photos } = evaluation;
  const isOneBin = calibrationBins(photos) === 1;
  const rows: readonly (readonly [string, number | null, string])[] = [
    ['accuracy', accuracy, `${between(accuracyLow, accuracyHigh)} (Wilson)`],
    ['macro accuracy', evaluation.macroAccuracy, 'mean of the classes'],
    [
      'RMS calibration error',
      evaluation.rmsCalibrationError,
      `${between(evaluation.rmsCalibrationErrorLow, evaluation.rmsCalibrationErrorHigh)}, corrected: ${isOneBin ? 'one bin, because there are fewer than 200 photos' : 'all bins of 100 photos'}`,
    ],
    ['RMS calibration error', evaluation.rmsCalibrationErrorUpstream, 'upstream-compatible: without the last bin'],
    [
      'AURRA',
      evaluation.aurra,
      `${between(evaluation.aurraLow, evaluation.aurraHigh)}, area under the response rate accuracy curve`,
    ],
    ['soft-F1', evaluation.softF1, between(evaluation.softF1Low, evaluation.softF1High)],
  ];
  return rows.flatMap(([name, value, note]) => (value === null ? [] : [[name, percentText(value), note] as const]));
}

function oodRows(ood: OodMeasures): Row[] {
  const { chance } = ood;
  return [
    ['AUPR', percentText(ood.aupr), `${between(ood.auprLow, ood.auprHigh)}, chance ${percentText(chance.aupr)}`],
    ['AUROC', percentText(ood.auroc), `${between(ood.aurocLow, ood.aurocHigh)}, chance ${percentText(chance.auroc)}`],
    [
      'FPR95',
      percentText(ood.fpr95Nearest),
      `${between(ood.fpr95NearestLow, ood.fpr95NearestHigh)}, nearest to 95 % recall, as upstream, chance ${percentText(chance.fpr95)}`,
    ],
    [
      'FPR95',
      percentText(ood.fpr95First),
      `${between(ood.fpr95FirstLow, ood.fpr95FirstHigh)}, at least 95 % recall, chance ${percentText(chance.fpr95)}`,
    ],
  ];
}

function between(low: number | null, high: number | null): string {
  return `95 % interval ${percentText(low)} to ${percentText(high)}`;
}

function classesText(perClass: readonly ClassAccuracy[], nameOf: SetEvaluation['nameOf']): string {
  if (perClass.length === 0) return '';
  const sorted = perClass.toSorted((a, b) => a.accuracy - b.accuracy || b.photos - a.photos);
  const rowsOf = (classes: readonly ClassAccuracy[]): (string | number)[][] =>
    classes.map(({ wnid, photos, accuracy }) => [wnid, nameOf(wnid), photos, percentText(accuracy)]);
  const head = ['wnid', 'class', 'photos', 'accuracy'];
  if (sorted.length <= 2 * LISTED) return `\n${tableText(head, rowsOf(sorted))}`;
  const worst = sorted.slice(0, LISTED);
  const best = perClass.toSorted((a, b) => b.accuracy - a.accuracy || b.photos - a.photos).slice(0, LISTED);
  return `\nworst of ${plural(sorted.length, 'class', 'classes')}:\n${tableText(head, rowsOf(worst))}\nbest:\n${tableText(head, rowsOf(best))}`;
}

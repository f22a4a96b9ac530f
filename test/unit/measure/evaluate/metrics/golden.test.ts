import { describe, expect, it } from 'vitest';
import { curvesOf, evaluationOf } from '../../../../../src/measure/evaluate/evaluate.ts';
import {
  auroc,
  averagePrecision,
  fpr95,
  thresholdsOf,
} from '../../../../../src/measure/evaluate/metrics/thresholds.ts';
import type { Prediction } from '../../../../../src/measure/evaluate/prediction.ts';
import { madeNumbers } from './made-numbers.ts';

// Every expected number is of upstream's functions in Python, on fixtures that both languages generate.

function answers(): Prediction[] {
  const correct = madeNumbers(67_890, 1050);
  return madeNumbers(12_345, 1050).map((u, i) => {
    const confidence = 0.05 + 0.95 * u;
    return { predicted: 0, confidence, truth: (correct[i] ?? 0) < 0.6 * confidence ? 0 : 1 };
  });
}

/** Fixture B: confidences on 200 photos of the set and on 1,000 in the distribution. */
const inDistribution = madeNumbers(111, 1000).map((u) => 0.2 + 0.8 * Math.sqrt(u));
const outside = madeNumbers(222, 200).map((u) => 0.2 + 0.8 * u);
/** Fixture C: the same with one decimal, so that many are equal. */
const rounded = (confidences: readonly number[]): number[] => confidences.map((value) => Math.round(value * 10) / 10);

const about = { model: 'made', among: ['n1', 'n2'] };
const lists = { among: 'made', amongClasses: 2, ruleAmong: null, ruleAmongClasses: null };
const mode = { A: { ...about, inDistribution: null } };
const a = evaluationOf(answers(), mode.A);
const shown = (confidences: readonly number[]): Prediction[] =>
  confidences.map((confidence) => ({ predicted: 0, confidence, truth: null }));
const b = evaluationOf(shown(outside), { ...about, inDistribution: { confidences: inDistribution, lists } });
const c = evaluationOf(shown(rounded(outside)), {
  ...about,
  inDistribution: { confidences: rounded(inDistribution), lists },
});
const swapped = thresholdsOf({ positives: inDistribution, negatives: outside });
const constant = thresholdsOf({ positives: [3, 3], negatives: [3, 3, 3, 3, 3, 3, 3, 3, 3, 3] });

describe('metrics on generated fixtures', () => {
  it.each([
    ['A: accuracy', a.accuracy, 0.315_238_095_238_095_26],
    [
      'A: mean confidence',
      answers().reduce((sum, { confidence }) => sum + confidence, 0) / 1050,
      0.529_108_170_383_842_6,
    ],
    ['A: RMS calibration error, upstream-compatible', a.rmsCalibrationErrorUpstream, 0.189_759_498_697_770_17],
    ['A: RMS calibration error, corrected', a.rmsCalibrationError, 0.233_277_721_072_692_6],
    ['A: AURRA', a.aurra, 0.471_179_421_171_551_26],
    ['A: soft F1', a.softF1, 0.641_937_738_610_655],
    ['B: AUROC', b.ood?.auroc, 0.683_335],
    ['B: AUPR', b.ood?.aupr, 0.399_382_622_771_636_7],
    ['B: FPR95 nearest', b.ood?.fpr95Nearest, 0.815],
    ['B: FPR95 first', b.ood?.fpr95First, 0.809],
    ['B: AUPR with the wrong polarity', averagePrecision(swapped), 0.904_767_574_453_209_5],
    ['C: AUROC', c.ood?.auroc, 0.678_137_5],
    ['C: AUPR', c.ood?.aupr, 0.347_351_509_472_326_2],
    ['C: FPR95 nearest', c.ood?.fpr95Nearest, 0.903],
    ['a constant score: AUPR is the share of positives', averagePrecision(constant), 2 / 12],
    ['a constant score: AUROC', auroc(constant), 0.5],
    ['a constant score: FPR95 first', fpr95(constant, 'first'), 1],
  ])('%s', (_, computed, expected) => {
    expect(Math.abs((computed ?? Number.NaN) - expected)).toBeLessThan(1e-9);
  });

  it('has the first confidences of fixture A that Python has', () => {
    const first = answers()
      .slice(0, 3)
      .map(({ confidence }) => confidence);
    for (const [i, value] of [0.069_382_55, 0.065_720_46, 0.565_998].entries()) expect(first[i]).toBeCloseTo(value, 7);
  });

  it('says what the out-of-distribution measures are of', () => {
    expect(b.ood).toMatchObject({ positives: 200, negatives: 1000, chance: { aupr: 1 / 6, auroc: 0.5, fpr95: 0.95 } });
    expect(b.ood?.polarity).toBe(
      'positive: photos of the set; score: minus the confidence (the largest p of the classes)',
    );
    expect(b.accuracy).toBeNull();
    expect(curvesOf(answers(), mode.A).reliability.map(({ photos }) => photos)).toEqual([...Array(9).fill(100), 150]);
  });
});

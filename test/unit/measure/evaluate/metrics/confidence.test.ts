import { describe, expect, it } from 'vitest';
import { curvesOf, evaluationOf, withFurtherClasses } from '../../../../../src/measure/evaluate/evaluate.ts';
import { rankingOf, type ModelAnswer } from '../../../../../src/measure/evaluate/metrics/answer.ts';
import { reliabilityBins, rmsCalibrationError } from '../../../../../src/measure/evaluate/metrics/calibration.ts';
import { aurra, responseRateCurve } from '../../../../../src/measure/evaluate/metrics/response-rate.ts';
import { softF1 } from '../../../../../src/measure/evaluate/metrics/soft-f1.ts';
import type { Prediction } from '../../../../../src/measure/evaluate/prediction.ts';
import { madeNumbers } from './made-numbers.ts';

/** Answers whose confidences have one decimal, so that many are equal. */
function manyTies(count: number): ModelAnswer[] {
  const correct = madeNumbers(8, count);
  return madeNumbers(7, count).map((u, i) => ({
    confidence: Math.round(u * 10) / 10,
    isCorrect: (correct[i] ?? 0) < u,
  }));
}

function shuffled<Item>(items: readonly Item[]): Item[] {
  const keys = madeNumbers(9, items.length);
  return items
    .map((item, i) => ({ item, key: keys[i] ?? 0 }))
    .toSorted((a, b) => a.key - b.key)
    .map(({ item }) => item);
}

const METRICS: readonly (readonly [string, (answers: readonly ModelAnswer[]) => number | null])[] = [
  ['RMS calibration error, corrected', (answers) => rmsCalibrationError(rankingOf(answers), 'corrected')],
  [
    'RMS calibration error, upstream-compatible',
    (answers) => rmsCalibrationError(rankingOf(answers), 'upstream-compatible'),
  ],
  ['AURRA', (answers) => aurra(rankingOf(answers))],
  ['soft F1', (answers) => softF1(rankingOf(answers))],
];

describe.each(METRICS)('%s', (_, metric) => {
  it('does not depend on the order of the photos, also with equal confidences', () => {
    const answers = manyTies(433);
    expect(metric(shuffled(answers))).toBeCloseTo(metric(answers) ?? Number.NaN, 12);
  });

  it('is null without photos', () => {
    expect(metric([])).toBeNull();
  });

  it.each([Number.NaN, Infinity, -0.1, 1.1])('refuses a confidence of %s', (confidence) => {
    const answers = [...manyTies(150), { confidence, isCorrect: true }];
    expect(() => metric(answers)).toThrow(
      new RangeError(`Expected confidences from 0 to 1 but received ${confidence}. Compute them with softmax.`),
    );
  });
});

describe('RMS calibration error', () => {
  it('takes fewer than 100 photos as one bin; upstream-compatible it is not defined', () => {
    const answers = [0.5, 0.7, 0.9].map((confidence) => ({ confidence, isCorrect: false }));
    expect(rmsCalibrationError(rankingOf(answers), 'corrected')).toBeCloseTo(0.7, 12);
    expect(rmsCalibrationError(rankingOf(answers), 'upstream-compatible')).toBeNull();
    expect(rmsCalibrationError(rankingOf(manyTies(99)), 'upstream-compatible')).toBeNull();
  });

  it('is 0 upstream-compatible from 100 to 199 photos, because the only bin is left out', () => {
    for (const count of [100, 199]) {
      expect(rmsCalibrationError(rankingOf(manyTies(count)), 'upstream-compatible')).toBe(0);
      expect(rmsCalibrationError(rankingOf(manyTies(count)), 'corrected')).toBeGreaterThan(0);
    }
    expect(rmsCalibrationError(rankingOf(manyTies(200)), 'upstream-compatible')).toBeGreaterThan(0);
  });

  it('puts the remainder into the last bin', () => {
    expect(reliabilityBins(rankingOf(manyTies(250))).map(({ photos }) => photos)).toEqual([100, 150]);
    expect(reliabilityBins(rankingOf(manyTies(99))).map(({ photos }) => photos)).toEqual([99]);
    expect(reliabilityBins(rankingOf([]))).toEqual([]);
  });

  it('splits photos of equal confidence over bins with their mean correctness', () => {
    const answers = [0.2, 0.2, 0.6].flatMap((confidence, part) =>
      Array.from({ length: 70 }, (_, i) => ({ confidence, isCorrect: part === 0 || (part === 2 && i < 35) })),
    );
    const bins = reliabilityBins(rankingOf(answers));
    expect(bins.map(({ photos }) => photos)).toEqual([100, 110]);
    expect(bins.map(({ accuracy }) => accuracy)).toEqual([0.5, 0.5].map((value) => expect.closeTo(value, 12)));
    expect(bins[1]?.confidence).toBeCloseTo((40 * 0.2 + 70 * 0.6) / 110, 12);
  });
});

describe('AURRA', () => {
  it('is the mean of the accuracies on the most confident photos', () => {
    const answers = [0.9, 0.8, 0.7].map((confidence, i) => ({ confidence, isCorrect: i !== 1 }));
    expect(aurra(rankingOf(answers))).toBeCloseTo((1 + 1 / 2 + 2 / 3) / 3, 12);
    expect(responseRateCurve(rankingOf(answers))).toEqual([
      { x: 1 / 3, y: 1 },
      { x: 2 / 3, y: 1 / 2 },
      { x: 1, y: 2 / 3 },
    ]);
  });

  it('is drawn with at most 201 points, which end with the accuracy on all photos', () => {
    const answers = manyTies(1000);
    const curve = responseRateCurve(rankingOf(answers));
    expect(curve).toHaveLength(201);
    expect(curve.at(0)?.x).toBe(1 / 1000);
    expect(curve.at(-1)).toEqual({ x: 1, y: expect.closeTo(answers.filter((one) => one.isCorrect).length / 1000, 12) });
    expect(new Set(curve.map(({ x }) => x)).size).toBe(201);
  });
});

it('soft F1 is 1 if a model doubts exactly its errors, and null if there is neither doubt nor error', () => {
  const sure = { confidence: 1, isCorrect: true };
  expect(softF1(rankingOf([sure, { confidence: 0, isCorrect: false }]))).toBe(1);
  expect(softF1(rankingOf([sure, sure]))).toBeNull();
  expect(softF1(rankingOf([sure, { confidence: 1, isCorrect: false }]))).toBe(0);
});

describe('evaluation', () => {
  const among = ['n1', 'n2', 'n3'];
  const about = { model: 'made', among, inDistribution: null };
  const lists = { among: 'made', amongClasses: 3, ruleAmong: 'imagenet-1k', ruleAmongClasses: 1000 };
  const shownWith = (confidences: readonly number[]) => ({ confidences, lists });
  const prediction = (predicted: number, truth: number | null): Prediction => ({ predicted, truth, confidence: 0.5 });

  it('counts photos and accuracy by class, without classes that have no photos', () => {
    const evaluation = evaluationOf([prediction(0, 2), prediction(2, 2), prediction(1, 0)], about);
    expect(evaluation.perClass).toEqual([
      // Wilson, 0 of 1: z² / (1 + z²), with z = 1.959964.
      { wnid: 'n1', photos: 1, accuracy: 0, accuracyLow: 0, accuracyHigh: expect.closeTo(0.793_451, 6) },
      // 1 of 2: (1 ± z / sqrt(2 + z²)) / 2.
      {
        wnid: 'n3',
        photos: 2,
        accuracy: 0.5,
        accuracyLow: expect.closeTo(0.094_531, 6),
        accuracyHigh: expect.closeTo(0.905_469, 6),
      },
    ]);
    expect(evaluation).toMatchObject({ model: 'made', photos: 3, accuracy: 1 / 3, ood: null });
  });

  it('is null where there is nothing to compute it from', () => {
    const nothing = {
      accuracy: null,
      accuracyLow: null,
      accuracyHigh: null,
      rmsCalibrationError: null,
      aurra: null,
      softF1: null,
      perClass: [],
    };
    expect(evaluationOf([], { ...about, inDistribution: shownWith([0.5]) })).toMatchObject({
      photos: 0,
      ood: null,
      ...nothing,
    });
    expect(evaluationOf([prediction(0, null)], about)).toMatchObject({ photos: 1, ood: null, ...nothing });
    expect(evaluationOf([prediction(0, null)], { ...about, inDistribution: shownWith([]) }).ood).toBeNull();
    expect(curvesOf([], about)).toEqual({ reliability: [], responseRate: [], precisionRecall: null, roc: null });
  });

  it('refuses positions that are no class, and photos of which only some show a class', () => {
    expect(() => evaluationOf([prediction(3, 0)], about)).toThrow('Expected positions among 3 classes but received 3.');
    expect(() => evaluationOf([prediction(0, -1)], about)).toThrow(
      'Expected positions among 3 classes but received -1.',
    );
    expect(() => evaluationOf([prediction(0, 0), prediction(0, null)], about)).toThrow(RangeError);
  });

  it('computes out-of-distribution measures of photos that show a class too', () => {
    const { ood } = evaluationOf([prediction(0, 0)], { ...about, inDistribution: shownWith([0.9, 0.4]) });
    expect(ood).toMatchObject({ positives: 1, negatives: 2, auroc: 0.5, ...lists });
  });
});

describe('the accuracy among the first five', () => {
  const among = Array.from({ length: 11 }, (_, i) => `n${i}`);
  const seen = (truth: number, also?: readonly number[]): Prediction => ({
    predicted: 5,
    confidence: 0.5,
    truth,
    top5: [5, 4, 3, 2, 1],
    ...(also && { also }),
  });
  const about = { model: 'm', among, inDistribution: null };

  it('has the interval of Wilson, and counts further classes if all measures do', () => {
    const predictions = [seen(5), seen(1), seen(6, [3]), seen(0)];
    // R: binom.confint(2, 4, methods = "wilson")
    expect(evaluationOf(predictions, about)).toMatchObject({
      accuracy: 0.25,
      top5Accuracy: 0.5,
      top5AccuracyLow: expect.closeTo(0.15, 4),
      top5AccuracyHigh: expect.closeTo(0.85, 4),
    });
    expect(evaluationOf(withFurtherClasses(predictions), about).top5Accuracy).toBe(0.75);
  });

  it('is null with ten classes, without true classes, and if logits of one photo are not stored', () => {
    const { top5, ...unknown } = seen(5);
    expect(top5).toHaveLength(5);
    const none = { top5Accuracy: null, top5AccuracyLow: null, top5AccuracyHigh: null };
    expect(evaluationOf([seen(5)], { ...about, among: among.slice(0, 10) })).toMatchObject(none);
    expect(evaluationOf([seen(5), unknown], about)).toMatchObject(none);
    expect(evaluationOf([{ ...seen(5), truth: null }], about)).toMatchObject(none);
  });
});

describe('photos that clearly show several classes', () => {
  const one = (predicted: number, also?: readonly number[]): Prediction => ({
    predicted,
    confidence: 0.5,
    truth: 0,
    ...(also === undefined ? {} : { also }),
  });
  const predictions = [one(0), one(1, [1, 2]), one(2, [1]), one(1)];
  const about = { model: 'm', among: ['n0', 'n1', 'n2'], inDistribution: null };

  it('have a second accuracy, which counts each of these classes as right', () => {
    expect(evaluationOf(predictions, about)).toMatchObject({ accuracy: 0.25, accuracyMultiLabel: 0.5 });
    expect(evaluationOf(predictions.slice(3), about)).not.toHaveProperty('accuracyMultiLabel');
  });

  it('count so in all measures, if these are to be of several labels', () => {
    const found = evaluationOf(withFurtherClasses(predictions), about);
    expect(found).toMatchObject({ accuracy: 0.5, macroAccuracy: 0.5 });
    expect(found.accuracyLow).toBe(evaluationOf(predictions, about).accuracyMultiLabelLow);
  });
});

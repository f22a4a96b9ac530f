import { describe, expect, it } from 'vitest';
import { accuracyOf } from '../../../../../src/measure/evaluate/evaluate.ts';
import { rankingOf, type ModelAnswer } from '../../../../../src/measure/evaluate/metrics/answer.ts';
import { confidenceIntervals, differenceInterval } from '../../../../../src/measure/evaluate/metrics/intervals.ts';
import {
  rmsCalibrationError,
  rmsErrorIfCalibrated,
  signedGap,
} from '../../../../../src/measure/evaluate/metrics/calibration.ts';
import { aurra } from '../../../../../src/measure/evaluate/metrics/response-rate.ts';
import { softF1 } from '../../../../../src/measure/evaluate/metrics/soft-f1.ts';
import { madeNumbers } from './made-numbers.ts';

/** Answers of a model that is right as often as `shareOf` says at its confidence. */
function madeAnswers(seed: number, photos: number, shareOf: (confidence: number) => number): ModelAnswer[] {
  const luck = madeNumbers(seed + 1000, photos);
  return madeNumbers(seed, photos).map((u, i) => {
    const confidence = 0.1 + 0.9 * Math.sqrt(u);
    return { confidence, isCorrect: (luck[i] ?? 0) < shareOf(confidence) };
  });
}

describe('bootstrap intervals of the measures of confidence', () => {
  it('are null without photos', () => {
    expect(new Set(Object.values(confidenceIntervals(rankingOf([]))))).toEqual(new Set([null]));
  });

  it('are the same each time and in any order of the photos', () => {
    const answers = madeAnswers(1, 150, (confidence) => confidence / 2);
    expect(confidenceIntervals(rankingOf(answers.toReversed()))).toEqual(confidenceIntervals(rankingOf(answers)));
  });

  it('have no width if all photos are equal, and AURRA has none without a right answer', () => {
    const answers = Array.from({ length: 250 }, () => ({ confidence: 0.75, isCorrect: false }));
    const { aurraLow, aurraHigh, softF1Low, softF1High } = confidenceIntervals(rankingOf(answers));
    expect([aurraLow, aurraHigh]).toEqual([null, null]);
    expect([softF1Low, softF1High]).toEqual([0.4, 0.4].map((value) => expect.closeTo(value, 12)));
  });

  it('are those of the accuracy if all photos have one confidence, because AURRA and soft-F1 then depend on it alone', () => {
    const of = (right: number) =>
      rankingOf(Array.from({ length: 100 }, (_, i) => ({ confidence: 0.5, isCorrect: i < right })));
    // The percentiles 2.5 and 97.5 of Binomial(100, 0.3). Soft-F1 is larger if fewer answers are right.
    const [few, many] = [of(21), of(39)];
    expect(confidenceIntervals(of(30))).toEqual({
      aurraLow: aurra(few),
      aurraHigh: aurra(many),
      softF1Low: softF1(many),
      softF1High: softF1(few),
    });
  });

  it('of AURRA count a resample without a right answer as 0', () => {
    const answers = Array.from({ length: 40 }, (_, i) => ({ confidence: i / 40, isCorrect: i === 39 }));
    expect(aurra(rankingOf(answers))).toBeGreaterThan(0.1);
    expect(confidenceIntervals(rankingOf(answers)).aurraLow).toBe(0);
  });
});

describe('the RMS error that a calibrated model would show', () => {
  it.each([60, 250])('is passed by about 5 of 100 calibrated models with %i photos', (photos) => {
    const passed = Array.from({ length: 20 }, (_, run) => {
      const ranking = rankingOf(madeAnswers(20 * run + 1, photos, (confidence) => confidence));
      return (rmsCalibrationError(ranking, 'corrected') ?? 0) > (rmsErrorIfCalibrated(ranking) ?? 1);
    });
    expect(passed.filter(Boolean).length).toBeLessThanOrEqual(3);
  });

  it('is the same each time and in any order, below the error of a model that is far too sure, and null without photos', () => {
    const answers = madeAnswers(1, 150, (confidence) => confidence / 4);
    const limit = rmsErrorIfCalibrated(rankingOf(answers));
    expect(rmsErrorIfCalibrated(rankingOf(answers.toReversed()))).toBe(limit);
    expect(limit).toBeLessThan(0.1);
    expect(rmsCalibrationError(rankingOf(answers), 'corrected')).toBeGreaterThan(0.3);
    expect(rmsErrorIfCalibrated(rankingOf([]))).toBeNull();
  });
});

it('the signed gap is mean confidence minus accuracy below 200 photos, and null from 200 on', () => {
  const answers = Array.from({ length: 200 }, (_, i) => ({ confidence: 0.25, isCorrect: i % 2 === 0 }));
  expect(signedGap(rankingOf(answers.slice(0, 198)))).toBe(-0.25);
  expect(signedGap(rankingOf(answers))).toBeNull();
  expect(signedGap(rankingOf([]))).toBeNull();
});

describe('the interval of a difference of accuracies', () => {
  const accuracy = (right: number, photos: number) => {
    const found = accuracyOf(Array.from({ length: photos }, (_, i) => i < right));
    if (found === null) throw new Error('no photos');
    return found;
  };

  // From statsmodels 0.14: confint_proportions_2indep(..., method='newcomb', compare='diff')
  it.each<{ clean: [number, number]; set: [number, number]; ends: number[] }>([
    { clean: [48, 50], set: [2, 40], ends: [0.761_059_572_197_441_7, 0.956_343_179_966_125_5] },
    { clean: [450, 500], set: [0, 30], ends: [0.782_735_601_326_497_8, 0.923_322_437_262_629_4] },
  ])('is Newcombe’s for $clean and $set', ({ clean, set, ends }) => {
    const { low, high } = differenceInterval(accuracy(...clean), accuracy(...set));
    expect([low, high]).toEqual(ends.map((end) => expect.closeTo(end, 9)));
  });
});

import { describe, expect, it } from 'vitest';
import { accuracyOf } from '../../../../src/evaluate/evaluate.ts';
import { rankingOf, type ModelAnswer } from '../../../../src/evaluate/metrics/answer.ts';
import { confidenceIntervals, differenceInterval } from '../../../../src/evaluate/metrics/intervals.ts';
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

  it('have no width if all photos are equal', () => {
    const answers = Array.from({ length: 250 }, () => ({ confidence: 0.75, isCorrect: false }));
    const { rmsCalibrationErrorLow, rmsCalibrationErrorHigh, aurraLow, aurraHigh, softF1Low, softF1High } =
      confidenceIntervals(rankingOf(answers));
    expect([rmsCalibrationErrorLow, rmsCalibrationErrorHigh]).toEqual([0.75, 0.75]);
    expect([aurraLow, aurraHigh]).toEqual([0, 0]);
    expect([softF1Low, softF1High]).toEqual([0.4, 0.4].map((value) => expect.closeTo(value, 12)));
  });

  // The true root mean square of confidence - accuracy, by integration over u in confidence = 0.1 + 0.9 * sqrt(u).
  it.each([
    { photos: 60, name: 'far too sure', shareOf: (c: number) => 0.2 * c },
    { photos: 150, name: 'nearly calibrated', shareOf: (c: number) => c - 0.02 },
  ])(
    'of the RMS error of $photos answers that are $name cover the truth in at least 17 of 20 runs',
    ({ photos, shareOf }) => {
      const grid = Array.from({ length: 10_000 }, (_, i) => 0.1 + 0.9 * Math.sqrt((i + 0.5) / 10_000));
      const truth = Math.sqrt(grid.reduce((sum, c) => sum + (c - shareOf(c)) ** 2, 0) / grid.length);
      let covered = 0;
      for (let run = 0; run < 20; run += 1) {
        const { rmsCalibrationErrorLow, rmsCalibrationErrorHigh } = confidenceIntervals(
          rankingOf(madeAnswers(2 * run + 10, photos, shareOf)),
        );
        covered += (rmsCalibrationErrorLow ?? 1) <= truth && truth <= (rmsCalibrationErrorHigh ?? 0) ? 1 : 0;
      }
      expect(covered).toBeGreaterThanOrEqual(17);
    },
  );
});

describe('the interval of a difference of accuracies', () => {
  const accuracy = (right: number, photos: number) => {
    const found = accuracyOf(Array.from({ length: photos }, (_, i) => ({ isCorrect: i < right })));
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

import { describe, expect, it } from 'vitest';
import { oodCurves, oodMeasures } from '../../../../../src/measure/evaluate/metrics/ood.ts';
import {
  auroc,
  averagePrecision,
  fpr95,
  precisionRecallCurve,
  rocCurve,
  thresholdsOf,
} from '../../../../../src/measure/evaluate/metrics/thresholds.ts';
import { madeNumbers } from './made-numbers.ts';

const set = madeNumbers(1, 80).map((u) => u ** 2);
const inDistribution = madeNumbers(2, 120);

describe('out-of-distribution measures', () => {
  it('have intervals around the numbers, which are the same each time and in any order', () => {
    const measures = oodMeasures({ set, inDistribution });
    expect(measures.auprLow).toBeLessThan(measures.aupr);
    expect(measures.auprHigh).toBeGreaterThan(measures.aupr);
    expect(measures.aurocLow).toBeLessThan(measures.auroc);
    expect(measures.aurocHigh).toBeGreaterThan(measures.auroc);
    for (const [low, value, high] of [
      [measures.fpr95NearestLow, measures.fpr95Nearest, measures.fpr95NearestHigh],
      [measures.fpr95FirstLow, measures.fpr95First, measures.fpr95FirstHigh],
    ] as const) {
      expect(low).toBeLessThan(value);
      expect(high).toBeGreaterThan(value);
    }
    expect(oodMeasures({ set: set.toReversed(), inDistribution: inDistribution.toReversed() })).toEqual(measures);
  });

  it('have an interval for AUROC as wide as Hanley and McNeil estimate', () => {
    const { auroc: area, aurocLow, aurocHigh } = oodMeasures({ set, inDistribution });
    const [q1, q2] = [area / (2 - area), (2 * area ** 2) / (1 + area)];
    const variance =
      (area * (1 - area) + 79 * (q1 - area ** 2) + 119 * (q2 - area ** 2)) / (set.length * inDistribution.length);
    expect(Math.abs((aurocHigh - aurocLow) / (2 * 1.96 * Math.sqrt(variance)) - 1)).toBeLessThan(0.15);
  });

  it('are perfect if every photo of the set has less confidence than every other', () => {
    const measures = oodMeasures({ set: [0.1, 0.2], inDistribution: [0.3, 0.4, 0.5] });
    expect(measures).toMatchObject({ aupr: 1, auprLow: 1, auroc: 1, aurocLow: 1, fpr95Nearest: 0, fpr95First: 0 });
    expect(measures).toMatchObject({ fpr95NearestHigh: 0, fpr95FirstHigh: 0 });
    expect(oodMeasures({ set: [0.5], inDistribution: [0.1, 0.2] })).toMatchObject({
      aupr: 1 / 3,
      auroc: 0,
      fpr95First: 1,
    });
  });

  it('refuse numbers outside of 0 to 1, and lists without photos', () => {
    expect(() => oodMeasures({ set: [0.1, Number.NaN], inDistribution })).toThrow(RangeError);
    expect(() => oodMeasures({ set, inDistribution: [2] })).toThrow(RangeError);
    expect(() => oodMeasures({ set: [], inDistribution: [0.1] })).toThrow(
      new RangeError('Expected scores of both kinds but received 0 positive and 1 negative ones.'),
    );
    expect(() => thresholdsOf({ positives: [1], negatives: [-Infinity] })).toThrow(RangeError);
  });
});

describe('FPR95', () => {
  // 20 positives: recall 0.95 is reached with 19 of them, at two thresholds.
  const positives = Array.from({ length: 20 }, (_, i) => 100 - i);
  const negatives = [200, 81.5, 81.4, 10];

  it('is that of the lowest threshold with the nearest recall, or of the first with a recall of 0.95', () => {
    const thresholds = thresholdsOf({ positives, negatives });
    expect(fpr95(thresholds, 'first')).toBe(1 / 4);
    expect(fpr95(thresholds, 'nearest')).toBe(3 / 4);
  });
});

describe('curves', () => {
  const thresholds = thresholdsOf({ positives: [0.9, 0.7, 0.7, 0.2], negatives: [0.8, 0.7, 0.1, 0.1, 0] });

  it('have the areas that the measures are', () => {
    const steps = precisionRecallCurve(thresholds);
    const area = steps.slice(1).reduce((sum, { x, y }, i) => sum + (x - (steps[i]?.x ?? 0)) * y, 0);
    expect(area).toBeCloseTo(averagePrecision(thresholds), 12);
    const line = rocCurve(thresholds);
    const under = line.slice(1).reduce((sum, { x, y }, i) => {
      const before = line[i] ?? { x: 0, y: 0 };
      return sum + ((x - before.x) * (y + before.y)) / 2;
    }, 0);
    expect(under).toBeCloseTo(auroc(thresholds), 12);
  });

  it('have at most 201 points and keep their ends', () => {
    const { precisionRecall, roc } = oodCurves({ set: madeNumbers(3, 400), inDistribution: madeNumbers(4, 900) });
    expect([precisionRecall.length, roc.length]).toEqual([201, 201]);
    expect([roc.at(0), roc.at(-1)]).toEqual([
      { x: 0, y: 0 },
      { x: 1, y: 1 },
    ]);
    expect(precisionRecall.at(0)?.x).toBe(0);
    expect(precisionRecall.at(-1)).toEqual({ x: 1, y: 400 / 1300 });
  });
});

import { describe, expect, it } from 'vitest';
import { type FeatureMatrix, frechetDistance } from '../../../../src/report/metrics/frechet.ts';
import { nuclearNorm } from '../../../../src/report/metrics/nuclear-norm.ts';
import { triangleOf } from '../../../../src/report/metrics/triangle.ts';
import { madeNumbers } from './made-numbers.ts';

function features(seed: number, rows: number, columns: number): FeatureMatrix {
  return { rows, columns, values: Float64Array.from(madeNumbers(seed, rows * columns)) };
}

describe('Frechet distance', () => {
  it.each([
    [2, 1, 3, 1],
    [20, 5, 300, 5],
    [3, 7, 2, 7],
    [300, 13, 128, 13],
  ])('of %i x %i and %i x %i is symmetric, and 0 from a set to itself', (rowsA, columns, rowsB) => {
    const [a, b] = [features(1, rowsA, columns), features(2, rowsB, columns)];
    expect(frechetDistance(a, b)).toBeGreaterThan(0);
    expect(frechetDistance(b, a)).toBeCloseTo(frechetDistance(a, b), 12);
    expect(frechetDistance(a, a)).toBeLessThan(1e-13);
  });

  it('is the formula with standard deviations in one dimension', () => {
    const a = { rows: 3, columns: 1, values: Float64Array.of(0, 1, 2) };
    const b = { rows: 4, columns: 1, values: Float64Array.of(10, 10, 16, 16) };
    expect(frechetDistance(a, b)).toBeCloseTo((13 - 1) ** 2 + (Math.sqrt(12) - 1) ** 2, 12);
  });

  it('does not depend on the order of photos or of features', () => {
    const [a, b] = [features(1, 150, 6), features(2, 9, 6)];
    const reversed = ({ values, ...shape }: FeatureMatrix): FeatureMatrix => ({
      ...shape,
      values: values.toReversed(),
    });
    expect(frechetDistance(reversed(a), reversed(b))).toBeCloseTo(frechetDistance(a, b), 12);
  });

  it('is the squared distance of the means if one set is the other, moved', () => {
    const a = features(1, 40, 3);
    const moved = { ...a, values: a.values.map((value, i) => value + ([3, 4, 0][i % 3] ?? 0)) };
    expect(frechetDistance(a, moved)).toBeCloseTo(25, 11);
  });

  it('is exact with features that never change', () => {
    const a = features(1, 30, 4);
    const zero = (matrix: FeatureMatrix): FeatureMatrix => ({
      ...matrix,
      values: matrix.values.map((value, i) => (i % 4 === 2 ? 0 : value)),
    });
    const without = ({ rows, values }: FeatureMatrix): FeatureMatrix => ({
      rows,
      columns: 3,
      values: values.filter((_, i) => i % 4 !== 2),
    });
    const b = features(2, 50, 4);
    expect(frechetDistance(zero(a), zero(b))).toBeCloseTo(frechetDistance(without(a), without(b)), 12);
  });

  it('takes 32-bit features', () => {
    const [a, b] = [features(1, 30, 5), features(2, 40, 5)];
    const short = { ...a, values: Float32Array.from(a.values) };
    expect(frechetDistance(short, b)).toBeCloseTo(frechetDistance(a, b), 6);
  });

  it('leaves the features as they are', () => {
    const a = features(1, 30, 5);
    const before = a.values.slice();
    frechetDistance(a, features(2, 30, 5));
    expect(a.values).toEqual(before);
  });

  it('refuses what are no features', () => {
    const a = features(1, 3, 4);
    expect(() => frechetDistance(a, features(1, 3, 5))).toThrow(
      new RangeError('Expected features of one length but received 4 and 5 columns.'),
    );
    expect(() => frechetDistance(a, features(1, 1, 4))).toThrow(
      new RangeError('Expected features of 2 photos or more but received 1 rows of 4 columns.'),
    );
    expect(() => frechetDistance(features(1, 3, 0), a)).toThrow(RangeError);
    expect(() => frechetDistance(a, { ...a, rows: 4 })).toThrow(
      new RangeError('Expected 4 rows of 4 features but received 12 values.'),
    );
    for (const value of [Number.NaN, -Infinity]) {
      const wrong = { ...a, values: a.values.with(6, value) };
      expect(() => frechetDistance(a, wrong)).toThrow(
        new RangeError(`Expected finite features but received ${value} at feature 2 of photo 1.`),
      );
    }
  });
});

describe('triangle', () => {
  it.each([
    [300, 10],
    [5, 8],
    [129, 3],
  ])('of %i x %i has the products of the centred features', (rows, columns) => {
    const { values } = features(4, rows, columns);
    const mean = Float64Array.from({ length: columns }, (_, i) => i / 10);
    const { side, values: r } = triangleOf({ rows, columns, values }, mean);
    const centred = (row: number, k: number): number => (values[row * columns + k] ?? 0) - (mean[k] ?? 0);
    expect(r.filter((value, i) => value !== 0 && i % side < Math.floor(i / side))).toHaveLength(0);
    for (let i = 0; i < columns; i += 1) {
      for (let j = 0; j < columns; j += 1) {
        let [products, ours] = [0, 0];
        for (let row = 0; row < rows; row += 1) products += centred(row, i) * centred(row, j);
        for (let row = 0; row < side; row += 1) ours += (r[row * side + i] ?? 0) * (r[row * side + j] ?? 0);
        expect(ours).toBeCloseTo(products, 10);
      }
    }
  });
});

describe('nuclear norm', () => {
  it.each([
    ['one number', [-3], 3],
    ['zeros', [0, 0, 0, 0], 0],
    ['a diagonal', [3, 0, 0, 0, -4, 0, 0, 0, 0.5], 7.5],
    ['a permutation', [0, 1, 0, 0, 0, 1, 1, 0, 0], 3],
    ['rank 1: 1..2 times 1..2', [1, 2, 2, 4], 5],
    ['equal numbers', Array.from({ length: 25 }, () => 2), 10],
    ['a shear', [1, 1, 0, 1], Math.sqrt(5)],
  ])('of %s', (_, values, expected) => {
    expect(nuclearNorm(Float64Array.from(values), Math.sqrt(values.length))).toBeCloseTo(expected, 13);
  });

  it('is the trace of a symmetric positive matrix', () => {
    const side = 40;
    const { values } = features(5, side, side);
    const rows = Array.from({ length: side }, (_, i) => Array.from(values.subarray(i * side, (i + 1) * side)));
    const dot = (a: readonly number[], b: readonly number[]): number =>
      a.reduce((sum, x, i) => sum + x * (b[i] ?? 0), 0);
    const product = Float64Array.from(rows.flatMap((a) => rows.map((b) => dot(a, b))));
    const trace = rows.reduce((sum, row) => sum + dot(row, row), 0);
    expect(nuclearNorm(product, side)).toBeCloseTo(trace, 10);
  });
});

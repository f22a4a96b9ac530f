import { describe, expect, it } from 'vitest';
import { fitHead, GRADIENT_NORM } from '../../../../src/measure/heads/fit-head.ts';
import {
  lossOf,
  photoWeights,
  regressionObjective,
  type LabelledFeatures,
  type Penalty,
} from '../../../../src/measure/heads/softmax-regression.ts';
import { openMatrixProducts } from '../../../../src/measure/heads/matrix-products.process.ts';
import { seededRandom } from '../../../support/random.ts';

const products = await openMatrixProducts();

/** Photos of which each class has features of its own. The number of photos is no multiple of those computed together. */
function madeFeatures({ photos = 43, columns = 7, classes = 3, seed = 1 } = {}): LabelledFeatures {
  const random = seededRandom(seed);
  const labels = Int32Array.from({ length: photos }, (_, i) => (i < classes ? i : random.below(classes)));
  const values = Float32Array.from({ length: photos * columns }, (_, at) => {
    const label = labels[Math.floor(at / columns)] ?? 0;
    return 3 + 2 * random.next() + Number(at % columns === label);
  });
  return { values, columns, labels, classes };
}

/** The definition, written out: no shift, no blocks. */
function lossByDefinition(data: LabelledFeatures, { l2, weights }: Penalty, point: Float64Array): number {
  const { values, columns, labels, classes } = data;
  const size = classes * columns;
  const losses = [...labels].map((label, photo) => {
    const logits = Array.from({ length: classes }, (_, c) =>
      Array.from(
        { length: columns },
        (__, i) => (point[c * columns + i] ?? 0) * (values[photo * columns + i] ?? 0),
      ).reduce((sum, each) => sum + each, point[size + c] ?? 0),
    );
    const total = logits.reduce((sum, each) => sum + Math.exp(each), 0);
    return -(weights[photo] ?? 0) * Math.log(Math.exp(logits[label] ?? 0) / total);
  });
  const penalty = point.subarray(0, size).reduce((sum, each) => sum + each ** 2, 0);
  return (losses.reduce((sum, each) => sum + each, 0) + (l2 / 2) * penalty) / labels.length;
}

describe('the objective of a head', () => {
  const data = madeFeatures();
  const weights = photoWeights(data, true);
  const random = seededRandom(7);
  const point = Float64Array.from({ length: 3 * 7 + 3 }, () => random.next() - 0.5);

  it('is its definition', async () => {
    const value = await regressionObjective({ data, centre: new Float64Array(7), products }, { l2: 2, weights })(
      point,
      new Float64Array(24),
    );
    expect(value).toBeCloseTo(lossByDefinition(data, { l2: 2, weights }, point), 12);
  });

  it.each([0, 3.5])('has the gradient that finite differences give, with features shifted by %d', async (shift) => {
    const centre = new Float64Array(7).fill(shift);
    const objective = regressionObjective({ data, centre, products }, { l2: 2, weights });
    const gradient = new Float64Array(point.length);
    await objective(point, gradient);
    const h = 1e-5;
    for (const [i, value] of gradient.entries()) {
      const [up, down] = [point.slice(), point.slice()];
      up[i] = (up[i] ?? 0) + h;
      down[i] = (down[i] ?? 0) - h;
      const ignored = new Float64Array(point.length);
      const rise = (await objective(up, ignored)) - (await objective(down, ignored));
      expect(value).toBeCloseTo(rise / (2 * h), 8);
    }
  });
});

describe('a fitted head', () => {
  it('has a gradient of at most 1e-6, by the definition of the objective', async () => {
    // The second has more photos than are computed together.
    const sizes = [{ columns: 20 }, { photos: 2_100 }];
    for (const [size, isBalanced] of sizes.flatMap((each) => [false, true].map((flag) => [each, flag] as const))) {
      const data = madeFeatures({ ...size, seed: 3 });
      const head = await fitHead({ data, l2: 0.5, isBalanced }, products);
      expect(head.hasConverged).toBe(true);
      expect(head.gradientNorm).toBeLessThanOrEqual(GRADIENT_NORM);
      const point = Float64Array.from([...head.weight, ...head.bias]);
      const gradient = new Float64Array(point.length);
      const weights = photoWeights(data, isBalanced);
      const centre = new Float64Array(data.columns);
      await regressionObjective({ data, centre, products }, { l2: 0.5, weights })(point, gradient);
      // The weights of the head are rounded to float32.
      expect(Math.hypot(...gradient)).toBeLessThan(3e-6);
    }
  });

  it('predicts the share of each class with features that say nothing', async () => {
    const labels = Int32Array.of(0, 0, 0, 1, 2, 2);
    const data = { values: new Float32Array(12).fill(1), columns: 2, labels, classes: 3 };
    const head = await fitHead({ data, l2: 1, isBalanced: false }, products);
    const logits = [...head.bias].map((bias, c) => bias + (head.weight[2 * c] ?? 0) + (head.weight[2 * c + 1] ?? 0));
    const shares = [3 / 6, 1 / 6, 2 / 6];
    for (const [c, share] of shares.entries()) expect(Math.exp(-lossOf(logits, c))).toBeCloseTo(share, 5);
  });

  it('weighs classes as scikit-learn does if they are balanced', () => {
    const data = { values: new Float32Array(4), columns: 1, labels: Int32Array.of(0, 0, 0, 1), classes: 2 };
    expect([...photoWeights(data, true)]).toEqual([4 / 6, 4 / 6, 4 / 6, 4 / 2]);
    expect([...photoWeights(data, false)]).toEqual([1, 1, 1, 1]);
  });
});

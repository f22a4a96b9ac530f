import { minimise, normOf } from './lbfgs.ts';
import { columnMeans, photoWeights, regressionObjective, type LabelledFeatures } from './softmax-regression.ts';
import type { MatrixProducts } from './matrix-products.process.ts';

export interface FitOrder {
  readonly data: LabelledFeatures;
  /** The penalty, above 0: scikit-learn's 1 / C. */
  readonly l2: number;
  /** Give each class the same weight, whatever its number of photos. */
  readonly isBalanced: boolean;
  /** Two numbers that are written after each iteration: iterations so far, norm of the gradient. May be shared with another thread. */
  readonly progress?: Float64Array;
}

export interface FittedHead {
  /** classes x features, row by row. */
  readonly weight: Float32Array;
  readonly bias: Float32Array;
  readonly iterations: number;
  /** Euclidean norm of the gradient of the objective (`regressionObjective`, with features that are not shifted). */
  readonly gradientNorm: number;
  readonly hasConverged: boolean;
}

export const GRADIENT_NORM = 1e-6;
const MOST_ITERATIONS = 10_000;

/**
 * Fits multinomial logistic regression with an L2 penalty on the weights, starting at zero. The same photos give the same bits.
 *
 * @param order features are finite, and each class has a photo
 */
export async function fitHead(
  { data, l2, isBalanced, progress }: FitOrder,
  products: MatrixProducts,
): Promise<FittedHead> {
  const { columns, classes } = data;
  const centre = columnMeans(data);
  const regression = { data, centre, products };
  const penalty = { l2, weights: photoWeights(data, isBalanced) };
  const size = classes * columns;
  const minimum = await minimise(regressionObjective(regression, penalty), new Float64Array(size + classes), {
    // The gradient for features that are not shifted may be longer by this factor.
    gradientNorm: GRADIENT_NORM / (1 + normOf(centre)),
    mostIterations: MOST_ITERATIONS,
    onIteration: (iteration, norm) => progress?.set([iteration, norm]),
  });
  const { point, gradient, iterations } = minimum;
  const bias = Float32Array.from({ length: classes }, (_, c) => {
    let sum = point[size + c] ?? 0;
    for (let i = 0; i < columns; i += 1) sum -= (point[c * columns + i] ?? 0) * (centre[i] ?? 0);
    return sum;
  });
  const unshifted = gradient.map((value, at) =>
    at < size ? value + (gradient[size + Math.floor(at / columns)] ?? 0) * (centre[at % columns] ?? 0) : value,
  );
  const gradientNorm = normOf(unshifted);
  return {
    weight: Float32Array.from(point.subarray(0, size)),
    bias,
    iterations,
    gradientNorm,
    hasConverged: gradientNorm <= GRADIENT_NORM,
  };
}

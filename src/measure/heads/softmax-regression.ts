import type { Matrix, MatrixProducts } from './matrix-products.process.ts';
import { softmax } from '../../core/models/evidence/softmax.ts';
import type { Objective } from './lbfgs.ts';

export interface LabelledFeatures {
  /** A photo a row: photos x columns numbers. */
  readonly values: Float32Array;
  readonly columns: number;
  /** The class of each photo, 0..classes-1. */
  readonly labels: Int32Array;
  readonly classes: number;
}

export interface Regression {
  readonly data: LabelledFeatures;
  /** Subtracted from the features of each photo. */
  readonly centre: Float64Array;
  readonly products: MatrixProducts;
}

export interface Penalty {
  /** Above 0. */
  readonly l2: number;
  /** The weight of each photo, above 0; they sum to the number of photos. */
  readonly weights: Float64Array;
}

/** The weight of each photo: 1; or if balanced, photos / (classes x photos of its class), as scikit-learn's `class_weight='balanced'`. */
export function photoWeights({ labels, classes }: LabelledFeatures, isBalanced: boolean): Float64Array {
  const counts = new Float64Array(classes);
  for (const label of labels) counts[label] = (counts[label] ?? 0) + 1;
  return Float64Array.from(labels, (label) => (isBalanced ? labels.length / (classes * (counts[label] ?? 1)) : 1));
}

export function columnMeans({ values, columns, labels }: LabelledFeatures): Float64Array {
  const means = new Float64Array(columns);
  for (let i = 0; i < values.length; i += 1)
    means[i % columns] = (means[i % columns] ?? 0) + (values[i] ?? 0) / labels.length;
  return means;
}

/** Photos that are computed together. Sums depend on it in their last digits. */
const TOGETHER = 1024;

/**
 * The function that multinomial logistic regression minimises, divided by the number of photos:
 *
 *     ( sum over photos of weight . -log softmax(W x + b)[label]  +  l2 / 2 . sum of the squares of W ) / photos
 *
 * It takes W row by row (classes x columns), then the biases, which have no penalty. Features are shifted by `centre`, which changes
 * only the biases: the search needs fewer steps if the features' means are 0.
 * Source: scikit-learn's LogisticRegression, with C = 1 / l2 (https://scikit-learn.org/stable/modules/linear_model.html).
 */
export function regressionObjective(
  { data, centre, products }: Regression,
  { l2, weights: weightOf }: Penalty,
): Objective {
  const { columns, labels, classes } = data;
  const photos = labels.length;
  const size = classes * columns;
  return async (point, gradient) => {
    const weights = { values: point.subarray(0, size), rows: classes, columns };
    const ofWeights = gradient.subarray(0, size);
    const ofBiases = gradient.subarray(size);
    let sum = 0;
    gradient.fill(0);
    for (const block of blocksOf(data, centre)) {
      const logits = await products.timesTransposed(block, weights);
      for (let i = 0; i < block.rows; i += 1) {
        const photo = block.first + i;
        const row = logits.subarray(i * classes, (i + 1) * classes);
        addTo(row, point.subarray(size));
        sum += toResiduals(row, labels[photo] ?? 0, (weightOf[photo] ?? 0) / photos);
        addTo(ofBiases, row);
      }
      addTo(ofWeights, await products.transposedTimes({ values: logits, rows: block.rows, columns: classes }, block));
    }
    for (let at = 0; at < size; at += 1) {
      const w = point[at] ?? 0;
      sum += ((l2 / 2) * w * w) / photos;
      ofWeights[at] = (ofWeights[at] ?? 0) + (l2 * w) / photos;
    }
    return sum;
  };
}

/** Photos that follow one another: their shifted features, a photo a row. The next block overwrites them. */
function* blocksOf(
  { values, columns, labels }: LabelledFeatures,
  centre: Float64Array,
): Generator<Matrix & { readonly first: number }> {
  const memory = new Float64Array(Math.min(TOGETHER, labels.length) * columns);
  for (let first = 0; first < labels.length; first += TOGETHER) {
    const rows = Math.min(TOGETHER, labels.length - first);
    const block = memory.subarray(0, rows * columns);
    for (let row = 0, at = 0; row < rows; row += 1)
      for (let i = 0, from = (first + row) * columns; i < columns; i += 1, at += 1, from += 1)
        block[at] = (values[from] ?? 0) - (centre[i] ?? 0);
    yield { values: block, rows, columns, first };
  }
}

function addTo(target: Float64Array, values: Float64Array): void {
  for (let i = 0; i < target.length; i += 1) target[i] = (target[i] ?? 0) + (values[i] ?? 0);
}

/** -log softmax(logits)[label], in double precision: 0 or more. */
export function lossOf(logits: ArrayLike<number>, label: number): number {
  let most = -Infinity;
  for (let i = 0; i < logits.length; i += 1) most = Math.max(most, logits[i] ?? 0);
  let sum = 0;
  for (let i = 0; i < logits.length; i += 1) sum += Math.exp((logits[i] ?? 0) - most);
  return Math.max(0, Math.log(sum) + most - (logits[label] ?? 0));
}

/** Turns logits into residuals, weight . (softmax - 1 at the label), and returns weight . loss. */
function toResiduals(row: Float64Array, label: number, weight: number): number {
  const loss = weight * lossOf(row, label);
  row.set(softmax(row));
  row[label] = (row[label] ?? 0) - 1;
  for (let c = 0; c < row.length; c += 1) row[c] = weight * (row[c] ?? 0);
  return loss;
}

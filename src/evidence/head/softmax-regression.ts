import { softmax } from '../softmax.ts';
import type { Objective } from './lbfgs.ts';

/** Features of labelled photos. */
export interface LabelledFeatures {
  /** A photo a row: photos x columns numbers. */
  readonly values: Float32Array;
  /** Length of a feature vector. */
  readonly columns: number;
  /** The class of each photo, 0..classes-1. */
  readonly labels: Int32Array;
  readonly classes: number;
}

export interface Penalty {
  /** Above 0. */
  readonly l2: number;
  /** The weight of each photo, above 0; they sum to the number of photos. */
  readonly weights: Float64Array;
}

/** Photos that are computed together, so that a row of weights is read once for all of them. */
const TOGETHER = 4;

/** The weight of each photo: 1; or if balanced, photos / (classes x photos of its class), as scikit-learn's `class_weight='balanced'`. */
export function photoWeights({ labels, classes }: LabelledFeatures, isBalanced: boolean): Float64Array {
  const counts = new Float64Array(classes);
  for (const label of labels) counts[label] = (counts[label] ?? 0) + 1;
  return Float64Array.from(labels, (label) => (isBalanced ? labels.length / (classes * (counts[label] ?? 1)) : 1));
}

/** The mean of each column. */
export function columnMeans({ values, columns, labels }: LabelledFeatures): Float64Array {
  const means = new Float64Array(columns);
  for (let i = 0; i < values.length; i += 1)
    means[i % columns] = (means[i % columns] ?? 0) + (values[i] ?? 0) / labels.length;
  return means;
}

/**
 * The function that multinomial logistic regression minimises, divided by the number of photos:
 *
 *     ( sum over photos of weight . -log softmax(W x + b)[label]  +  l2 / 2 . sum of the squares of W ) / photos
 *
 * It takes W row by row (classes x columns), then the biases, which have no penalty. Features are shifted by `centre`, which changes
 * only the biases: the search needs fewer steps if the features' means are 0.
 * Source: scikit-learn's LogisticRegression, with C = 1 / l2 (https://scikit-learn.org/stable/modules/linear_model.html).
 */
export function regressionObjective(data: LabelledFeatures, { l2, weights }: Penalty, centre: Float64Array): Objective {
  const { columns, labels, classes } = data;
  const photos = labels.length;
  const biasesAt = classes * columns;
  /** The logits of some photos, one photo in each row. The residuals replace them. */
  const rows = Array.from({ length: TOGETHER }, () => new Float64Array(classes));
  return (point, gradient) => {
    let sum = 0;
    gradient.fill(0);
    const offsets = Float64Array.from(
      { length: classes },
      (_, c) => (point[biasesAt + c] ?? 0) - product(point, c * columns, centre),
    );
    for (let first = 0; first < photos; first += TOGETHER) {
      const block = { data, starts: startsOf(first, data) };
      fillLogits(block, { point, offsets, rows });
      for (const [at, row] of rows.entries())
        sum +=
          first + at < photos
            ? toResiduals(row, labels[first + at] ?? 0, (weights[first + at] ?? 0) / photos)
            : clear(row);
      addProducts(block, { gradient, rows });
    }
    for (let c = 0; c < classes; c += 1) {
      const ofBias = gradient[biasesAt + c] ?? 0;
      for (let i = 0, at = c * columns; i < columns; i += 1, at += 1) {
        const w = point[at] ?? 0;
        sum += ((l2 / 2) * w * w) / photos;
        gradient[at] = (gradient[at] ?? 0) - ofBias * (centre[i] ?? 0) + (l2 * w) / photos;
      }
    }
    return sum;
  };
}

function product(weights: Float64Array, from: number, vector: Float64Array): number {
  let sum = 0;
  for (let i = 0; i < vector.length; i += 1) sum += (weights[from + i] ?? 0) * (vector[i] ?? 0);
  return sum;
}

/** Where the features of four photos start. */
type Starts = readonly [number, number, number, number];

/** Behind the last photo there is the last one again. */
function startsOf(first: number, { columns, labels }: LabelledFeatures): Starts {
  const start = (at: number): number => Math.min(first + at, labels.length - 1) * columns;
  return [start(0), start(1), start(2), start(3)];
}

interface Block {
  readonly data: LabelledFeatures;
  readonly starts: Starts;
}

function fillLogits(
  { data, starts }: Block,
  {
    point,
    offsets,
    rows,
  }: { readonly point: Float64Array; readonly offsets: Float64Array; readonly rows: readonly Float64Array[] },
): void {
  const { values, columns, classes } = data;
  const [x0, x1, x2, x3] = starts;
  for (let c = 0; c < classes; c += 1) {
    let [z0, z1, z2, z3] = [0, 0, 0, 0];
    for (let i = 0, at = c * columns; i < columns; i += 1, at += 1) {
      const w = point[at] ?? 0;
      z0 += w * (values[x0 + i] ?? 0);
      z1 += w * (values[x1 + i] ?? 0);
      z2 += w * (values[x2 + i] ?? 0);
      z3 += w * (values[x3 + i] ?? 0);
    }
    const offset = offsets[c] ?? 0;
    for (const [at, z] of [z0, z1, z2, z3].entries()) rows[at]?.fill(z + offset, c, c + 1);
  }
}

/** Adds each photo's residuals times its features to the gradient of the weights, and the residuals to that of the biases. */
function addProducts(
  { data, starts }: Block,
  { gradient, rows }: { readonly gradient: Float64Array; readonly rows: readonly Float64Array[] },
): void {
  const { values, columns, classes } = data;
  const [x0, x1, x2, x3] = starts;
  for (let c = 0; c < classes; c += 1) {
    const [d0 = 0, d1 = 0, d2 = 0, d3 = 0] = rows.map((row) => row[c] ?? 0);
    for (let i = 0, at = c * columns; i < columns; i += 1, at += 1) {
      const near = d0 * (values[x0 + i] ?? 0) + d1 * (values[x1 + i] ?? 0);
      gradient[at] = (gradient[at] ?? 0) + near + (d2 * (values[x2 + i] ?? 0) + d3 * (values[x3 + i] ?? 0));
    }
    addAt(gradient, classes * columns + c, d0 + d1 + d2 + d3);
  }
}

function addAt(target: Float64Array, at: number, value: number): void {
  target[at] = (target[at] ?? 0) + value;
}

function clear(row: Float64Array): 0 {
  row.fill(0);
  return 0;
}

/**
 * -log softmax(logits)[label], in double precision.
 *
 * @returns 0 or more
 */
export function lossOf(logits: ArrayLike<number>, label: number): number {
  let most = -Infinity;
  for (let i = 0; i < logits.length; i += 1) most = Math.max(most, logits[i] ?? 0);
  let sum = 0;
  for (let i = 0; i < logits.length; i += 1) sum += Math.exp((logits[i] ?? 0) - most);
  return Math.max(0, Math.log(sum) + most - (logits[label] ?? 0));
}

/**
 * Turns logits into residuals: weight . (softmax - 1 at the label).
 *
 * @returns weight . loss
 */
function toResiduals(row: Float64Array, label: number, weight: number): number {
  const loss = weight * lossOf(row, label);
  row.set(softmax(row));
  row[label] = (row[label] ?? 0) - 1;
  for (let c = 0; c < row.length; c += 1) row[c] = weight * (row[c] ?? 0);
  return loss;
}

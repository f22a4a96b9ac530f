import type { FeatureMatrix } from './frechet.ts';

/** Rows that are added to the triangle at a time: a block of 1,280 columns fits into the cache of a processor. */
const BLOCK = 128;
/** Reflections that are applied to a column at a time, so that it is read once for all of them. */
const PANEL = 4;

/**
 * R of the QR decomposition of the centred features. It has the same Rᵀ R as the centred features, and its diagonal may be
 * negative.
 *
 * Householder reflections put one block of rows after the other under the triangle of the rows before, and clear it. So only
 * the triangle and one block are in memory.
 * Source: G. H. Golub and C. F. Van Loan, "Matrix Computations" (4th ed.), 5.1.2 to 5.1.4, 5.2.2; updating: 6.5.3.
 *
 * @param mean what is subtracted from each row
 * @returns columns · columns doubles, row by row, zeros below the diagonal
 */
export function triangleOf(features: FeatureMatrix, mean: Float64Array): Float64Array {
  const { rows, columns } = features;
  const triangle = new Float64Array(columns * columns);
  const block = new Float64Array(columns * BLOCK);
  for (let row = 0; row < rows; row += BLOCK) {
    fillBlock(block, { features, mean, row });
    clearBlock(triangle, block, columns);
  }
  return triangle;
}

/** Copies up to BLOCK centred rows. The block is stored column by column, and zero where there are no more rows. */
function fillBlock(
  block: Float64Array,
  { features, mean, row }: { readonly features: FeatureMatrix; readonly mean: Float64Array; readonly row: number },
): void {
  const { rows, columns, values } = features;
  for (let i = 0; i < BLOCK; i += 1) {
    const start = (row + i) * columns;
    for (let k = 0; k < columns; k += 1) {
      block[k * BLOCK + i] = row + i < rows ? (values[start + k] ?? 0) - (mean[k] ?? 0) : 0;
    }
  }
}

/** Rotates the block into the triangle, panel by panel from the left. */
function clearBlock(triangle: Float64Array, block: Float64Array, columns: number): void {
  for (let first = 0; first < columns; first += PANEL) {
    const last = Math.min(first + PANEL, columns);
    const scales: number[] = [];
    for (let k = first; k < last; k += 1) {
      const scale = reflect({ triangle, block, columns }, k);
      scales.push(scale);
      for (let j = k + 1; j < last; j += 1) applyOne({ triangle, block, columns }, { k, scale }, j);
    }
    applyPanel({ triangle, block, columns }, first, scales);
  }
}

interface Stack {
  readonly triangle: Float64Array;
  readonly block: Float64Array;
  readonly columns: number;
}

/**
 * Makes the reflection I - scale · (1, v)(1, v)ᵀ that clears column k of the block. Only row k of the triangle takes part.
 * The column then holds v.
 *
 * @returns the scale; 0 if the column is clear
 */
function reflect({ triangle, block, columns }: Stack, k: number): number {
  const squares = dot(block, k * BLOCK, k * BLOCK);
  if (squares === 0) return 0;
  const at = k * (columns + 1);
  const head = triangle[at] ?? 0;
  const length = Math.sqrt(head * head + squares) * (head > 0 ? -1 : 1);
  for (let i = k * BLOCK; i < (k + 1) * BLOCK; i += 1) block[i] = (block[i] ?? 0) / (head - length);
  triangle[at] = length;
  return (length - head) / length;
}

function dot(block: Float64Array, one: number, other: number): number {
  let sum = 0;
  for (let i = 0; i < BLOCK; i += 1) sum += (block[one + i] ?? 0) * (block[other + i] ?? 0);
  return sum;
}

/** Applies reflection k to column j. */
function applyOne(
  { triangle, block, columns }: Stack,
  { k, scale }: { readonly k: number; readonly scale: number },
  j: number,
): void {
  const [v, x, at] = [k * BLOCK, j * BLOCK, k * columns + j];
  const weight = scale * ((triangle[at] ?? 0) + dot(block, v, x));
  triangle[at] = (triangle[at] ?? 0) - weight;
  for (let i = 0; i < BLOCK; i += 1) block[x + i] = (block[x + i] ?? 0) - weight * (block[v + i] ?? 0);
}

/**
 * Applies the reflections of a panel to all columns right of it, and reads each of these twice for all of them. The products of
 * the vectors replace the columns between two reflections: v1 · (x - w0 v0) = v1 · x - w0 (v1 · v0).
 */
function applyPanel({ triangle, block, columns }: Stack, first: number, scales: readonly number[]): void {
  const vectors = block.subarray(first * BLOCK, (first + PANEL) * BLOCK);
  const gram = scales.map((_, one) => scales.map((__, other) => dot(vectors, one * BLOCK, other * BLOCK)));
  const weights = new Float64Array(PANEL);
  for (let j = first + PANEL; j < columns; j += 1) {
    const column = block.subarray(j * BLOCK, (j + 1) * BLOCK);
    multiply(vectors, column, weights);
    for (let i = 0; i < PANEL; i += 1) {
      const at = (first + i) * columns + j;
      let product = (weights[i] ?? 0) + (triangle[at] ?? 0);
      for (let before = 0; before < i; before += 1) product -= (weights[before] ?? 0) * (gram[i]?.[before] ?? 0);
      weights[i] = product * (scales[i] ?? 0);
      triangle[at] = (triangle[at] ?? 0) - (weights[i] ?? 0);
    }
    subtract(vectors, column, weights);
  }
}

/** Stores the products of the four vectors with a column. */
function multiply(vectors: Float64Array, column: Float64Array, products: Float64Array): void {
  let [sum0, sum1, sum2, sum3] = [0, 0, 0, 0];
  for (let i = 0; i < BLOCK; i += 1) {
    const value = column[i] ?? 0;
    sum0 += value * (vectors[i] ?? 0);
    sum1 += value * (vectors[BLOCK + i] ?? 0);
    sum2 += value * (vectors[2 * BLOCK + i] ?? 0);
    sum3 += value * (vectors[3 * BLOCK + i] ?? 0);
  }
  products[0] = sum0;
  products[1] = sum1;
  products[2] = sum2;
  products[3] = sum3;
}

/** Subtracts the weighted four vectors from a column. */
function subtract(vectors: Float64Array, column: Float64Array, weights: Float64Array): void {
  const [weight0 = 0, weight1 = 0, weight2 = 0, weight3 = 0] = weights;
  for (let i = 0; i < BLOCK; i += 1) {
    column[i] =
      (column[i] ?? 0) -
      weight0 * (vectors[i] ?? 0) -
      weight1 * (vectors[BLOCK + i] ?? 0) -
      weight2 * (vectors[2 * BLOCK + i] ?? 0) -
      weight3 * (vectors[3 * BLOCK + i] ?? 0);
  }
}

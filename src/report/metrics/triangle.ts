import type { FeatureMatrix } from './frechet.ts';

/** Rows that are put under the triangle at a time: a block of 1,280 columns fits into the cache of a processor. */
const BLOCK = 128;
/** Reflections that are applied together, so that a column is read once for all of them. */
const PANEL = 4;
/** Columns that they are applied to together, so that the reflections are read once for both. */
const PAIR = 2;

/** An upper triangle, row by row, with zeros below the diagonal. */
export interface Triangle {
  readonly side: number;
  readonly values: Float64Array;
}

/**
 * R of the QR decomposition of centred features: Rᵀ R is the same as with the centred features in place of R. Its diagonal may
 * have negative numbers. The side is the number of columns, rounded up to a multiple of four with columns of zeros.
 *
 * Householder reflections put one block of rows after the other under the triangle of the rows before, and clear it. So only
 * the triangle and one block are in memory. ml-matrix takes ten times as long and holds two copies of the features.
 * Source: G. H. Golub and C. F. Van Loan, "Matrix Computations" (4th ed.), 5.1.2 to 5.1.4 (reflections), 5.2.2 (QR), 6.5.3
 * (adding rows).
 *
 * @param mean what is subtracted from each row
 */
export function triangleOf(features: FeatureMatrix, mean: Float64Array): Triangle {
  const side = Math.ceil(features.columns / PANEL) * PANEL;
  const stack = { side, values: new Float64Array(side * side), block: new Float64Array(side * BLOCK) };
  for (let row = 0; row < features.rows; row += BLOCK) {
    fillBlock(stack.block, { features, mean, row });
    for (let first = 0; first < side; first += PANEL) clearPanel(stack, first);
  }
  return stack;
}

/** Copies up to BLOCK centred rows. The block is stored column by column, with zeros where there are no more rows. */
function fillBlock(
  block: Float64Array,
  { features, mean, row }: { readonly features: FeatureMatrix; readonly mean: Float64Array; readonly row: number },
): void {
  const { rows, columns, values } = features;
  for (let i = 0; i < BLOCK; i += 1) {
    const start = (row + i) * columns;
    for (let k = 0; k < columns; k += 1) {
      block[k * BLOCK + i] = row + i < rows ? (values[start + k] ?? 0) - entry(mean, k) : 0;
    }
  }
}

/** The triangle, and the block of rows below it. */
interface Stack extends Triangle {
  readonly block: Float64Array;
}

/** Clears four columns of the block, and applies the reflections to the columns right of them. */
function clearPanel(stack: Stack, first: number): void {
  const scales = Float64Array.from({ length: PANEL }, (_, i) => {
    const scale = reflect(stack, first + i);
    for (let j = first + i + 1; j < first + PANEL; j += 1) applyOne(stack, { k: first + i, scale }, j);
    return scale;
  });
  applyPanel(stack, first, scales);
}

/**
 * Makes the reflection I - scale · (1, v)(1, v)ᵀ that clears column k of the block. Only row k of the triangle takes part.
 * The column then holds v.
 *
 * @returns the scale; 0 if the column is clear
 */
function reflect({ side, values, block }: Stack, k: number): number {
  const squares = dot(block, k * BLOCK, k * BLOCK);
  if (squares === 0) return 0;
  const at = k * (side + 1);
  const head = entry(values, at);
  const length = Math.sqrt(head * head + squares) * (head > 0 ? -1 : 1);
  for (let i = k * BLOCK; i < (k + 1) * BLOCK; i += 1) block[i] = entry(block, i) / (head - length);
  values[at] = length;
  return (length - head) / length;
}

function dot(block: Float64Array, one: number, other: number): number {
  let sum = 0;
  for (let i = 0; i < BLOCK; i += 1) sum += entry(block, one + i) * entry(block, other + i);
  return sum;
}

/** Applies reflection k to column j. */
function applyOne(
  { side, values, block }: Stack,
  { k, scale }: { readonly k: number; readonly scale: number },
  j: number,
): void {
  const [v, x, at] = [k * BLOCK, j * BLOCK, k * side + j];
  const weight = scale * (entry(values, at) + dot(block, v, x));
  values[at] = entry(values, at) - weight;
  for (let i = 0; i < BLOCK; i += 1) block[x + i] = entry(block, x + i) - weight * entry(block, v + i);
}

/**
 * Applies the four reflections of a panel to the columns right of it. Their products with each other replace the columns between
 * two reflections: v1 · (x - w0 v0) = v1 · x - w0 (v1 · v0).
 */
function applyPanel({ side, values, block }: Stack, first: number, scales: Float64Array): void {
  const vectors = block.subarray(first * BLOCK, (first + PANEL) * BLOCK);
  const gram = Float64Array.from({ length: PANEL ** 2 }, (_, i) => {
    const other = i % PANEL;
    return dot(vectors, (i - other) * (BLOCK / PANEL), other * BLOCK);
  });
  const products = new Float64Array(PAIR * PANEL);
  for (let j = first + PANEL; j < side; j += PAIR) {
    const columns = block.subarray(j * BLOCK, (j + PAIR) * BLOCK);
    multiply(vectors, columns, products);
    for (let i = 0; i < PAIR * PANEL; i += 1) {
      const vector = i % PANEL;
      const at = (first + vector) * side + j + (i - vector) / PANEL;
      let product = entry(products, i) + entry(values, at);
      for (let k = 0; k < vector; k += 1) product -= entry(products, i - vector + k) * entry(gram, vector * PANEL + k);
      products[i] = product * entry(scales, vector);
      values[at] = entry(values, at) - entry(products, i);
    }
    subtract(vectors, columns, products);
  }
}

/** An entry that exists. */
function entry(values: Float64Array, place: number): number {
  return values[place] ?? 0;
}

/** Stores the products of the four vectors with the first column, then those with the second. */
function multiply(vectors: Float64Array, columns: Float64Array, products: Float64Array): void {
  let [a0, a1, a2, a3, b0, b1, b2, b3] = [0, 0, 0, 0, 0, 0, 0, 0];
  for (let i = 0; i < BLOCK; i += 1) {
    const a = entry(columns, i);
    const b = entry(columns, BLOCK + i);
    const v0 = entry(vectors, i);
    const v1 = entry(vectors, BLOCK + i);
    const v2 = entry(vectors, 2 * BLOCK + i);
    const v3 = entry(vectors, 3 * BLOCK + i);
    a0 += a * v0;
    a1 += a * v1;
    a2 += a * v2;
    a3 += a * v3;
    b0 += b * v0;
    b1 += b * v1;
    b2 += b * v2;
    b3 += b * v3;
  }
  products.set([a0, a1, a2, a3, b0, b1, b2, b3]);
}

/** Subtracts the weighted four vectors from both columns. */
function subtract(vectors: Float64Array, columns: Float64Array, weights: Float64Array): void {
  const [a0 = 0, a1 = 0, a2 = 0, a3 = 0, b0 = 0, b1 = 0, b2 = 0, b3 = 0] = weights;
  for (let i = 0; i < BLOCK; i += 1) {
    const v0 = entry(vectors, i);
    const v1 = entry(vectors, BLOCK + i);
    const v2 = entry(vectors, 2 * BLOCK + i);
    const v3 = entry(vectors, 3 * BLOCK + i);
    columns[i] = entry(columns, i) - (a0 * v0 + a1 * v1 + (a2 * v2 + a3 * v3));
    columns[BLOCK + i] = entry(columns, BLOCK + i) - (b0 * v0 + b1 * v1 + (b2 * v2 + b3 * v3));
  }
}

/**
 * Nuclear norm: the sum of the singular values of a square matrix.
 *
 * Householder reflections from the left and from the right make the matrix upper bidiagonal (G. H. Golub and C. F. Van Loan,
 * "Matrix Computations", 4th ed., 5.4.8). Its singular values are the positive eigenvalues of a symmetric tridiagonal matrix of
 * twice the side with a zero diagonal (8.6.1), which bisection finds (8.4.1). No singular vectors are computed.
 * The error is some 1e-16 of the largest singular value, for each of them.
 *
 * @param matrix side · side finite numbers, row by row; it is overwritten
 * @returns 0 or more
 */
export function nuclearNorm(matrix: Float64Array, side: number): number {
  return sumOfPositiveEigenvalues(bidiagonalise(matrix, side));
}

/** @returns the bidiagonal: d_0, e_0, d_1, e_1 ... d_(side - 1); the signs have no meaning */
function bidiagonalise(matrix: Float64Array, side: number): Float64Array {
  const bidiagonal = new Float64Array(2 * side - 1);
  const column = new Float64Array(side);
  for (let k = 0; k < side; k += 1) {
    for (let i = k; i < side; i += 1) column[i] = matrix[i * side + k] ?? 0;
    const left = reflection(column.subarray(k));
    bidiagonal[2 * k] = left.length;
    if (k + 1 === side) break;
    const rest = { matrix, side, first: k };
    const sums = timesRows(rest, left);
    const row = matrix.subarray(k * side + k + 1, (k + 1) * side);
    for (let j = 0; j < row.length; j += 1) row[j] = (row[j] ?? 0) - (sums[j] ?? 0);
    const right = reflection(row);
    bidiagonal[2 * k + 1] = right.length;
    updateRows(rest, { left: left.vector, sums, right });
  }
  return bidiagonal;
}

/** I - scale · v vᵀ, with v_0 = 1. It takes a vector to (length, 0, 0 ...). */
interface Reflection {
  readonly vector: Float64Array;
  readonly scale: number;
  readonly length: number;
}

/** Overwrites the vector with that of its reflection (Golub and Van Loan, 5.1.3). */
function reflection(vector: Float64Array): Reflection {
  const head = vector[0] ?? 0;
  let squares = 0;
  for (let i = 1; i < vector.length; i += 1) squares += (vector[i] ?? 0) ** 2;
  vector[0] = 1;
  if (squares === 0) return { vector, scale: 0, length: head };
  const length = Math.sqrt(head * head + squares) * (head > 0 ? -1 : 1);
  for (let i = 1; i < vector.length; i += 1) vector[i] = (vector[i] ?? 0) / (head - length);
  return { vector, scale: (length - head) / length, length };
}

/** The part of a matrix that is not yet bidiagonal: from row and column `first`. */
interface Rest {
  readonly matrix: Float64Array;
  readonly side: number;
  readonly first: number;
}

/** scale · vᵀ times the columns after the first. */
function timesRows({ matrix, side, first }: Rest, { vector, scale }: Reflection): Float64Array {
  const sums = new Float64Array(side - first - 1);
  for (let i = 0; i < vector.length; i += 1) {
    const weight = scale * (vector[i] ?? 0);
    const start = (first + i) * side + first + 1;
    for (let j = 0; j < sums.length; j += 1) sums[j] = (sums[j] ?? 0) + weight * (matrix[start + j] ?? 0);
  }
  return sums;
}

/** Applies both reflections to the rows after the first, which stay in the cache from one to the other. */
function updateRows(
  { matrix, side, first }: Rest,
  { left, sums, right }: { readonly left: Float64Array; readonly sums: Float64Array; readonly right: Reflection },
): void {
  const { vector, scale } = right;
  for (let i = 1; i < left.length; i += 1) {
    const start = (first + i) * side + first + 1;
    const weight = left[i] ?? 0;
    let product = 0;
    for (let j = 0; j < sums.length; j += 1) {
      const value = (matrix[start + j] ?? 0) - weight * (sums[j] ?? 0);
      matrix[start + j] = value;
      product += value * (vector[j] ?? 0);
    }
    product *= scale;
    for (let j = 0; j < sums.length; j += 1) {
      matrix[start + j] = (matrix[start + j] ?? 0) - product * (vector[j] ?? 0);
    }
  }
}

/** @param offDiagonal of a symmetric tridiagonal matrix with a zero diagonal, whose eigenvalues come in pairs of both signs */
function sumOfPositiveEigenvalues(offDiagonal: Float64Array): number {
  const squares = offDiagonal.map((value) => value * value);
  const largest = offDiagonal.reduce((most, value) => Math.max(most, Math.abs(value)), 0);
  if (largest === 0) return 0;
  const all = (offDiagonal.length + 1) / 2;
  const bound = 2 * largest;
  const open = [{ low: 0, high: bound, above: 0, count: all }];
  let sum = 0;
  for (let part = open.pop(); part !== undefined; part = open.pop()) {
    const { low, high, above, count } = part;
    const middle = (low + high) / 2;
    if (count === 0) continue;
    if (middle <= low || middle >= high || high - low <= bound * Number.EPSILON) {
      sum += count * middle;
      continue;
    }
    const aboveMiddle = countAbove(squares, middle);
    open.push({ low: middle, high, above, count: aboveMiddle - above });
    open.push({ low, high: middle, above: aboveMiddle, count: above + count - aboveMiddle });
  }
  return sum;
}

/** How many eigenvalues are above x: the negative pivots of the decomposition of x·I - T (Sylvester's law of inertia). */
function countAbove(squares: Float64Array, x: number): number {
  let pivot = x;
  let count = 0;
  for (let i = 0; i < squares.length; i += 1) {
    pivot = x - (squares[i] ?? 0) / (pivot === 0 ? Number.MIN_VALUE : pivot);
    if (pivot < 0) count += 1;
  }
  return count;
}

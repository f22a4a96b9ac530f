/** How a graph wants its input and what its output is, where that is not float32 NCHW and logits. Pure. */

/** How a graph takes pictures; everything is optional, since most models need no words. */
export interface InputFormat {
  /** `nhwc`: `[batch, size, size, 3]`, pixel after pixel. */
  readonly layout?: 'nchw' | 'nhwc' | undefined;
  /** `uint8`: the graph takes pixels 0..255 as they are. */
  readonly type?: 'float32' | 'uint8' | undefined;
}

/** What the values of an output are. Of probabilities the logarithm is given. */
export type OutputValues = 'logits' | 'probabilities';

/** Below float32's smallest normal number a probability counts as this: the logarithm of 0 would be no number. A negative one stays wrong. */
const SMALLEST_PROBABILITY = 1.1754943508222875e-38;

/**
 * Float32 NCHW pictures as the graph wants them. Exact: values are only moved, and those of a uint8 input are whole.
 *
 * @param crops `count * 3 * size * size` values, channel after channel
 */
export function toInput(crops: Float32Array, size: number, { layout, type }: InputFormat): Float32Array | Uint8Array {
  if (layout !== 'nhwc') return type === 'uint8' ? Uint8Array.from(crops) : crops;
  const plane = size * size;
  const out = type === 'uint8' ? new Uint8Array(crops.length) : new Float32Array(crops.length);
  for (let start = 0; start < crops.length; start += 3 * plane) {
    for (let pixel = 0; pixel < plane; pixel += 1) {
      const to = start + 3 * pixel;
      for (let channel = 0; channel < 3; channel += 1)
        out[to + channel] = crops[start + channel * plane + pixel] ?? Number.NaN;
    }
  }
  return out;
}

/** The dimensions of `count` pictures. */
export function inputDims(count: number, size: number, { layout }: InputFormat): readonly number[] {
  return layout === 'nhwc' ? [count, size, size, 3] : [count, 3, size, size];
}

/** One picture's logits, from what the graph gave. */
export function toLogits(row: Float32Array, values: OutputValues = 'logits'): Float32Array {
  return values === 'probabilities' ? logarithms(row) : row;
}

/**
 * Logarithms of probabilities. Softmax of log p is p, and over some of the classes it is p rescaled to sum to 1 over
 * them, which is what softmax of the same classes' logits would have been.
 */
function logarithms(probabilities: Float32Array): Float32Array {
  return probabilities.map((p) => Math.log(p >= 0 && p < SMALLEST_PROBABILITY ? SMALLEST_PROBABILITY : p));
}

/** Whether every row holds no negative number and sums to 1: a softmax is in the graph. */
export function areProbabilities(rows: readonly Float32Array[]): boolean {
  return (
    rows.length > 0 &&
    rows.every((row) => {
      const sum = row.reduce((total, value) => total + value, 0);
      return row.every((value) => value >= 0) && Math.abs(sum - 1) < 1e-3;
    })
  );
}

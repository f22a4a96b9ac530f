/** The input format of a graph. All fields are optional, because most models use the defaults. */
export interface InputFormat {
  /** `nhwc`: `[batch, size, size, 3]`, pixel by pixel. */
  readonly layout?: 'nchw' | 'nhwc' | undefined;
  /** `uint8`: the graph takes pixels 0..255 without normalisation. */
  readonly type?: 'float32' | 'uint8' | undefined;
}

/** The meaning of an output's values. Probabilities are converted to their logarithms. */
export type OutputValues = 'logits' | 'probabilities';

/** float32's smallest normal number stands for smaller probabilities: the logarithm of 0 is not finite. */
const SMALLEST_PROBABILITY = 1.1754943508222875e-38;

/**
 * Converts `count * 3 * size * size` values, channel by channel, to the input that the graph takes. Exact: values are
 * only moved, and those for a uint8 input are whole numbers.
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

export function inputDims(count: number, size: number, { layout }: InputFormat): readonly number[] {
  return layout === 'nhwc' ? [count, size, size, 3] : [count, 3, size, size];
}

export function toLogits(row: Float32Array, values: OutputValues = 'logits'): Float32Array {
  return values === 'probabilities' ? logarithms(row) : row;
}

/** Softmax of log p is p, rescaled if over some classes: the same as softmax over the logits of those classes. */
function logarithms(probabilities: Float32Array): Float32Array {
  return probabilities.map((p) => Math.log(p >= 0 && p < SMALLEST_PROBABILITY ? SMALLEST_PROBABILITY : p));
}

/** True if no row has a negative number and each sums to 1. If so, the graph contains a softmax. */
export function areProbabilities(rows: readonly Float32Array[]): boolean {
  return (
    rows.length > 0 &&
    rows.every((row) => {
      const sum = row.reduce((total, value) => total + value, 0);
      return row.every((value) => value >= 0) && Math.abs(sum - 1) < 1e-3;
    })
  );
}

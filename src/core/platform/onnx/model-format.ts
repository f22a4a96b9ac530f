import * as ort from 'onnxruntime-node';
import { halfToNumber, toHalves } from './float16.ts';

export type InputType = 'float32' | 'float16' | 'uint8';

/** The input format of a graph. All fields are optional, because most models use the defaults. */
export interface InputFormat {
  /** `nhwc`: `[batch, size, size, 3]`, pixel by pixel. */
  readonly layout?: 'nchw' | 'nhwc' | undefined;
  /** `uint8`: the graph takes pixels 0..255 without normalisation. */
  readonly type?: InputType | undefined;
}

/** The meaning of an output's values. Probabilities are converted to their logarithms. */
export type OutputValues = 'logits' | 'probabilities';

/** float32's smallest normal number stands for smaller probabilities: the logarithm of 0 is not finite. */
const SMALLEST_PROBABILITY = 1.1754943508222875e-38;

/**
 * Converts `count * 3 * size * size` values, channel by channel, to the input that the graph takes. Values are only moved, and
 * rounded for a float16 input. Those for a uint8 input are whole numbers.
 */
export function toInput(crops: Float32Array, size: number, { layout, type = 'float32' }: InputFormat): ort.Tensor {
  const values = layout === 'nhwc' ? pixelByPixel(crops, size) : crops;
  const count = crops.length / (3 * size * size);
  const dims = layout === 'nhwc' ? [count, size, size, 3] : [count, 3, size, size];
  if (type === 'uint8') return new ort.Tensor(type, Uint8Array.from(values), dims);
  return type === 'float16' ? halfTensor(toHalves(values), dims) : new ort.Tensor(type, values, dims);
}

/** On Node 24 `new ort.Tensor('float16', ...)` makes a Float16Array, which the binding of onnxruntime-node 1.30 cannot read. */
function halfTensor(halves: Uint16Array, dims: readonly number[]): ort.Tensor {
  return Object.assign(new ort.Tensor('uint16', halves, dims), { type: 'float16' as const });
}

function pixelByPixel(crops: Float32Array, size: number): Float32Array {
  const plane = size * size;
  const out = new Float32Array(crops.length);
  for (let start = 0; start < crops.length; start += 3 * plane) {
    for (let pixel = 0; pixel < plane; pixel += 1) {
      const to = start + 3 * pixel;
      for (let channel = 0; channel < 3; channel += 1)
        out[to + channel] = crops[start + channel * plane + pixel] ?? Number.NaN;
    }
  }
  return out;
}

/** The values of an output in float32; null unless they are float32 or float16. */
export function valuesOf({ type, data }: ort.Tensor): Float32Array | null {
  if (data instanceof Float32Array) return data;
  if (type !== 'float16' || !ArrayBuffer.isView(data)) return null;
  // Node 24 gives a Float16Array, which has the same bytes.
  return Float32Array.from(new Uint16Array(data.buffer, data.byteOffset, data.byteLength / 2), halfToNumber);
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

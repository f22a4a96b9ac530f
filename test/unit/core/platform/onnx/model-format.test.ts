import { describe, expect, it } from 'vitest';
import {
  areProbabilities,
  toInput,
  toLogits,
  valuesOf,
  type InputFormat,
} from '../../../../../src/core/platform/onnx/model-format.ts';
import { softmax } from '../../../../../src/core/models/evidence/softmax.ts';

const PLANES = Float32Array.from({ length: 24 }, (_, i) => i);
const PIXELS = [0, 4, 8, 1, 5, 9, 2, 6, 10, 3, 7, 11, 12, 16, 20, 13, 17, 21, 14, 18, 22, 15, 19, 23];

it('toInput moves values, and changes none unless they must be float16', () => {
  const given = (format: InputFormat): unknown[] => {
    const { type, dims, data } = toInput(PLANES, 2, format);
    return [type, dims, [...(data as Uint8Array)]];
  };
  expect(given({})).toEqual(['float32', [2, 3, 2, 2], [...PLANES]]);
  expect(given({ layout: 'nhwc' })).toEqual(['float32', [2, 2, 2, 3], PIXELS]);
  expect(given({ type: 'uint8' })).toEqual(['uint8', [2, 3, 2, 2], [...PLANES]]);
  expect(given({ layout: 'nhwc', type: 'uint8' })).toEqual(['uint8', [2, 2, 2, 3], PIXELS]);
  const half = toInput(PLANES, 2, { layout: 'nhwc', type: 'float16' });
  expect([half.type, [...(valuesOf(half) ?? [])]]).toEqual(['float16', PIXELS]);
});

describe('toLogits', () => {
  it('leaves logits as they are', () => {
    const row = Float32Array.of(1, 2, 3, 4);
    expect(toLogits(row)).toBe(row);
  });

  it('takes logarithms of probabilities, whose softmax over some classes is p over their sum', () => {
    const row = toLogits(Float32Array.of(0.1, 0.3, 0.6), 'probabilities');
    expect(softmax(row)[1]).toBeCloseTo(0.3, 6);
    expect(softmax(row.subarray(0, 2))[1]).toBeCloseTo(0.75, 6);
  });

  it('gives a finite logarithm for zero, and NaN for a negative probability', () => {
    const row = toLogits(Float32Array.of(0, -0.5), 'probabilities');
    expect(row[0]).toBeCloseTo(-87.3365, 3);
    expect(row[1]).toBeNaN();
  });
});

it('areProbabilities requires no negative value and a sum of 1 in every row', () => {
  expect(areProbabilities([Float32Array.of(0.25, 0.75), Float32Array.of(0, 1)])).toBe(true);
  expect(areProbabilities([Float32Array.of(0.25, 0.75), Float32Array.of(-0.5, 1.5)])).toBe(false);
  expect(areProbabilities([Float32Array.of(0.5, 0.6)])).toBe(false);
  expect(areProbabilities([])).toBe(false);
});

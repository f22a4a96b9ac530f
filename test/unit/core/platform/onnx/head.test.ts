import { describe, expect, it } from 'vitest';
import { applyLinear, linearLayerOf } from '../../../../../src/core/platform/onnx/head.ts';
import { parseSafetensors } from '../../../../../src/core/platform/onnx/safetensors.ts';
import { safetensorsOf, withHeader } from '../../../../support/safetensors.ts';
import { sha256Of } from '../../../../support/sha256.ts';

const WEIGHT = { shape: [2, 3], values: Float32Array.of(1, 2, 3, 4, 5, 6) };
const BIAS = { shape: [2], values: Float32Array.of(0.5, -0.5) };
const layerOf = (bytes: Buffer, features: number | null = 3, classes?: number) =>
  linearLayerOf(bytes, { file: 'my.safetensors', sha256: sha256Of(bytes), features, classes });

/** A layer of two classes and two features from the bits of its values: four of the weight, then two of the bias. */
function sixteenBits(dtype: string, bits: readonly number[]): Buffer {
  const header = {
    weight: { dtype, shape: [2, 2], data_offsets: [0, 8] },
    bias: { dtype, shape: [2], data_offsets: [8, 12] },
  };
  return withHeader(JSON.stringify(header), Buffer.from(Uint16Array.from(bits).buffer));
}

describe('a linear head', () => {
  it('gives weight times features plus bias', () => {
    const layer = layerOf(safetensorsOf({ weight: WEIGHT, bias: BIAS }), 3, 2);
    expect(applyLinear(layer, Float32Array.of(1, 0, -1))).toEqual(Float32Array.of(-1.5, -2.5));
  });

  it('adds in double precision, so that small terms beside large ones count', () => {
    const weight = { shape: [1, 3], values: Float32Array.of(1e8, 1, -1e8) };
    const layer = layerOf(safetensorsOf({ weight, bias: { shape: [1], values: Float32Array.of(0) } }));
    expect(applyLinear(layer, Float32Array.of(1, 1, 1))).toEqual(Float32Array.of(1));
  });

  // 1.5, -2, the smallest subnormal number and the largest number of the format; then 1 and -0 for the bias.
  it.each([
    ['F16', [0x3e00, 0xc000, 0x0001, 0x7bff, 0x3c00, 0x8000], [1.5, -2, 2 ** -24, 65_504, 1, -0]],
    ['BF16', [0x3fc0, 0xc000, 0x0001, 0x7f7f, 0x3f80, 0x8000], [1.5, -2, 2 ** -133, 255 * 2 ** 120, 1, -0]],
  ])('reads %s as exactly the same numbers in float32', (dtype, bits, values) => {
    const layer = layerOf(sixteenBits(dtype, bits), 2);
    expect([...layer.weight, ...layer.bias]).toEqual(values);
  });

  it.each([
    ['F16', 0x7c00, 'Infinity'],
    ['F16', 0x7e00, 'NaN'],
    ['BF16', 0xff80, '-Infinity'],
    ['BF16', 0x7fc0, 'NaN'],
  ])('refuses a value of %s that is not finite (%i)', (dtype, wrong, text) => {
    const bits = [0, 0, 0, wrong, 0, 0];
    expect(() => layerOf(sixteenBits(dtype, bits), 2)).toThrow(`weight has ${text} at value 3 of 4`);
  });

  it('refuses types that it does not read', () => {
    expect(() => layerOf(sixteenBits('I16', [0, 0, 0, 0, 0, 0]), 2)).toThrow(
      'weight is I16 [2, 2] in 8 bytes, not F32 or F16 or BF16 [2, 2]',
    );
  });

  it.each([
    ['other names', { kernel: WEIGHT, bias: BIAS }, /holds the tensors bias, kernel, not weight and bias/],
    ['no bias', { weight: WEIGHT }, /holds the tensors weight, not weight and bias/],
    [
      'a bias of other length',
      { weight: { shape: [3, 2], values: WEIGHT.values }, bias: BIAS },
      /takes 2 features, but its backbone gives 3/,
    ],
    [
      'a shape that its bytes do not have',
      { weight: { ...WEIGHT, shape: [4, 3] }, bias: BIAS },
      /weight is F32 \[4, 3\] in 24 bytes/,
    ],
  ])('is refused with %s', (_, tensors, message) => {
    expect(() => layerOf(safetensorsOf(tensors))).toThrow(
      expect.objectContaining({ code: 'head-invalid', message: expect.stringMatching(message) }),
    );
  });

  it('is refused if its class list has another number of classes', () => {
    expect(() => layerOf(safetensorsOf({ weight: WEIGHT, bias: BIAS }), 3, 5)).toThrow(
      /gives 2 values, but its class list has 5/,
    );
  });
});

describe('parseSafetensors', () => {
  const whole = safetensorsOf({ weight: WEIGHT, bias: BIAS });
  const entry = (from: number, to: number): string =>
    `{"a":{"dtype":"F32","shape":[1],"data_offsets":[${from},${to}]}}`;

  it('reads names, types, shapes and bytes, and skips metadata', () => {
    const header = `{"__metadata__":{"format":"pt"},"a":{"dtype":"F32","shape":[1],"data_offsets":[0,4]}}   `;
    const tensors = parseSafetensors(withHeader(header, Buffer.from([0, 0, 128, 63])));
    expect([...tensors]).toEqual([['a', { dtype: 'F32', shape: [1], data: Buffer.from([0, 0, 128, 63]) }]]);
  });

  it.each([
    ['is empty', Buffer.alloc(0), /0 bytes, fewer than the 8/],
    ['was cut in its header', whole.subarray(0, 40), /header should have \d+ bytes, but at most 32 are possible/],
    ['was cut in its data', whole.subarray(0, -4), /its tensors have 32 bytes, but 28 follow the header/],
    ['has bytes after its tensors', Buffer.concat([whole, Buffer.alloc(1)]), /32 bytes, but 33 follow/],
    ['has a huge header', Buffer.alloc(64, 255), /header should have 18446744073709551615 bytes/],
    ['has no JSON', withHeader('<html>', Buffer.alloc(0)), /its header cannot be read/],
    ['has a gap', withHeader(entry(4, 8), Buffer.alloc(8)), /the tensor 'a' is at 4 to 8, not from 0 on/],
    ['runs backwards', withHeader(entry(0, -4), Buffer.alloc(0)), /its header cannot be read/],
    ['lacks a shape', withHeader('{"a":{"dtype":"F32","data_offsets":[0,0]}}', Buffer.alloc(0)), /cannot be read/],
  ])('refuses a file that %s', (_, bytes, message) => {
    expect(() => parseSafetensors(bytes)).toThrow(message);
  });
});

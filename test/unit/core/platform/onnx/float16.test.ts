import { expect, it } from 'vitest';
import { halfToNumber, toHalves } from '../../../../../src/core/platform/onnx/float16.ts';

it.each([
  [0x00_00, 0],
  [0x3c_00, 1],
  [0xc0_00, -2],
  [0x35_55, 0.333_251_953_125],
  [0x7b_ff, 65_504],
  [0x00_01, 2 ** -24],
  [0x83_ff, -1023 * 2 ** -24],
  [0x04_00, 2 ** -14],
  [0x7c_00, Infinity],
  [0xfc_00, -Infinity],
  [0x7e_00, Number.NaN],
])('a float16 of the bits %i is %d', (bits, value) => {
  expect(halfToNumber(bits)).toBe(value);
});

it('each float16 keeps its bits through float32', () => {
  const all = Array.from({ length: 0x1_00_00 }, (_, bits) => bits).filter((bits) => !Number.isNaN(halfToNumber(bits)));
  expect([...toHalves(Float32Array.from(all, halfToNumber))]).toEqual(all);
});

// As NumPy 2.4: `numpy.float32(value).astype(numpy.float16).view(numpy.uint16)`.
it.each([
  [1 + 2 ** -11, 0x3c_00],
  [1 + 3 * 2 ** -11, 0x3c_02],
  [65_519, 0x7b_ff],
  [65_520, 0x7c_00],
  [-1e9, 0xfc_00],
  [2 ** -25, 0x00_00],
  [3 * 2 ** -26, 0x00_01],
  [2 ** -14 - 2 ** -26, 0x04_00],
  [Number.NaN, 0x7e_00],
])('%d is rounded to the float16 of the bits %i', (value, bits) => {
  expect([...toHalves(Float32Array.of(value))]).toEqual([bits]);
});

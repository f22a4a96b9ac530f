import { describe, expect, it } from 'vitest';
import { storedFeature, unitVector } from '../../../../../src/core/models/evidence/feature.ts';

const dot = (a: Float32Array, b: Float32Array): number => a.reduce((sum, value, i) => sum + value * (b[i] ?? 0), 0);
const unitOf = (values: readonly number[]): Float32Array => unitVector(storedFeature(Float32Array.from(values)).vector);

describe('stored features', () => {
  it('return the numbers within half a step of 1/32,767 of the largest', () => {
    const values = Float32Array.from({ length: 1280 }, (_, i) => Math.sin(i) * 3.7);
    const { vector, scale } = storedFeature(values);
    expect(vector.length).toBe(2560);
    const errors = values.map((value, i) => Math.abs(vector.readInt16LE(2 * i) * scale - value));
    expect(Math.max(...errors)).toBeLessThan((0.51 * 3.7) / 32_767);
  });

  it('have the cosine similarity of the given features, for any length', () => {
    expect(dot(unitOf([3, 4]), unitOf([30, 40]))).toBeCloseTo(1, 4);
    expect(dot(unitOf([3, 4]), unitOf([-4, 3]))).toBeCloseTo(0, 4);
    expect(dot(unitOf([1, 0]), unitOf([3, 4]))).toBeCloseTo(0.6, 4);
  });

  it('of zeros are similar to nothing', () => {
    expect([...unitOf([0, 0])]).toEqual([0, 0]);
  });

  it('are refused if a value is not finite', () => {
    expect(() => storedFeature(Float32Array.of(1, Number.NaN))).toThrow('Expected finite features');
  });
});

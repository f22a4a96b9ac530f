import { describe, expect, it } from 'vitest';
import { pairedDifference } from '../../../../src/evaluate/metrics/bootstrap.ts';

/** Answers of both models on photos of which the first alone, and then the second alone, gets some right. */
function outcomes({ photos, onlyA, onlyB }: Record<'photos' | 'onlyA' | 'onlyB', number>): [boolean[], boolean[]] {
  const a = Array.from({ length: photos }, (_, i) => i < onlyA || i >= photos / 2);
  const b = a.map((isCorrect, i) => (i < onlyA ? false : i < onlyA + onlyB ? true : isCorrect));
  return [a, b];
}

describe('paired bootstrap', () => {
  it.each([
    { photos: 50_000, onlyA: 1800, onlyB: 1500 },
    { photos: 1000, onlyA: 40, onlyB: 200 },
    { photos: 400, onlyA: 200, onlyB: 0 },
  ])('has the interval of the central limit theorem for $onlyA and $onlyB of $photos', (counts) => {
    const { photos, onlyA, onlyB } = counts;
    const { difference, low, high } = pairedDifference(...outcomes(counts));
    expect(difference).toBeCloseTo((onlyA - onlyB) / photos, 12);
    const deviation = Math.sqrt(((onlyA + onlyB) / photos - difference ** 2) / photos);
    expect(Math.abs((difference - low) / (1.96 * deviation) - 1)).toBeLessThan(0.07);
    expect(Math.abs((high - difference) / (1.96 * deviation) - 1)).toBeLessThan(0.07);
  });

  it('gives the same numbers each time and in any order of the photos', () => {
    const [a, b] = outcomes({ photos: 300, onlyA: 30, onlyB: 10 });
    expect(pairedDifference(a.toReversed(), b.toReversed())).toEqual(pairedDifference(a, b));
  });

  it('has no width if the models are right on the same photos, or one is always right and the other never', () => {
    expect(pairedDifference([true, false], [true, false])).toEqual({ difference: 0, low: 0, high: 0 });
    expect(pairedDifference([true, true], [false, false])).toEqual({ difference: 1, low: 1, high: 1 });
    expect(pairedDifference([false, false], [true, true])).toEqual({ difference: -1, low: -1, high: -1 });
  });

  it('refuses lists of different length and empty ones', () => {
    const message = 'Expected answers of both models on the same photos but received';
    expect(() => pairedDifference([true], [])).toThrow(new RangeError(`${message} 1 and 0.`));
    expect(() => pairedDifference([], [])).toThrow(new RangeError(`${message} 0 and 0.`));
  });
});

import { describe, expect, it } from 'vitest';
import { heldOut } from '../../../../src/measure/heads/held-out.ts';
import { toSha256 } from '../../../../src/core/kernel/ids.ts';
import { sha256Of } from '../../../support/sha256.ts';

const photo = (text: string, label: number) => ({ sha256: toSha256(sha256Of(Buffer.from(text))), label });
const photos = Array.from({ length: 90 }, (_, i) => photo(`${i}`, Math.floor(i / 30)));

describe('the held-out tenth', () => {
  it('is a tenth of each class', () => {
    const positions = [...heldOut(photos, 1)].toSorted((a, b) => a - b);
    expect(positions.map((i) => photos[i]?.label)).toEqual([0, 0, 0, 1, 1, 1, 2, 2, 2]);
  });

  it('depends on the seed, and not on the order of the photos', () => {
    const shasOf = (some: typeof photos, seed: number) =>
      [...heldOut(some, seed)].map((i) => some[i]?.sha256 ?? '').toSorted();
    expect(shasOf(photos.toReversed(), 1)).toEqual(shasOf(photos, 1));
    expect(shasOf(photos, 2)).not.toEqual(shasOf(photos, 1));
  });

  it('keeps copies of a photo together', () => {
    const twice = [...photos, ...photos];
    const chosen = heldOut(twice, 1);
    for (const i of chosen) expect(chosen.has((i + 90) % 180)).toBe(true);
    expect(chosen.size).toBe(18);
  });

  it('has a photo of a class with three, and none of a class with two', () => {
    const few = [photo('a', 0), photo('b', 0), photo('c', 0), photo('d', 1), photo('e', 1)];
    expect([...heldOut(few, 1)].map((i) => few[i]?.label)).toEqual([0]);
  });
});

import { describe, expect, it } from 'vitest';
import { evidenceImportText, mostDiffering } from '../../../../src/core/kernel/evidence-import.ts';
import { toSha256 } from '../../../../src/core/kernel/ids.ts';

/** The chance that a sample has none of the differing photos, by counting: each place of the sample after the other. */
function missing(photos: number, compared: number, differing: number): number {
  let chance = 1;
  for (let i = 0; i < compared; i += 1) chance *= Math.max(0, photos - differing - i) / (photos - i);
  return chance;
}

describe('the share of imported photos that may differ', () => {
  it('is the exact limit of a sample without a difference', () => {
    for (const photos of [1, 20, 98, 299, 301, 1_000, 7_777])
      for (const compared of [1, 20, 98, 300, 5_000].filter((count) => count <= photos)) {
        const most = Math.round(mostDiffering(photos, compared) * photos);
        expect(missing(photos, compared, most)).toBeGreaterThan(0.05);
        expect(missing(photos, compared, most + 1)).toBeLessThanOrEqual(0.05);
      }
  });

  it('is 0 of all photos, 1.0 % of many with the default, and of so many that no loop counts them', () => {
    expect([mostDiffering(98, 98), mostDiffering(300, 300)]).toEqual([0, 0]);
    expect(mostDiffering(100_000_000, 300)).toBeCloseTo(1 - 0.05 ** (1 / 300), 6);
    expect(mostDiffering(100_000_000, 50_000_000)).toBeLessThan(1e-7);
  });
});

describe('the sentence about an import', () => {
  const of = (photos: number, compared: number) =>
    evidenceImportText({
      plan: toSha256('ab'.repeat(32)),
      seed: '12',
      photos,
      compared,
      mostDiffering: mostDiffering(photos, compared),
    });

  it('says what was drawn and what it shows', () => {
    expect(of(50_000, 300)).toBe(
      'Import of the plan abababababab: winnow evaluated 300 of 50,000 photos itself, drawn by the random seed 12, and none differs: at most 1.0 % of the photos differ, 95 %.',
    );
    expect(of(98, 98)).toBe(
      'Import of the plan abababababab: winnow evaluated all 98 photos itself, and none differs.',
    );
    const unknown = { plan: null, seed: null, photos: null, compared: null, mostDiffering: null };
    expect(evidenceImportText(unknown)).toMatch(/^Earlier imports: at least 20 photos of each plan .* no share/);
  });
});

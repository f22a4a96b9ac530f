import { describe, expect, it } from 'vitest';
import { FINE_HASH_BYTES } from '../../../../src/core/photo/hashes/fine-hash.ts';
import {
  KnownPictures,
  LEAK_DISTANCE,
  parsedFingerprint,
  underTwoLabels,
} from '../../../../src/core/photo/known-pictures.ts';
import { sha256Of } from '../../../support/sha256.ts';

/** A picture whose perceptual hash differs in some bits from that of the same name. By chance, no other name's is similar. */
function picture(name: string, { bitsOff = 0, file = name, original = null as string | null } = {}) {
  const bits = BigInt(`0x${sha256Of(`hash of ${name}`).slice(0, 16)}`) ^ (2n ** BigInt(bitsOff) - 1n);
  return {
    sha256: sha256Of(file),
    originalSha256: original === null ? null : sha256Of(original),
    perceptualHash: bits.toString(16).padStart(16, '0'),
    fineHash: sha256Of(`finer hash of ${name}`)
      .repeat(8)
      .slice(0, 2 * FINE_HASH_BYTES),
  };
}

describe('KnownPictures', () => {
  const known = new KnownPictures();
  known.add(picture('known', { file: 'exported file', original: 'photo' }));

  it.each([
    ['the same file', picture('x', { file: 'exported file' }), true],
    ['the photo of an exported file', picture('x', { file: 'photo' }), true],
    ['another export of the photo', picture('x', { file: 'other file', original: 'photo' }), true],
    ['another file', picture('x'), false],
  ])('compares bytes without a fingerprint: %s', (_, sought, isKnown) => {
    expect(known.has(sought, null)).toBe(isKnown);
  });

  it('has a picture in other bytes as reference sets do: within the distance, and confirmed by the finer hash', () => {
    const has = (sought: ReturnType<typeof picture>) => known.has(sought, parsedFingerprint(sought));
    expect(has(picture('known', { bitsOff: LEAK_DISTANCE, file: 'x' }))).toBe(true);
    expect(has(picture('known', { bitsOff: LEAK_DISTANCE + 1, file: 'x' }))).toBe(false);
    expect(has({ ...picture('known', { file: 'x' }), fineHash: picture('other').fineHash })).toBe(false);
  });
});

it('underTwoLabels names the pictures under another label, even if an earlier one of the own label is the same too', () => {
  const labelled = (label: number, name: string, bitsOff = 0) => ({ ...picture(name, { bitsOff }), label });
  const pictures = [labelled(0, 'a'), labelled(0, 'a', 1), labelled(1, 'b'), labelled(1, 'a', 2), labelled(0, 'a', 3)];
  expect(underTwoLabels(pictures)).toEqual([
    [0, 3],
    [3, 4],
  ]);
  expect(underTwoLabels(pictures.slice(0, 3))).toEqual([]);
});

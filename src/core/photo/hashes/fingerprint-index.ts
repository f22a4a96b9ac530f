import { confirms, type FineHash, fineHashOf, fineHashText } from './fine-hash.ts';
import { HashIndex } from './hash-index.ts';
import { type ParsedHash, hashOfFrequencies } from './perceptual-hash.ts';
import { frequenciesOf } from './frequencies.ts';
import type { LumaImage, RgbImage } from '../../platform/image/raster.ts';
import type { Fingerprint } from '../../platform/image/inspection.ts';

export interface ParsedFingerprint {
  readonly hash: ParsedHash;
  /** Null if it is unknown, or was not loaded because no 64-bit hash here matches. */
  readonly fineHash: FineHash | null;
}

/** Pictures in the order in which they were added. The finer hash confirms each match of the 64-bit hashes. */
export class FingerprintIndex {
  readonly #hashes = new HashIndex();
  readonly #fineHashes: (FineHash | null)[] = [];

  get length(): number {
    return this.#hashes.length;
  }

  add({ hash, fineHash }: ParsedFingerprint): void {
    this.#hashes.add(hash);
    this.#fineHashes.push(fineHash);
  }

  /** Position (0 = added first) of the earliest same picture within `maxDistance` bits that `counts`, or -1. */
  firstMatch(
    { hash, fineHash }: ParsedFingerprint,
    maxDistance: number,
    counts: (position: number) => boolean = () => true,
  ): number {
    return this.#hashes.firstWithin(
      hash,
      maxDistance,
      (position) => counts(position) && confirms(fineHash, this.#fineHashes[position] ?? null),
    );
  }
}

/** The pictures whose 64-bit hash matches that of another one among them. Only these need their finer hashes. */
export function withMatches<T extends { readonly hash: ParsedHash }>(pictures: readonly T[], maxDistance: number): T[] {
  const index = new HashIndex();
  for (const { hash } of pictures) index.add(hash);
  return pictures.filter(
    ({ hash }, own) => index.firstWithin(hash, maxDistance, (position) => position !== own) !== -1,
  );
}

export function fingerprintOf(image: RgbImage | LumaImage): Fingerprint {
  const frequencies = frequenciesOf(image);
  return { perceptualHash: hashOfFrequencies(frequencies), fineHash: fineHashText(fineHashOf(frequencies)) };
}

import { parseFineHash } from './hashes/fine-hash.ts';
import { FingerprintIndex, type ParsedFingerprint } from './hashes/fingerprint-index.ts';
import type { Fingerprint } from '../platform/image/inspection.ts';
import { parseHash } from './hashes/perceptual-hash.ts';

/** Bits in which the perceptual hashes of a photo and a reference may differ, unless the user gives another number. 0..64. */
export const LEAK_DISTANCE = 6;

/** A picture, with the hash of its file and, if an export wrote the file, the hash of the photo. Hex. */
export interface HashedPicture {
  readonly sha256: string;
  readonly originalSha256: string | null;
}

export class KnownPictures {
  readonly #hashes = new Set<string>();
  readonly #index = new FingerprintIndex();

  add(picture: HashedPicture & Fingerprint): void {
    for (const hash of hashesOf(picture)) this.#hashes.add(hash);
    this.#index.add(parsedFingerprint(picture));
  }

  get isEmpty(): boolean {
    return this.#index.length === 0;
  }

  /** @param fingerprint null: only the bytes are compared */
  has(photo: HashedPicture, fingerprint: ParsedFingerprint | null): boolean {
    if (hashesOf(photo).some((hash) => this.#hashes.has(hash))) return true;
    return fingerprint !== null && this.#index.firstMatch(fingerprint, LEAK_DISTANCE) !== -1;
  }
}

function hashesOf({ sha256, originalSha256 }: HashedPicture): string[] {
  return originalSha256 === null ? [sha256] : [sha256, originalSha256];
}

/** Parses stored hashes for comparing. Throws a RangeError if a hash has another length. */
export function parsedFingerprint({ perceptualHash, fineHash }: Fingerprint): ParsedFingerprint {
  return { hash: parseHash(perceptualHash), fineHash: parseFineHash(Buffer.from(fineHash, 'hex')) };
}

/** Positions of the pictures that are under another label too: the earlier picture and the later one. */
export function underTwoLabels(
  pictures: readonly (Fingerprint & { readonly label: number })[],
): (readonly [number, number])[] {
  const index = new FingerprintIndex();
  return pictures.flatMap((picture, i) => {
    const parsed = parsedFingerprint(picture);
    const earlier = index.firstMatch(parsed, LEAK_DISTANCE, (position) => pictures[position]?.label !== picture.label);
    index.add(parsed);
    return earlier === -1 ? [] : [[earlier, i] as const];
  });
}

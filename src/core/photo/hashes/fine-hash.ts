/**
 * The finer hash: 255 numbers that confirm a match of the 64-bit hash. Two unrelated photos in ten million differ in at
 * most 6 of its 64 bits, which is too many beside a million reference pictures.
 *
 * The numbers are the 16 x 16 lowest frequencies of the picture without the constant one, so the comparison ignores
 * brightness and contrast. Frequencies of photos fall off with the distance f from the constant one. Each is multiplied
 * by f^1.5, so that the coarse layout, which the 64-bit hash has compared already, does not outweigh the detail. Then
 * its square root is taken and its sign kept, so that a few strong frequencies, such as those of a horizon, do not
 * decide alone. Similarity is the cosine of two such vectors. `docs/performance.md` says how many false matches the
 * exponent, the number of frequencies and the threshold give.
 */
import { FREQUENCIES, type Frequencies } from './frequencies.ts';

/** Signed bytes, -127..127, in rows of rising horizontal frequency; all zero for a picture of one colour. */
export type FineHash = Int8Array;

export const FINE_HASH_BYTES = FREQUENCIES ** 2 - 1;
/** The least cosine similarity of the finer hashes of the same picture, if the 64-bit hashes match. */
const LEAST_SIMILARITY = 0.85;
const LARGEST = 127;

/** sqrt(1/2) where the orthonormal DCT-II scales down, times f^1.5. Square roots are exact on every machine. */
const WEIGHTS = Float64Array.from({ length: FINE_HASH_BYTES }, (_, i) => {
  const [vertical, horizontal] = [Math.floor((i + 1) / FREQUENCIES), (i + 1) % FREQUENCIES];
  const distance = Math.sqrt(vertical ** 2 + horizontal ** 2);
  return distance * Math.sqrt(distance) * (vertical === 0 || horizontal === 0 ? Math.SQRT1_2 : 1);
});

/** The finer hash of a picture, scaled so that the largest number is 127 or -127. It is the same on every machine. */
export function fineHashOf(frequencies: Frequencies): FineHash {
  const hash = new Int8Array(FINE_HASH_BYTES);
  let largest = 0;
  for (let i = 0; i < FINE_HASH_BYTES; i += 1) largest = Math.max(largest, Math.abs(weightedAt(frequencies, i)));
  if (largest === 0) return hash;
  for (let i = 0; i < FINE_HASH_BYTES; i += 1) {
    const weighted = weightedAt(frequencies, i);
    hash[i] = Math.round(Math.sign(weighted) * Math.sqrt(Math.abs(weighted) / largest) * LARGEST);
  }
  return hash;
}

function weightedAt(frequencies: Frequencies, i: number): number {
  return (WEIGHTS[i] ?? 0) * (frequencies[i + 1] ?? 0);
}

/** Cosine of two finer hashes, -1 to 1. It is 1 for two pictures of one colour each, and 0 if only one of them is. */
export function fineSimilarity(a: FineHash, b: FineHash): number {
  let [product, ofA, ofB] = [0, 0, 0];
  for (let i = 0; i < FINE_HASH_BYTES; i += 1) {
    const [x, y] = [a[i] ?? 0, b[i] ?? 0];
    product += x * y;
    ofA += x * x;
    ofB += y * y;
  }
  if (ofA === 0 && ofB === 0) return 1;
  return product === 0 ? 0 : product / Math.sqrt(ofA * ofB);
}

/** If a finer hash is unknown (null: an older catalogue), the 64-bit hash alone decides, so that no leak is missed. */
export function confirms(a: FineHash | null, b: FineHash | null): boolean {
  return a === null || b === null || fineSimilarity(a, b) >= LEAST_SIMILARITY;
}

/** The hash as 510 lower-case hex digits, which `parseFineHash` reads. */
export function fineHashText(hash: FineHash): string {
  return Buffer.from(hash.buffer, hash.byteOffset, hash.byteLength).toString('hex');
}

/** Throws a RangeError unless there are exactly 255 bytes. */
export function parseFineHash(bytes: Uint8Array): FineHash {
  if (bytes.length !== FINE_HASH_BYTES)
    throw new RangeError(`Expected ${FINE_HASH_BYTES} bytes of a finer hash but received ${bytes.length}`);
  return new Int8Array(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}

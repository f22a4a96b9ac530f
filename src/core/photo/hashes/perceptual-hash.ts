/**
 * 64-bit DCT perceptual hash for finding near-duplicates. Re-encoded, rescaled or slightly edited copies of a photo
 * differ in a few bits, unrelated photos in about half of them.
 *
 * Source of the method: C. Zauner, "Implementation and Benchmarking of Perceptual Image Hash Functions", 2010, section
 * 3.2.1 (the pHash library's DCT hash), in the form of Python's `imagehash.phash`: 32 x 32 grey pixels, two-dimensional
 * DCT-II, the 8 x 8 lowest frequencies (including the constant one), a bit for each that exceeds their median. Hashes
 * are not interchangeable with those of either program, because the resizing filters differ.
 *
 * Known limit of the method: a drawing that is its own mirror image lacks half of the frequencies, so rounding decides
 * half of its bits.
 */
import { FREQUENCIES, type Frequencies } from './frequencies.ts';

/** A hash as two 32-bit integers, for loops over many hashes. */
export interface ParsedHash {
  readonly hi: number;
  readonly lo: number;
}

const HASH_BITS = 64;
/** Frequencies of each axis that the hash uses, the lowest ones. */
const LOW = 8;
/** The value of a lower-case hex digit by its character code; -1 for other characters. */
const HEX_VALUES = Int8Array.from({ length: 128 }, (_, code) => '0123456789abcdef'.indexOf(String.fromCharCode(code)));

/** 16 hex digits, the lowest frequency first. Flat pictures hash to `8000000000000000` (black: all zeros). */
export function hashOfFrequencies(frequencies: Frequencies): string {
  const low = new Float64Array(HASH_BITS);
  for (let i = 0; i < HASH_BITS; i++) low[i] = frequencies[Math.floor(i / LOW) * FREQUENCIES + (i % LOW)] ?? 0;
  const median = medianOf(low);
  let hash = '';
  for (let i = 0; i < HASH_BITS; i += 4) {
    let digit = 0;
    for (let bit = 0; bit < 4; bit++) digit = digit * 2 + ((low[i + bit] ?? 0) > median ? 1 : 0);
    hash += digit.toString(16);
  }
  return hash;
}

/** Throws a RangeError unless the hash is 16 lower-case hex digits. */
export function parseHash(hash: string): ParsedHash {
  const hi = parseDigits(hash, 0);
  const lo = parseDigits(hash, 8);
  if (hash.length !== HASH_BITS / 4 || hi === undefined || lo === undefined) {
    throw new RangeError(`Expected 16 lower-case hex digits for a perceptual hash but received '${hash}'`);
  }
  return { hi, lo };
}

/** Eight hex digits as a signed integer. Reading character codes is several times faster than `parseInt`. */
function parseDigits(hash: string, start: number): number | undefined {
  let bits = 0;
  for (let i = start; i < start + 8; i++) {
    const value = HEX_VALUES[hash.charCodeAt(i)];
    if (value === undefined || value < 0) return undefined;
    bits = (bits << 4) | value;
  }
  return bits;
}

function medianOf(values: Float64Array): number {
  const sorted = values.toSorted();
  const upper = sorted.length / 2;
  return ((sorted[upper - 1] ?? 0) + (sorted[upper] ?? 0)) / 2;
}

/** Number of one bits in a 32-bit integer. */
export function countOnes(bits: number): number {
  const pairs = bits - ((bits >>> 1) & 0x55_55_55_55);
  const nibbles = (pairs & 0x33_33_33_33) + ((pairs >>> 2) & 0x33_33_33_33);
  return Math.imul((nibbles + (nibbles >>> 4)) & 0x0f_0f_0f_0f, 0x01_01_01_01) >>> 24;
}

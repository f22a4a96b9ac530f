/**
 * 64-bit DCT perceptual hash, for finding near-duplicates: re-encoded, rescaled or slightly edited copies of a photo
 * differ in a few bits, unrelated photos in about half of them.
 *
 * Source of the method: C. Zauner, "Implementation and Benchmarking of Perceptual Image Hash Functions", 2010, section
 * 3.2.1 (the pHash library's DCT hash), in the form of Python's `imagehash.phash`: 32 x 32 grey pixels, two-dimensional
 * DCT-II, the 8 x 8 lowest frequencies (the constant one included), a bit for each that exceeds their median.
 * Hashes are not interchangeable with either program's, whose resizing filters differ.
 *
 * Known limit of the method: a drawing that is its own mirror image lacks half of the frequencies, so that rounding
 * decides half of its bits.
 */
import { MAX_SCALE } from './pixels/axis-filter.ts';
import { resizeBilinear } from './pixels/resize.ts';
import type { RgbImage } from './rgb-image.ts';

/** A hash as two 32-bit integers, for loops over many. */
export interface ParsedHash {
  /** The first eight hex digits. */
  readonly hi: number;
  /** The last eight hex digits. */
  readonly lo: number;
}

export const HASH_BITS = 64;
const GRID = 32;
const LOW = 8;
/** The value of a lower-case hex digit by its character code, -1 for other characters. */
const HEX_VALUES = Int8Array.from({ length: 128 }, (_, code) => '0123456789abcdef'.indexOf(String.fromCharCode(code)));

/**
 * `COSINES[frequency * GRID + position]` = 2^14 cos(pi frequency (2 position + 1) / 64), rounded to whole numbers. The
 * transform of 8-bit pixels is then exact (sums stay below 2^46), so the hash is the same on every machine and the
 * frequencies that a flat picture lacks are zero rather than noise.
 */
const COSINES = Float64Array.from({ length: LOW * GRID }, (_, i) =>
  Math.round(2 ** 14 * Math.cos((Math.PI * Math.floor(i / GRID) * (2 * (i % GRID) + 1)) / (2 * GRID))),
);

/**
 * The hash as 16 lower-case hex digits. Its most significant bit is the lowest frequency; the 64 bits follow in rows of
 * rising horizontal frequency. Flat pictures all hash to `8000000000000000` (black: all zeros).
 */
export function perceptualHash(image: RgbImage): string {
  const frequencies = lowFrequencies(greyGrid(image));
  const median = medianOf(frequencies);
  const bits = frequencies.map((value) => (value > median ? '1' : '0')).join('');
  return BigInt(`0b${bits}`).toString(16).padStart(16, '0');
}

/** How many of the 64 bits differ, 0 to 64. Both hashes are 16 lower-case hex digits, otherwise a RangeError is thrown. */
export function hammingDistance(a: string, b: string): number {
  return parsedHammingDistance(parseHash(a), parseHash(b));
}

/** As `hammingDistance`, without parsing: a few nanoseconds a call. */
export function parsedHammingDistance(a: ParsedHash, b: ParsedHash): number {
  return countOnes(a.hi ^ b.hi) + countOnes(a.lo ^ b.lo);
}

/** Throws a RangeError for anything but 16 lower-case hex digits. */
export function parseHash(hash: string): ParsedHash {
  const hi = parseDigits(hash, 0);
  const lo = parseDigits(hash, 8);
  if (hash.length !== HASH_BITS / 4 || hi === undefined || lo === undefined) {
    throw new RangeError(`Expected 16 lower-case hex digits for a perceptual hash but received '${hash}'`);
  }
  return { hi, lo };
}

/** Eight hex digits from `start` on as a signed integer. By character code, several times faster than `parseInt`. */
function parseDigits(hash: string, start: number): number | undefined {
  let bits = 0;
  for (let i = start; i < start + 8; i++) {
    const value = HEX_VALUES[hash.charCodeAt(i)];
    if (value === undefined || value < 0) return undefined;
    bits = (bits << 4) | value;
  }
  return bits;
}

/**
 * Luma of the picture at 32 x 32 pixels, as Pillow's conversion to `L` computes it (ITU-R 601 in 16-bit fixed point).
 * Resizing first spares the conversion of every pixel; the order changes a value by a level at most.
 */
function greyGrid(image: RgbImage): Float64Array {
  const { data } = resizeBilinear(shortened(image), GRID, GRID);
  const grey = new Float64Array(GRID * GRID);
  for (let i = 0, from = 0; i < grey.length; i++, from += 3) {
    const [red, green, blue] = [data[from] ?? 0, data[from + 1] ?? 0, data[from + 2] ?? 0];
    grey[i] = (red * 19_595 + green * 38_470 + blue * 7_471 + 0x80_00) >> 16;
  }
  return grey;
}

/** A picture as thin as a line may be too long to be shrunk at once: of such a one every second pixel is taken, or fewer. */
function shortened(image: RgbImage): RgbImage {
  const across = Math.ceil(image.width / (GRID * MAX_SCALE));
  const down = Math.ceil(image.height / (GRID * MAX_SCALE));
  if (across === 1 && down === 1) return image;
  const width = Math.ceil(image.width / across);
  const height = Math.ceil(image.height / down);
  const data = new Uint8Array(width * height * 3);
  for (let i = 0; i < width * height; i++) {
    const from = (Math.floor(i / width) * down * image.width + (i % width) * across) * 3;
    data.set(image.data.subarray(from, from + 3), i * 3);
  }
  return { width, height, data };
}

/** The 8 x 8 lowest frequencies of the DCT-II, vertical frequency first, unscaled. */
function lowFrequencies(grid: Float64Array): number[] {
  const rows = new Float64Array(LOW * GRID);
  for (let y = 0; y < GRID; y++) {
    for (let u = 0; u < LOW; u++) rows[u * GRID + y] = frequencyOf(grid, y * GRID, u);
  }
  return Array.from({ length: LOW * LOW }, (_, i) => frequencyOf(rows, (i % LOW) * GRID, Math.floor(i / LOW)));
}

/** One frequency of the `GRID` samples from `start` on. */
function frequencyOf(samples: Float64Array, start: number, frequency: number): number {
  const cosines = frequency * GRID;
  let sum = 0;
  for (let i = 0; i < GRID; i++) sum += (samples[start + i] ?? 0) * (COSINES[cosines + i] ?? 0);
  return sum;
}

/** Mean of the two middle values of an even number of them. */
function medianOf(values: readonly number[]): number {
  const sorted = values.toSorted((a, b) => a - b);
  const upper = sorted.length / 2;
  return ((sorted[upper - 1] ?? 0) + (sorted[upper] ?? 0)) / 2;
}

/** Ones in a 32-bit integer: sums of 2, 4, 8 bits side by side, then all four bytes by one multiplication. */
export function countOnes(bits: number): number {
  const pairs = bits - ((bits >>> 1) & 0x55_55_55_55);
  const nibbles = (pairs & 0x33_33_33_33) + ((pairs >>> 2) & 0x33_33_33_33);
  return Math.imul((nibbles + (nibbles >>> 4)) & 0x0f_0f_0f_0f, 0x01_01_01_01) >>> 24;
}

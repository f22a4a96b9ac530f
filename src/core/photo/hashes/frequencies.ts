import type { LumaImage, RgbImage } from '../../platform/image/raster.ts';
import { MAX_SCALE } from '../pixels/axis-filter.ts';
import { resizeLuma, resize } from '../pixels/resize.ts';

/** The lowest frequencies of a picture, unscaled: `[vertical * FREQUENCIES + horizontal]`. */
export type Frequencies = Float64Array;

export const FREQUENCIES = 16;
const GRID = 32;

/** Cosines of the later half of the positions equal those of the first half, or their negatives. */
const HALF = GRID / 2;

/**
 * `COSINES[frequency * HALF + position]` = 2^14 cos(pi frequency (2 position + 1) / 64), rounded to whole numbers. The
 * transform of 8-bit pixels is then exact (sums stay below 2^46). A hash is therefore the same on every machine, and
 * the frequencies that a flat picture lacks are zero instead of noise.
 */
const COSINES = Float64Array.from({ length: FREQUENCIES * HALF }, (_, i) =>
  Math.round(2 ** 14 * Math.cos((Math.PI * Math.floor(i / HALF) * (2 * (i % HALF) + 1)) / (2 * GRID))),
);

/** From the two-dimensional DCT-II of the picture's luma at 32 x 32 pixels: exact integers. */
export function frequenciesOf(image: RgbImage | LumaImage): Frequencies {
  const isLuma = 'luma' in image;
  return lowFrequencies(isLuma ? resizeLuma(image, { width: GRID, height: GRID }) : greyGrid(image));
}

/** Luma as Pillow computes it (ITU-R 601, 16-bit fixed point), but after resizing: at most one level differs. */
function greyGrid(image: RgbImage): Uint8Array {
  const { data } = resize(shortened(image), { width: GRID, height: GRID });
  const grey = new Uint8Array(GRID * GRID);
  for (let i = 0, from = 0; i < grey.length; i++, from += 3) {
    const [red, green, blue] = [data[from] ?? 0, data[from + 1] ?? 0, data[from + 2] ?? 0];
    grey[i] = (red * 19_595 + green * 38_470 + blue * 7_471 + 0x80_00) >> 16;
  }
  return grey;
}

/** Leaves out pixels of a side that is too long to be shrunk in one step (of pictures as thin as a line). */
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

function lowFrequencies(grid: Uint8Array): Float64Array {
  samples.set(grid);
  transformRows(samples, GRID, ofRows);
  const frequencies = new Float64Array(FREQUENCIES * FREQUENCIES);
  transformRows(ofRows, FREQUENCIES, frequencies);
  return frequencies;
}

// Used again for each photo. Samples have the type of the first pass's result, because a loop that meets two types is slower.
const samples = new Float64Array(GRID * GRID);
const ofRows = new Float64Array(FREQUENCIES * GRID);
const folded = new Float64Array(GRID);

/**
 * Writes the lowest frequencies of each row of `GRID` samples to `out`: `[frequency * rows + row]`. Even frequencies are the
 * same from both ends of a row and odd ones have the other sign, so each row is folded first. Four sums run side by side,
 * because a processor waits for an addition before the next one of the same sum.
 */
function transformRows(from: Float64Array, rows: number, out: Float64Array): void {
  for (let row = 0; row < rows; row++) {
    fold(from, row * GRID);
    for (let frequency = 0; frequency < FREQUENCIES; frequency += 4) {
      let [a, b, c, d] = [0, 0, 0, 0];
      const cosines = frequency * HALF;
      for (let i = 0; i < HALF; i++) {
        const sum = folded[i] ?? 0;
        const difference = folded[HALF + i] ?? 0;
        a += sum * (COSINES[cosines + i] ?? 0);
        b += difference * (COSINES[cosines + HALF + i] ?? 0);
        c += sum * (COSINES[cosines + 2 * HALF + i] ?? 0);
        d += difference * (COSINES[cosines + 3 * HALF + i] ?? 0);
      }
      out[frequency * rows + row] = a;
      out[(frequency + 1) * rows + row] = b;
      out[(frequency + 2) * rows + row] = c;
      out[(frequency + 3) * rows + row] = d;
    }
  }
}

/** Sums, then differences, of the samples at equal distances from both ends of a row. */
function fold(from: Float64Array, start: number): void {
  for (let i = 0; i < HALF; i++) {
    const first = from[start + i] ?? 0;
    const last = from[start + GRID - 1 - i] ?? 0;
    folded[i] = first + last;
    folded[HALF + i] = first - last;
  }
}

import { randomBytes } from 'node:crypto';
import process from 'node:process';
import { resize, resizedSize } from '../../src/core/photo/pixels/resize.ts';
import type { RgbImage } from '../../src/core/platform/image/raster.ts';
import { hostOfRun, writeReport } from './report.ts';
import { median } from './statistics.ts';

export interface PixelsBench {
  readonly rounds: number;
  /** The shorter side of the resized pictures, in pixels. */
  readonly side: number;
  readonly out: string;
  readonly signal: AbortSignal;
}

const SIZES = [
  { width: 500, height: 375 },
  { width: 1_024, height: 768 },
  { width: 2_048, height: 1_536 },
];
const BASE = 'bilinear';
const RECIPES = {
  [BASE]: { interpolation: 'bilinear-antialias', isSquare: false },
  bicubic: { interpolation: 'bicubic-antialias', isSquare: false },
  lanczos: { interpolation: 'lanczos', isSquare: false },
  'bilinear, square': { interpolation: 'bilinear-antialias', isSquare: true },
} as const;
const NAMES = [BASE, 'bicubic', 'lanczos', 'bilinear, square'] as const;

/** Processor time of a resize of one picture of each size by all recipes in turns. It does not depend on the pixels, which are noise. */
export async function benchPixels({ rounds, side, out, signal }: PixelsBench): Promise<void> {
  const rows: Record<string, string | number>[] = [];
  for (const size of SIZES) {
    const image: RgbImage = { ...size, data: randomBytes(size.width * size.height * 3) };
    const times: number[][] = [];
    // The first round compiles the code and makes the filters.
    for (let round = 0; round <= rounds; round += 1) {
      signal.throwIfAborted();
      times.push(NAMES.map((name) => timeOf(image, { ...RECIPES[name], shorterSide: side })));
    }
    const medians = NAMES.map((_, i) => median(times.slice(1).map((round) => round[i] ?? Number.NaN)));
    for (const [i, name] of NAMES.entries()) {
      const [ms, base] = [medians[i] ?? Number.NaN, medians[0] ?? Number.NaN];
      rows.push({
        picture: `${size.width} x ${size.height}`,
        recipe: name,
        ms: ms.toFixed(2),
        ratio: (ms / base).toFixed(2),
      });
    }
  }
  console.table(rows);
  await writeReport(out, { benchmark: 'pixels', host: hostOfRun(), rounds, side, rows });
}

function timeOf(
  image: RgbImage,
  { interpolation, ...to }: { readonly shorterSide: number } & (typeof RECIPES)[keyof typeof RECIPES],
): number {
  const start = process.cpuUsage();
  resize(image, { ...resizedSize(image, to), interpolation });
  const { user, system } = process.cpuUsage(start);
  return (user + system) / 1_000;
}

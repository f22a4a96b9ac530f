import { expect, it } from 'vitest';
import { resizeBilinear, resizeLuma } from '../../../../src/photo/pixels/resize.ts';
import { noiseBytes } from './noise.ts';

it.each([
  [320, 240, 32, 32],
  [241, 319, 32, 32],
  [1_024, 1, 32, 32],
  [1, 1_024, 32, 32],
  [17, 31, 32, 32],
  [100, 60, 7, 13],
])(
  'resizeLuma makes of %i x %i pixels what resizeBilinear makes of them in grey, at %i x %i, within a level',
  (...sides) => {
    const [width, height, toWidth, toHeight] = sides;
    const luma = noiseBytes(width * height);
    const data = Uint8Array.from({ length: luma.length * 3 }, (_, i) => luma[Math.floor(i / 3)] ?? 0);
    const grey = resizeBilinear({ width, height, data }, toWidth, toHeight).data.filter((_, i) => i % 3 === 0);
    const resized = resizeLuma({ width, height, luma }, { width: toWidth, height: toHeight });
    expect(resized).toHaveLength(toWidth * toHeight);
    expect(resized.every((level, i) => Math.abs(level - (grey[i] ?? 0)) <= 1)).toBe(true);
  },
);

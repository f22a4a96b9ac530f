import type { RgbImage } from '../../../../../src/core/platform/image/raster.ts';

/** The same noise on every machine and in every language: bits 16 to 23 of the linear congruential series below, from 1. */
export function noiseBytes(length: number): Uint8Array {
  let state = 1;
  return Uint8Array.from({ length }, () => {
    state = (Math.imul(state, 1_103_515_245) + 12_345) & 0x7f_ff_ff_ff;
    return state >> 16;
  });
}

export function noiseImage(width: number, height: number): RgbImage {
  return { width, height, data: noiseBytes(width * height * 3) };
}

import type { Size } from '../../platform/image/raster.ts';

/** A rectangle; `left` and `top` count pixels from the picture's top-left corner. */
export interface Box extends Size {
  readonly left: number;
  readonly top: number;
}

/** Throws a RangeError unless `box` is made of whole pixels, is not empty and lies within a picture of `size`. */
export function requireBoxWithin(box: Box, size: Size): void {
  const { left, top, width, height } = box;
  if (isSpanWithin(left, width, size.width) && isSpanWithin(top, height, size.height)) return;
  throw new RangeError(
    `Expected a box of whole pixels within ${size.width} x ${size.height} pixels ` +
      `but received ${width} x ${height} at (${left}, ${top})`,
  );
}

export function isSideLength(value: number): boolean {
  return Number.isSafeInteger(value) && value > 0;
}

function isSpanWithin(start: number, length: number, total: number): boolean {
  return (
    isSideLength(total) && isSideLength(length) && Number.isInteger(start) && start >= 0 && start + length <= total
  );
}

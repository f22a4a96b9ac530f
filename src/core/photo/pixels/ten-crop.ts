/** torchvision's `TenCrop` as rectangles of the picture itself, so that its flipped copy is never made. */
import type { Size } from '../../platform/image/raster.ts';
import { isSideLength, type Box } from './box.ts';

/** The pixels of `box`, each row read from right to left if `mirrored`. */
export interface Crop {
  readonly box: Box;
  readonly mirrored: boolean;
}

type Place = 'start' | 'center' | 'end';

/** The first five crops of TenCrop, across and down. Its last five are the same crops of the mirrored picture. */
const FIVE_CROPS: readonly { readonly across: Place; readonly down: Place }[] = [
  { across: 'start', down: 'start' },
  { across: 'end', down: 'start' },
  { across: 'start', down: 'end' },
  { across: 'end', down: 'end' },
  { across: 'center', down: 'center' },
];

const CROP_COUNT = 2 * FIVE_CROPS.length;

/**
 * Crop `index` of `side` x `side` pixels out of a picture of `size`, in TenCrop's order: 0 top-left, 1 top-right,
 * 2 bottom-left, 3 bottom-right, 4 centre, 5 to 9 the same of the mirrored picture (so 5, its top-left, is the top-right
 * of the picture itself, read backwards).
 * Throws a RangeError for another index and for a crop that does not fit.
 */
export function tenCrop(index: number, size: Size, side: number): Crop {
  const mirrored = index >= FIVE_CROPS.length;
  const places = FIVE_CROPS[mirrored ? index - FIVE_CROPS.length : index];
  if (places === undefined) {
    throw new RangeError(`Expected a crop number from 0 to ${CROP_COUNT - 1} but received ${index}`);
  }
  const spareWidth = size.width - side;
  const spareHeight = size.height - side;
  if (!(isSideLength(side) && spareWidth >= 0 && spareHeight >= 0)) {
    throw new RangeError(`Expected a crop side that fits ${size.width} x ${size.height} pixels but received ${side}`);
  }
  const fromLeft = offsetOf(places.across, spareWidth);
  const left = mirrored ? spareWidth - fromLeft : fromLeft;
  return { box: { left, top: offsetOf(places.down, spareHeight), width: side, height: side }, mirrored };
}

function offsetOf(place: Place, sparePixels: number): number {
  if (place === 'start') return 0;
  return place === 'end' ? sparePixels : halfRoundedToEven(sparePixels);
}

/** Python's `round(n / 2)` for a whole number: a half goes to the even neighbour (1 -> 0, 3 -> 2, 5 -> 2). */
function halfRoundedToEven(n: number): number {
  const floor = Math.floor(n / 2);
  return n % 2 === 0 || floor % 2 === 0 ? floor : floor + 1;
}

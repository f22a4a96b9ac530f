import type { CropSizes } from '../../models/evidence/member.ts';
import type { Size } from '../../platform/image/raster.ts';
import { resizedSize } from '../../photo/pixels/resize.ts';
import { tenCrop } from '../../photo/pixels/ten-crop.ts';

/** A part of a photo. `left` and `width` are shares of its width, `top` and `height` of its height, 0..1. */
export interface ShareBox extends Size {
  readonly left: number;
  readonly top: number;
}

/**
 * A crop is `size` pixels of the photo that was resized to `shorterSide`. Crops 5 to 9 are mirrored, so
 * the model sees their pixels from right to left.
 */
export function cropOnPhoto(
  photo: Size,
  sizes: CropSizes,
  crop: number,
): { readonly box: ShareBox; readonly isMirrored: boolean } {
  const resized = resizedSize(photo, sizes);
  const { box, mirrored } = tenCrop(crop, resized, sizes.size);
  return {
    box: {
      left: box.left / resized.width,
      top: box.top / resized.height,
      width: box.width / resized.width,
      height: box.height / resized.height,
    },
    isMirrored: mirrored,
  };
}

import { fillTensor } from '../../../../src/photo/pixels/tensor.ts';
import type { Crop } from '../../../../src/photo/pixels/ten-crop.ts';
import type { RgbImage } from '../../../../src/photo/rgb-image.ts';

/** The pixels of a crop that a model sees, from the tensor of a model that does not normalise them. */
export function cropPixels(image: RgbImage, crop: Crop): RgbImage {
  const { width, height } = crop.box;
  const plane = width * height;
  const tensor = new Float32Array(3 * plane);
  fillTensor(tensor, 0, { image, ...crop, mean: [0, 0, 0], std: [1, 1, 1] });
  return { width, height, data: Uint8Array.from(tensor, (_, i) => tensor[(i % 3) * plane + Math.floor(i / 3)] ?? 0) };
}

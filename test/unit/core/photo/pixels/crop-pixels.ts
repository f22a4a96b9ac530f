import { fillTensor } from '../../../../../src/core/photo/pixels/tensor.ts';
import type { Crop } from '../../../../../src/core/photo/pixels/ten-crop.ts';
import type { RgbImage } from '../../../../../src/core/platform/image/raster.ts';

/** The pixels of a crop that a model sees, from the tensor of a model that does not normalise them. */
export function cropPixels(image: RgbImage, crop: Crop): RgbImage {
  const { width, height } = crop.box;
  const plane = width * height;
  const tensor = new Float32Array(3 * plane);
  fillTensor(tensor, 0, { image, ...crop, mean: [0, 0, 0], std: [1, 1, 1] });
  const data = new Uint8Array(3 * plane);
  for (let channel = 0; channel < 3; channel += 1)
    for (let i = 0; i < plane; i += 1) data[3 * i + channel] = tensor[channel * plane + i] ?? 0;
  return { width, height, data };
}

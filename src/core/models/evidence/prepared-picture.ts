import type { RgbImage, Size } from '../../platform/image/raster.ts';
import type { Box } from '../../photo/pixels/box.ts';
import { resize, resizedSize, resizeRegion, type ResizeTarget } from '../../photo/pixels/resize.ts';
import { tenCrop } from '../../photo/pixels/ten-crop.ts';
import { fillTensor } from '../../photo/pixels/tensor.ts';
import { CROPS_PER_MEMBER } from './evidence.ts';
import type { ModelInput } from './member.ts';

/** The place of one crop's values: `3 * size * size` floats of `tensor` from `offset`, channel by channel. */
export interface TensorSlot {
  readonly tensor: Float32Array;
  readonly offset: number;
}

/** A larger picture is resized for all members at once and freed, so that camera-sized photos do not fill memory. */
const KEEP_DECODED_PIXELS = 600_000;

/** A resized picture that would be larger (one of 1 x 30,000 pixels: 6 GB) is not made as a whole, only its crops are. */
const MAX_WHOLE_PIXELS = 2 ** 22;

export class PreparedPicture {
  #decoded: RgbImage | null;
  readonly #size: Size;
  /** Whole resized pictures, by how they are resized. */
  readonly #whole = new Map<string, RgbImage>();
  /** Crops cut from the decoded picture, by how it is resized and box. With an odd margin the mirrored centre is another box. */
  readonly #parts = new Map<string, RgbImage>();

  constructor(decoded: RgbImage, inputs: readonly ModelInput[]) {
    this.#size = { width: decoded.width, height: decoded.height };
    this.#decoded = decoded;
    if (decoded.width * decoded.height <= KEEP_DECODED_PIXELS) return;
    for (const input of inputs) {
      if (this.#isThin(input)) for (let crop = 0; crop < CROPS_PER_MEMBER; crop += 1) this.#cropOf(input, crop);
      else this.#wholePicture(input);
    }
    this.#decoded = null;
  }

  /** Writes crop 0..9 (TenCrop order) into the slot, normalised for `input`. */
  fill(slot: TensorSlot, input: ModelInput, crop: number): void {
    const { image, box, mirrored } = this.#cropOf(input, crop);
    fillTensor(slot.tensor, slot.offset, { image, box, mirrored, mean: input.mean, std: input.std });
  }

  /** The crop's place in a resized picture: in the whole, or in a picture of the crop alone. */
  #cropOf(input: ModelInput, crop: number): { image: RgbImage; box: Box; mirrored: boolean } {
    const target = this.#target(input);
    const { box, mirrored } = tenCrop(crop, target, input.size);
    const isCentre = crop % 5 === 4;
    const isPart = isCentre || this.#isThin(input);
    const whole = isPart ? this.#whole.get(resizeKey(input)) : this.#wholePicture(input);
    if (whole !== undefined) return { image: whole, box, mirrored };
    return { image: this.#part(input, { target, box }), box: { ...box, left: 0, top: 0 }, mirrored };
  }

  #target(input: ModelInput): ResizeTarget {
    return { ...resizedSize(this.#size, input), interpolation: input.interpolation };
  }

  #isThin(input: ModelInput): boolean {
    const { width, height } = this.#target(input);
    return width * height > MAX_WHOLE_PIXELS;
  }

  #wholePicture(input: ModelInput): RgbImage {
    const known = this.#whole.get(resizeKey(input));
    if (known !== undefined) return known;
    const image = resize(this.#source(), this.#target(input));
    this.#whole.set(resizeKey(input), image);
    return image;
  }

  #part(input: ModelInput, region: { target: ResizeTarget; box: Box }): RgbImage {
    const key = [resizeKey(input), region.box.left, region.box.top, input.size].join(' ');
    const known = this.#parts.get(key);
    if (known !== undefined) return known;
    const image = resizeRegion(this.#source(), region.target, region.box);
    this.#parts.set(key, image);
    return image;
  }

  #source(): RgbImage {
    if (this.#decoded === null)
      throw new Error('Expected the decoded picture to be in memory; it is freed once every member has its own size');
    return this.#decoded;
  }
}

function resizeKey({ shorterSide, isSquare, interpolation }: ModelInput): string {
  return `${shorterSide} ${isSquare} ${interpolation}`;
}

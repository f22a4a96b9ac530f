import type { Sha256 } from '../kernel/ids.ts';

/** How a member wants its pixels: everything that changes its logits besides its weights. */
export interface ModelInput {
  /** Side of the square input, pixels. */
  readonly size: number;
  /** The picture's shorter side before cropping, pixels. */
  readonly shorterSide: number;
  /** Subtracted from each channel (RGB), in 0..255 units. */
  readonly mean: readonly [number, number, number];
  /** Divides each channel (RGB), in 0..255 units. */
  readonly std: readonly [number, number, number];
}

/** What keys evidence, besides the photo and the crop. */
export interface MemberIdentity {
  readonly modelName: string;
  readonly modelSha256: Sha256;
  /** See `preprocessingVersion`. */
  readonly preprocessing: string;
}

/** Raised whenever the pixel code changes what a model is shown; stored evidence of an older version is not used. */
const PIXELS_VERSION = 1;

/** Names the way from bytes to input tensor, so that evidence made another way is never mistaken for this one. */
export function preprocessingVersion(input: ModelInput): string {
  const { size, shorterSide, mean, std } = input;
  return `v${PIXELS_VERSION} exif white-alpha pillow-bilinear:${shorterSide} tencrop:${size} mean:${mean.join(',')} std:${std.join(',')}`;
}

import type { ExecutionProvider } from '../kernel/execution-provider.ts';
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

/** A model's bytes and how it is shown pictures. */
export interface ModelIdentity {
  readonly modelName: string;
  readonly modelSha256: Sha256;
  /** See `preprocessingVersion`. */
  readonly preprocessing: string;
}

/** What keys evidence, besides the photo, the crop and the class list. */
export interface MemberIdentity extends ModelIdentity {
  /** Where the model does run, which need not be where it was asked to: another provider gives other last digits. */
  readonly executionProvider: ExecutionProvider;
}

/**
 * Names what a member's answers depend on. The processor has no word: what was decided before there were others stays
 * valid.
 */
export function identityText({ modelSha256, preprocessing, executionProvider }: MemberIdentity): string {
  const where = executionProvider === 'cpu' ? '' : ` ${executionProvider}`;
  return `${modelSha256} ${preprocessing}${where}`;
}

/** Raised whenever the pixel code changes what a model is shown; stored evidence of an older version is not used. */
const PIXELS_VERSION = 1;

/** What a model makes of its input, besides what `ModelInput` says, where it differs from what most do. */
export interface ModelReading {
  /** `nhwc`: pixel after pixel in place of channel after channel. */
  readonly layout: 'nchw' | 'nhwc';
  /** `uint8`: 0..255, normalised inside the graph. */
  readonly type: 'float32' | 'uint8';
  /** Of probabilities the logarithm is taken. */
  readonly values: 'logits' | 'probabilities';
  /** The graph's output. */
  readonly output: string;
  /** Of the model's own class list: which logit is whose. Null for the 1,000 of ImageNet. */
  readonly classesSha256: Sha256 | null;
  /** Of the file that turns `output` into logits; absent if the output has them. */
  readonly headSha256?: Sha256 | undefined;
}

/**
 * Names the way from bytes to logits of known classes, so that evidence made another way is never mistaken for this one.
 * What is as with the bundled models has no words: evidence that was stored before there were others stays valid.
 */
export function preprocessingVersion(input: ModelInput, reading?: ModelReading): string {
  const { size, shorterSide, mean, std } = input;
  const pixels = `v${PIXELS_VERSION} exif white-alpha pillow-bilinear:${shorterSide} tencrop:${size} mean:${mean.join(',')} std:${std.join(',')}`;
  return [pixels, ...(reading === undefined ? [] : wordsOf(reading))].join(' ');
}

function wordsOf({ layout, type, values, output, classesSha256, headSha256 }: ModelReading): string[] {
  return [
    layout === 'nchw' ? '' : layout,
    type === 'float32' ? '' : type,
    values === 'logits' ? '' : `log-of-${values}`,
    output === 'logits' ? '' : `output:${output}`,
    classesSha256 === null ? '' : `classes:${classesSha256}`,
    headSha256 === undefined ? '' : `head:${headSha256}`,
  ].filter((word) => word !== '');
}

import type { EvidenceProvider } from '../../kernel/execution-provider.ts';
import type { Sha256 } from '../../kernel/ids.ts';
import type { Interpolation } from '../../kernel/interpolation.ts';
import type { ResizedTo } from '../../photo/pixels/resize.ts';

/** The input pixels of a member: everything besides its weights that changes its logits. */
export interface ModelInput extends ResizedTo {
  /** Side of the square input, pixels. */
  readonly size: number;
  readonly interpolation: Interpolation;
  /** Subtracted from each channel (RGB), in 0..255 units. */
  readonly mean: readonly [number, number, number];
  /** Divides each channel (RGB), in 0..255 units. */
  readonly std: readonly [number, number, number];
}

/** The pixels of a photo that a crop has. */
export type CropSizes = Pick<ModelInput, 'size' | 'shorterSide' | 'isSquare'>;

export interface ModelIdentity {
  readonly modelName: string;
  readonly modelSha256: Sha256;
  readonly preprocessing: string;
}

/** The part of the key of evidence that is not the photo, the crop or the class list. */
export interface MemberIdentity extends ModelIdentity {
  /** Where the model ran. Another provider gives other last digits. */
  readonly executionProvider: EvidenceProvider;
}

/** A text that names a member in the rules of a collection. The execution provider is no part of them. */
export function identityText({ modelSha256, preprocessing }: ModelIdentity): string {
  return `${modelSha256} ${preprocessing}`;
}

/** Increased whenever the pixel code changes a model's input. Stored evidence of an older version is then not used. */
const PIXELS_VERSION = 1;

/** How the graph takes its input and gives its output, where most models are the same. */
export interface ModelReading {
  /** `nhwc`: pixel by pixel instead of channel by channel. */
  readonly layout: 'nchw' | 'nhwc';
  /** `uint8`: 0..255, normalised inside the graph. */
  readonly type: 'float32' | 'float16' | 'uint8';
  /** The logarithm of probabilities is taken. */
  readonly values: 'logits' | 'probabilities';
  readonly output: string;
  /** Hash of the model's own class list. Null for the 1,000 classes of ImageNet. */
  readonly classesSha256: Sha256 | null;
  /** Hash of the file that turns `output` into logits. Absent if the output has them. */
  readonly headSha256?: Sha256 | undefined;
  /** The head takes features that are divided by their L2 norm. */
  readonly isUnit?: boolean | undefined;
  /** p of a class is its own sigmoid. */
  readonly isSigmoid?: boolean | undefined;
  /** Hashes of the files that the model keeps weights in, in the card's order. Absent if there are none. */
  readonly externalSha256?: readonly Sha256[] | undefined;
}

/**
 * Names the way from bytes to logits of known classes, so that evidence that was made another way is never reused. Values
 * that all bundled models share add nothing to the name, so that evidence from before there were others stays valid.
 */
export function preprocessingVersion(input: ModelInput, reading?: ModelReading): string {
  const { size, shorterSide, isSquare, interpolation, mean, std } = input;
  const to = isSquare ? `${shorterSide}x${shorterSide}` : shorterSide;
  const pixels = `v${PIXELS_VERSION} exif white-alpha pillow-${interpolation.replace('-antialias', '')}:${to} tencrop:${size} mean:${mean.join(',')} std:${std.join(',')}`;
  return [pixels, ...(reading === undefined ? [] : wordsOf(reading))].join(' ');
}

/** The sizes in the name that `preprocessingVersion` gives, for evidence of a model whose card may be gone. */
export function cropSizesOf(preprocessing: string): CropSizes {
  const [, shorterSide, square, size] = /pillow-\w+:(\d+)(x\d+)? tencrop:(\d+)/.exec(preprocessing) ?? [];
  return { size: Number(size), shorterSide: Number(shorterSide), isSquare: square !== undefined };
}

const SIGMOID = 'sigmoid';

/** True if p of a class is its own sigmoid, by the name that `preprocessingVersion` gives. */
export function hasSigmoid({ preprocessing }: Pick<ModelIdentity, 'preprocessing'>): boolean {
  return preprocessing.split(' ').includes(SIGMOID);
}

function wordsOf(reading: ModelReading): string[] {
  const { layout, type, values, output, classesSha256, headSha256, isUnit, isSigmoid, externalSha256 = [] } = reading;
  return [
    layout === 'nchw' ? '' : layout,
    type === 'float32' ? '' : type,
    values === 'logits' ? '' : `log-of-${values}`,
    output === 'logits' ? '' : `output:${output}`,
    classesSha256 === null ? '' : `classes:${classesSha256}`,
    isUnit === true ? 'unit-features' : '',
    isSigmoid === true ? SIGMOID : '',
    headSha256 === undefined ? '' : `head:${headSha256}`,
    ...externalSha256.map((sha256) => `external:${sha256}`),
  ].filter((word) => word !== '');
}

import { dirname, join, resolve } from 'node:path';
import * as z from 'zod';
import { schemaProblems, wholeNumber } from '../../config/schema-problems.ts';
import { parseYaml } from '../../config/yaml.ts';
import type { YamlFile } from '../../config/yaml.ts';
import { UsageError } from '../../kernel/errors.ts';
import { INTERPOLATIONS } from '../../kernel/interpolation.ts';
import { isSha256, toSha256, type Sha256 } from '../../kernel/ids.ts';
import type { ExternalFile } from '../../platform/onnx/external-data.ts';
import { CLASS_LIST_NAMES } from '../class-table.ts';
import { nameSchema } from '../name.ts';
import { trainingDataSchema } from '../training-data.ts';

/** The order of a picture's values: channel after channel, or pixel after pixel. */
const LAYOUTS = ['nchw', 'nhwc'] as const;
/** `uint8`: the graph takes 0..255 and normalises itself. */
const INPUT_TYPES = ['float32', 'float16', 'uint8'] as const;
/** Of probabilities winnow takes the logarithm: softmax of log p over any subset of classes is p, rescaled to sum to 1. */
const OUTPUT_VALUES = ['logits', 'probabilities'] as const;

export const textField = z.string().trim().min(1).describe('a text');
export const webPage = z.url({ protocol: /^https?$/ });
const sideSchema = wholeNumber(1, 4096);
const meanSchema = z
  .tuple([z.number(), z.number(), z.number()])
  .readonly()
  .describe('three numbers for R, G and B, in units of 0..255');
const stdSchema = z
  .tuple([z.number().positive(), z.number().positive(), z.number().positive()])
  .readonly()
  .describe('three numbers above 0 for R, G and B, in units of 0..255');

export const sha256Schema = z.string().refine(isSha256).transform(toSha256).describe('64 lower-case hex digits');
export const classesSchema = textField.describe(
  `a list's name (${CLASS_LIST_NAMES.join(', ')}), or the name of a file beside the card with one class a line`,
);

const plainName = z
  .string()
  .regex(/^[^/\\]*[^/\\.][^/\\]*$/)
  .describe('the name of a file beside the model, without a folder');

const fileFields = {
  sha256: sha256Schema,
  bytes: wholeNumber(1),
  download: z.array(webPage).min(1).readonly().describe('a list of http or https URLs of the file').optional(),
};

/** The text tower of a two-tower model. */
const textSchema = z.strictObject({
  file: textField.describe("the path of the text tower's .onnx file, from the folder that `file` starts from"),
  ...fileFields,
  tokenizer: z.strictObject({ file: textField.describe('the path of a tokenizer.json'), ...fileFields }),
  output: textField.optional(),
  contextLength: wholeNumber(2, 4096),
  padding: wholeNumber(0).describe('the token that fills texts up to the context length'),
  templates: textField.optional(),
  scale: z.number().positive().optional(),
  bias: z.number().optional(),
  sigmoid: z.boolean().optional(),
});

const cardSchema = z.strictObject({
  name: nameSchema,
  file: textField.describe('the path of an .onnx file, relative to the folder that holds config/'),
  ...fileFields,
  externalData: z
    .array(z.strictObject({ file: plainName, sha256: sha256Schema, bytes: wholeNumber(1) }))
    .min(1)
    .readonly()
    .optional(),
  licence: textField.describe('the SPDX id of the licence of the weights'),
  source: textField.describe('where the weights come from'),
  documentation: webPage.describe('the http or https URL of the page that documents the preprocessing').optional(),
  family: textField.describe('the name of its family, such as ResNet').optional(),
  trainingData: trainingDataSchema.optional(),
  input: z.strictObject({
    name: textField,
    size: sideSchema,
    layout: z.enum(LAYOUTS).optional(),
    type: z.enum(INPUT_TYPES).optional(),
  }),
  resize: z.strictObject({
    shorterSide: sideSchema,
    square: z.boolean().optional(),
    interpolation: z.enum(INTERPOLATIONS),
  }),
  normalise: z.strictObject({ mean: meanSchema, std: stdSchema }).optional(),
  outputs: z.strictObject({
    logits: textField.optional(),
    features: textField.optional(),
    featureMap: textField.optional(),
    values: z.enum(OUTPUT_VALUES).optional(),
  }),
  classes: classesSchema.optional(),
  text: textSchema.optional(),
  trained: z.boolean(),
  costs: z.strictObject({ multiplyAddsPerCrop: wholeNumber(1) }).optional(),
});

type Card = z.output<typeof cardSchema>;
export type CardFile = z.input<typeof cardSchema>;

/** Leaves pixels unchanged, for a graph that normalises its input. */
const AS_IT_IS: Normalisation = Object.freeze({ mean: [0, 0, 0] as const, std: [1, 1, 1] as const });

export type Normalisation = Readonly<NonNullable<Card['normalise']>>;

/**
 * Everything needed to run a model exactly as it was trained: a file in config/models, or in a folder of config/local/models.
 *
 * A crop of `input.size` x `input.size` pixels is cut after the photo was resized as Pillow does: its shorter side to
 * `resize.shorterSide`, or both sides (`square: true`). The network's input is RGB, `[batch, 3, size, size]` (`layout: nchw`, the default) or
 * `[batch, size, size, 3]` (`nhwc`); float32 or float16 `(pixel - mean) / std` with pixel 0..255, or (`type: uint8`) the pixels themselves.
 */
export interface ModelCard extends Readonly<Omit<Card, 'normalise' | 'text'>> {
  readonly input: Readonly<Card['input']>;
  readonly resize: Readonly<Card['resize']>;
  /** Mean 0 and deviation 1 for a uint8 input. */
  readonly normalise: Normalisation;
  /**
   * Names of the graph's tensors: `logits [batch, classes]` (`*` stands for the only output of a graph), pooled
   * `features [batch, d]` (`input of LOGITS`: what the last linear layer before the output LOGITS takes),
   * `featureMap [batch, d, h, w]`; and what the values of the first are (logits by default).
   */
  readonly outputs: Readonly<Card['outputs']>;
  /** False if its weights are random. A filter of untrained models drops and keeps at random: for tests and benchmarks only. */
  readonly trained: boolean;
  /** Absolute path of the model file; the code that loads it checks `bytes` and `sha256`. */
  readonly path: string;
  /** The name of the card that `file`, pixels and outputs come from, if this card names a head; its logits are the head's. */
  readonly backbone?: string;
  /**
   * A file over the output `features`. `path` is absolute. `normalise`: features are divided by their L2 norm before. `sigmoid`: p
   * of a class is its own sigmoid instead of a softmax over all. `text`: made from text, so no photo was used to fit it.
   */
  readonly head?: {
    readonly file: string;
    readonly sha256: Sha256;
    readonly bytes: number;
    readonly path: string;
    readonly normalise?: boolean | undefined;
    readonly sigmoid?: boolean | undefined;
    readonly text?: boolean | undefined;
  };
  /** The file with hashes of the photos that the head was fitted and measured with. `path` is absolute. */
  readonly references?: {
    readonly file: string;
    readonly sha256: Sha256;
    readonly photos: number;
    readonly path: string;
  };
  /**
   * The text tower. `contextLength` in tokens; `output` (default `text_embeds`) is in the space of `features`; logits are `scale` x
   * cosine + `bias`, and `sigmoid` says that p of a class is its own sigmoid. Both paths are absolute.
   */
  readonly text?: Omit<NonNullable<Card['text']>, 'tokenizer'> & {
    readonly path: string;
    readonly tokenizer: NonNullable<Card['text']>['tokenizer'] & { readonly path: string };
  };
  readonly fit?: Readonly<Record<string, string | number | boolean | null>>;
}

/** Throws a UsageError `bad-model-card` with all problems, or `bad-yaml`. `base`: the folder that `file` is relative to. */
export function parseModelCard(yaml: string, fileName: string, base: string): ModelCard {
  const file = parseYaml(yaml, fileName);
  const result = cardSchema.safeParse(file.value);
  if (!result.success) throw badCard(schemaProblems(cardSchema, file));
  const card = result.data;
  const problems = problemsOf(card, file);
  if (problems.length > 0) throw badCard(problems);
  for (const part of [card.input, card.resize, card.normalise ?? {}, card.outputs, card.costs ?? {}])
    Object.freeze(part);
  const { text, ...rest } = card;
  const placed = <T extends { readonly file: string }>(one: T) => ({ ...one, path: resolve(base, one.file) });
  return Object.freeze({
    ...placed(rest),
    normalise: card.normalise ?? AS_IT_IS,
    ...(text === undefined ? {} : { text: { ...placed(text), tokenizer: placed(text.tokenizer) } }),
  });
}

/** True if a published model's card says `sha256: unknown`: `models pull --sha256` completes it. */
export function isToPull({ value }: YamlFile): boolean {
  return typeof value === 'object' && value !== null && 'sha256' in value && value['sha256'] === 'unknown';
}

/** The files beside a model that it keeps weights in. */
export function externalFilesOf({ path, externalData = [] }: ModelCard): (ExternalFile & { readonly bytes: number })[] {
  return externalData.map(({ file, ...rest }) => ({ ...rest, name: file, file: join(dirname(path), file) }));
}

function problemsOf(card: Card, file: YamlFile): string[] {
  const problems: string[] = [];
  const { logits, features } = card.outputs;
  if (logits === undefined && features === undefined)
    problems.push(`Expected an output 'logits' or 'features' in ${file.where(['outputs'])} but it names neither`);
  if ((logits === undefined) !== (card.classes === undefined))
    problems.push(
      `Expected 'outputs.logits' and 'classes' together in ${file.where([])}, or neither for a model that gives features only, but it has one of them`,
    );
  if (card.text !== undefined && features === undefined)
    problems.push(`Expected an output 'features' beside 'text' in ${file.where(['outputs'])} but it names none`);
  if (card.resize.shorterSide < card.input.size) {
    problems.push(
      `Expected at least the input size ${card.input.size} for 'resize.shorterSide' in ${file.where(['resize', 'shorterSide'])} ` +
        `but received ${card.resize.shorterSide}; a crop would not fit`,
    );
  }
  const isUint8 = card.input.type === 'uint8';
  if (isUint8 && card.normalise !== undefined) {
    problems.push(
      `Expected no 'normalise' for an input of uint8, which the graph normalises itself, but it is in ${file.where(['normalise'])}`,
    );
  }
  if (!isUint8 && card.normalise === undefined) {
    problems.push(
      `Expected {mean: [R, G, B], std: [R, G, B]} in units of 0..255 for 'normalise' in ${file.where([])} but it is missing`,
    );
  }
  return problems;
}

export function badCard(problems: readonly string[]): UsageError {
  return new UsageError(problems.join('\n'), { code: 'bad-model-card' });
}

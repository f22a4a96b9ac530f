import { resolve } from 'node:path';
import { z } from 'zod';
import { schemaProblems, wholeNumber } from '../config/schema-problems.ts';
import { parseYaml } from '../config/yaml.ts';
import { UsageError } from '../kernel/errors.ts';
import { isSha256, toSha256 } from '../kernel/ids.ts';
import { nameSchema } from './name.ts';

const text = z.string().trim().min(1).describe('a text');
const sideSchema = wholeNumber(1, 4096);
const meanSchema = z
  .tuple([z.number(), z.number(), z.number()])
  .readonly()
  .describe('three numbers for R, G and B, in units of 0..255');
const stdSchema = z
  .tuple([z.number().positive(), z.number().positive(), z.number().positive()])
  .readonly()
  .describe('three numbers above 0 for R, G and B, in units of 0..255');

const cardSchema = z.strictObject({
  name: nameSchema,
  file: text.describe('the path of an .onnx file, relative to the folder that holds config/'),
  sha256: z.string().refine(isSha256).transform(toSha256).describe('64 lower-case hex digits'),
  bytes: wholeNumber(1),
  licence: text.describe('the SPDX id of the licence of the weights'),
  source: text.describe('where the weights come from'),
  input: z.strictObject({ name: text, size: sideSchema }),
  resize: z.strictObject({ shorterSide: sideSchema, interpolation: z.literal('bilinear-antialias') }),
  normalise: z.strictObject({ mean: meanSchema, std: stdSchema }),
  outputs: z.strictObject({ logits: text, features: text.optional(), featureMap: text.optional() }),
  classes: z.literal('imagenet-1k'),
  trained: z.boolean(),
  costs: z.strictObject({ multiplyAddsPerCrop: wholeNumber(1) }).optional(),
});

type Card = z.output<typeof cardSchema>;

/**
 * What is needed to run a model exactly as it was trained; one file each in config/models.
 *
 * A crop of `input.size` x `input.size` pixels is cut after the shorter side was resized to `resize.shorterSide` (Pillow's bilinear
 * filter with antialias); the network's input is float32 `[batch, 3, size, size]`, RGB, `(pixel - mean) / std` with pixel 0..255.
 */
export interface ModelCard extends Readonly<Card> {
  readonly input: Readonly<Card['input']>;
  readonly resize: Readonly<Card['resize']>;
  readonly normalise: Readonly<Card['normalise']>;
  /** Names of the graph's outputs: `logits [batch, 1000]`, pooled `features [batch, d]`, `featureMap [batch, d, h, w]`. */
  readonly outputs: Readonly<Card['outputs']>;
  /** Whether it has learned anything. A filter of untrained models drops and keeps at random: for tests and benchmarks only. */
  readonly trained: boolean;
  /** Absolute path of the model file; whoever loads it checks `bytes` and `sha256`. */
  readonly path: string;
}

/**
 * Reads a model card.
 *
 * @param fileName as messages show it
 * @param base the folder that `file` is relative to
 * @throws UsageError `bad-model-card` with all problems, or `bad-yaml`
 */
export function parseModelCard(yaml: string, fileName: string, base: string): ModelCard {
  const file = parseYaml(yaml, fileName);
  const result = cardSchema.safeParse(file.value);
  if (!result.success) throw badCard(schemaProblems(cardSchema, file));
  const card = result.data;
  if (card.resize.shorterSide < card.input.size) {
    throw badCard([
      `Expected at least the input size ${card.input.size} for 'resize.shorterSide' in ${file.where(['resize', 'shorterSide'])} ` +
        `but received ${card.resize.shorterSide}; a crop would not fit`,
    ]);
  }
  for (const part of [card.input, card.resize, card.normalise, card.outputs, card.costs ?? {}]) Object.freeze(part);
  return Object.freeze({ ...card, path: resolve(base, card.file) });
}

function badCard(problems: readonly string[]): UsageError {
  return new UsageError(problems.join('\n'), { code: 'bad-model-card' });
}

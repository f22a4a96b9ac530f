import { resolve } from 'node:path';
import * as z from 'zod';
import { schemaProblems, wholeNumber } from '../../config/schema-problems.ts';
import type { YamlFile } from '../../config/yaml.ts';
import { badCard, textField as text, classesSchema, sha256Schema, webPage, type ModelCard } from './model-card.ts';
import { nameSchema } from '../name.ts';

const headCardSchema = z.strictObject({
  name: nameSchema,
  backbone: nameSchema.describe('the name of a model card that names an output `features`'),
  backboneSha256: sha256Schema.describe("the SHA-256 of the backbone's file that the head was fitted on").optional(),
  head: z.strictObject({
    file: z
      .string()
      .regex(/\.(safetensors|onnx)$/)
      .describe('the path of a .safetensors or .onnx file, relative to the folder that holds config/'),
    sha256: sha256Schema,
    bytes: wholeNumber(1),
    normalise: z.boolean().describe('true if features are divided by their L2 norm before the head').optional(),
    text: z.boolean().describe('true if it was made from text, without any photo').optional(),
    sigmoid: z.boolean().describe("true if p of a class is its own sigmoid (SigLIP's kind)").optional(),
  }),
  references: z
    .strictObject({
      file: text.describe("a file relative to the head's folder"),
      sha256: sha256Schema,
      photos: wholeNumber(1),
    })
    .describe('hashes of the photos that `winnow finetune` fitted and measured the head with')
    .optional(),
  licence: text.describe('the SPDX id of the licence of the weights'),
  source: text.describe('where the weights come from'),
  documentation: webPage.describe('the http or https URL of a page about the head').optional(),
  classes: classesSchema,
  trained: z.boolean(),
  fit: z
    .record(z.string(), z.union([text, z.number(), z.boolean(), z.null()]))
    .describe('what `winnow finetune` measured, or how `winnow models text` made it')
    .optional(),
});

export type HeadCardFile = z.input<typeof headCardSchema>;

/** A card of a head: a file over the `features` of another card's model, which lends file, pixels and cost. */
export type HeadCard = z.output<typeof headCardSchema>;

export function isHeadCard({ value }: YamlFile): boolean {
  return typeof value === 'object' && value !== null && 'backbone' in value;
}

/** @throws UsageError `bad-model-card` with all problems */
export function parseHeadCard(file: YamlFile): HeadCard {
  const result = headCardSchema.safeParse(file.value);
  if (!result.success) throw badCard(schemaProblems(headCardSchema, file));
  return result.data;
}

/**
 * @param shown the head's card, as messages show it
 * @param base the folder that the head's `file` is relative to
 * @throws UsageError `bad-model-card` if the backbone has no features, or is not the one that the head was fitted on
 */
export function withHead(
  {
    name,
    backbone: backboneName,
    head,
    references,
    licence,
    source,
    documentation,
    classes,
    trained,
    fit,
    ...card
  }: HeadCard,
  backbone: ModelCard,
  { shown, base }: { readonly shown: string; readonly base: string },
): ModelCard {
  const { features, featureMap, logits } = backbone.outputs;
  if (features === undefined)
    throw badCard([
      `Expected a model whose card names an output 'features' for 'backbone' in ${shown} but '${backboneName}' names none`,
    ]);
  if (card.backboneSha256 !== undefined && card.backboneSha256 !== backbone.sha256)
    throw badCard([
      `Expected the backbone that the head in ${shown} was fitted on (sha256 ${card.backboneSha256}) but '${backboneName}' has the sha256 ${backbone.sha256}; fit the head again`,
    ]);
  const { documentation: _, text: _tower, ...rest } = backbone;
  return Object.freeze({
    ...rest,
    name,
    licence,
    source,
    ...(documentation === undefined ? {} : { documentation }),
    classes,
    trained,
    ...(fit === undefined ? {} : { fit: Object.freeze(fit) }),
    outputs: Object.freeze({
      ...(logits === undefined ? {} : { logits }),
      features,
      ...(featureMap === undefined ? {} : { featureMap }),
    }),
    backbone: backboneName,
    head: Object.freeze({ ...head, path: resolve(base, head.file) }),
    ...(references === undefined
      ? {}
      : { references: Object.freeze({ ...references, path: resolve(base, references.file) }) }),
  });
}

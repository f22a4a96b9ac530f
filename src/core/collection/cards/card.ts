import * as z from 'zod';
import type { CardKey } from '../card-questions.ts';

/** Longest answer, in UTF-16 units. */
const MAX_ANSWER = 10_000;
const answer = z.string().trim().max(MAX_ANSWER).nullish().describe(`a text of at most ${MAX_ANSWER} characters`);

/** Croissant asks for versions of this form (https://semver.org). */
const version = z
  .string()
  .regex(/^(0|[1-9]\d{0,5})\.(0|[1-9]\d{0,5})\.(0|[1-9]\d{0,5})$/)
  .nullish()
  .describe("a version as '1.0.0'");

const url = z
  .string()
  .trim()
  .refine((text) => /^https?:\/\/\S+$/.test(text) && URL.parse(text) !== null)
  .nullish()
  .describe('an address that begins with http:// or https://');

/** `export.card` of a collection file: texts by the keys of CARD_QUESTIONS, all of them optional. */
export const cardSchema = z.strictObject({
  title: answer,
  description: answer,
  curators: answer,
  contact: answer,
  url,
  citation: answer,
  version,
  funding: answer,
  motivation: answer,
  ethicsReview: answer,
  consent: answer,
  people: answer,
  sensitive: answer,
  compensation: answer,
  uses: answer,
  unsuitableUses: answer,
  biases: answer,
  limitations: answer,
  socialImpact: answer,
  maintenance: answer,
  annotators: answer,
  priorUses: answer,
  distribution: answer,
  restrictions: answer,
  contributions: answer,
  licence: answer,
} satisfies Readonly<Record<CardKey, z.ZodType>>);

export function cardAnswers(card: z.output<typeof cardSchema> | null): Readonly<Record<string, string>> {
  const answers = Object.entries(card ?? {}).map(([key, text]) => [key, text ?? ''] as const);
  return Object.fromEntries(answers.filter(([, text]) => text !== ''));
}

import { Tokenizer } from '@huggingface/tokenizers';
import * as z from 'zod';
import { messageOf, UsageError } from '../../kernel/errors.ts';

export interface Tokens {
  /** As many as the context length. */
  readonly ids: readonly number[];
  /** Number of tokens before the padding. */
  readonly length: number;
}

export interface TokensOptions {
  readonly contextLength: number;
  /** The id that fills the context. */
  readonly padding: number;
}

const tokenizerSchema = z.looseObject({ model: z.looseObject({ type: z.string() }) });

/**
 * The tokenizer of a `tokenizer.json` (Hugging Face), which names its own normaliser and special tokens. A text that is longer than
 * the context loses its end, but keeps its last special token, as in open_clip and transformers.
 *
 * @throws UsageError `bad-tokenizer`
 */
export function tokenizerOf(
  json: string,
  { contextLength, padding, file }: TokensOptions & { readonly file: string },
): (text: string) => Tokens {
  const tokenizer = opened(json, file);
  return (text) => {
    const { ids } = tokenizer.encode(text);
    const kept = ids.length > contextLength ? [...ids.slice(0, contextLength - 1), ids.at(-1) ?? padding] : ids;
    const fill = Array.from({ length: contextLength - kept.length }, () => padding);
    return { ids: [...kept, ...fill], length: kept.length };
  };
}

function opened(json: string, file: string): Tokenizer {
  try {
    const read: unknown = JSON.parse(json);
    return new Tokenizer(tokenizerSchema.parse(read), {});
  } catch (error) {
    const why = error instanceof z.ZodError ? 'it has no model' : messageOf(error);
    throw new UsageError(`Expected a tokenizer.json of Hugging Face's tokenizers in '${file}' but ${why}`, {
      code: 'bad-tokenizer',
      cause: error,
    });
  }
}

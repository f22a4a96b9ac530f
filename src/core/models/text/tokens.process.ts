import { Tokenizer } from '@huggingface/tokenizers';
import { messageOf, UsageError } from '../../kernel/errors.ts';
import type { TextInput } from '../../platform/onnx/text-tower.ts';

interface TokensOptions {
  readonly contextLength: number;
  /** The id that fills the context. */
  readonly padding: number;
  /** Path of the `tokenizer.json`, for messages. */
  readonly file: string;
}

/**
 * The tokenizer of a `tokenizer.json` (Hugging Face), which names its own normaliser and special tokens. A text that is longer than
 * the context loses its end, but keeps its last special token, as in open_clip and transformers.
 *
 * @throws UsageError `bad-tokenizer`
 */
export function tokenizerOf(
  json: string,
  { contextLength, padding, file }: TokensOptions,
): (text: string) => TextInput {
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
    return new Tokenizer(JSON.parse(json), {});
  } catch (error) {
    throw new UsageError(
      `Expected a tokenizer.json of Hugging Face's tokenizers in '${file}' but it is not: ${messageOf(error)}`,
      { code: 'bad-tokenizer', cause: error },
    );
  }
}

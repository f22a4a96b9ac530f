import type { ModelCard } from '../../collection/cards/model-card.ts';
import { displayPath } from '../../config/root.ts';
import { messageOf } from '../../kernel/errors.ts';
import { verifyModelFile } from '../../platform/onnx/session.ts';
import { openTextTower } from '../../platform/onnx/text-tower.ts';
import { tokenizerOf } from './tokens.process.ts';

export type TextOfCard = NonNullable<ModelCard['text']>;

export interface Embedder {
  /** The text tower's output for each text, not normalised. */
  embed(texts: readonly string[]): Promise<Float32Array[]>;
  close(): Promise<void>;
}

/** Opens the tokenizer and the text tower of a card. @throws UsageError `bad-tokenizer`; StopTheRun as `openTextTower` */
export async function openEmbedder(
  { path, sha256, tokenizer, output = 'text_embeds', contextLength, padding }: TextOfCard,
  threads: number,
): Promise<Embedder> {
  const json = (await verifyModelFile(tokenizer.path, tokenizer.sha256)).toString('utf8');
  const tokens = tokenizerOf(json, { contextLength, padding, file: tokenizer.path });
  const tower = await openTextTower({ file: path, sha256, output, threads });
  return { embed: (texts) => tower.run(texts.map(tokens)), close: () => tower.close() };
}

const PROMPT = 'a photo of a cat.';

/** Why the text tower of a card cannot embed a prompt, as the end of a sentence about the model. Null if it can, or if there is none. */
export async function textProblem(text: TextOfCard | undefined): Promise<string | null> {
  if (text === undefined) return null;
  try {
    const embedder = await openEmbedder(text, 1);
    try {
      const [values = new Float32Array()] = await embedder.embed([PROMPT]);
      if (values.length > 0 && values.every(Number.isFinite)) return null;
      return `has a text tower, '${displayPath(text.path)}', that gives no finite numbers for '${PROMPT}'`;
    } finally {
      await embedder.close();
    }
  } catch (error) {
    return `has a text tower, '${displayPath(text.path)}', that does not run: ${messageOf(error)}`;
  }
}

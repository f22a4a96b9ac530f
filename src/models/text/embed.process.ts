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
  { path, sha256, tokenizer, output = 'text_embeds', contextLength, padding }: Omit<TextOfCard, 'file' | 'bytes'>,
  threads: number,
): Promise<Embedder> {
  const json = (await verifyModelFile(tokenizer.path, tokenizer.sha256)).toString('utf8');
  const tokens = tokenizerOf(json, { contextLength, padding, file: tokenizer.path });
  const tower = await openTextTower({ file: path, sha256, output, threads });
  return { embed: (texts) => tower.run(texts.map(tokens)), close: () => tower.close() };
}

const PROMPT = 'a photo of a cat.';

/** Why a text tower cannot embed a prompt, or null. */
export async function textProblem(text: Parameters<typeof openEmbedder>[0]): Promise<string | null> {
  try {
    const embedder = await openEmbedder(text, 1);
    try {
      const [values = new Float32Array()] = await embedder.embed([PROMPT]);
      if (values.length > 0 && values.every(Number.isFinite)) return null;
      return `'${displayPath(text.path)}' gives no finite numbers for '${PROMPT}'`;
    } finally {
      await embedder.close();
    }
  } catch (error) {
    return `'${displayPath(text.path)}' does not: ${messageOf(error)}`;
  }
}

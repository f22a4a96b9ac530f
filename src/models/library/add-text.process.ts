import { readFile } from 'node:fs/promises';
import path from 'node:path';
import type { CardFile } from '../../collection/cards/model-card.ts';
import { displayPath } from '../../config/root.ts';
import { sha256Of } from '../../config/sha256.ts';
import { messageOf, UsageError } from '../../kernel/errors.ts';
import { readTemplates } from '../text/templates.process.ts';
import { textProblem } from '../text/embed.process.ts';
import type { GivenFacts } from './draft.process.ts';

/** The facts of a text tower that the user states. */
export interface GivenText {
  readonly file: string;
  readonly tokenizer?: string | undefined;
  readonly contextLength?: number | undefined;
  readonly padding?: number | undefined;
  readonly output?: string | undefined;
  readonly templates?: string | undefined;
  readonly scale?: number | undefined;
  readonly bias?: number | undefined;
  readonly sigmoid?: boolean | undefined;
}

interface TextToAdd {
  readonly card: NonNullable<CardFile['text']>;
  /** Files of the model's folder by name; none if the model stays at its place. */
  readonly files: Readonly<Record<string, Uint8Array>>;
}

const TEXT_FILE = 'text.onnx';
const TOKENIZER_FILE = 'tokenizer.json';

/**
 * Reads the files of a text tower and embeds a prompt with them.
 * @throws UsageError `model-facts-missing`, `model-unreadable`, `bad-templates`, `text-does-not-run`
 */
export async function readText(
  { file, tokenizer, contextLength, padding, ...said }: GivenText,
  {
    given,
    inPlace,
    workingDir,
  }: { readonly given: GivenFacts; readonly inPlace: boolean; readonly workingDir: string },
): Promise<TextToAdd> {
  const facts = requiredOf(given, { tokenizer, contextLength, padding });
  if (said.templates !== undefined) await readTemplates(said.templates);
  const places = { text: path.resolve(workingDir, file), tokenizer: path.resolve(workingDir, facts.tokenizer) };
  const [textBytes, tokenizerBytes] = [await read(places.text), await read(places.tokenizer)];
  const card = {
    file: inPlace ? places.text : TEXT_FILE,
    ...hashed(textBytes),
    ...facts,
    tokenizer: { file: inPlace ? places.tokenizer : TOKENIZER_FILE, ...hashed(tokenizerBytes) },
    ...said,
  };
  await tryText({ ...card, path: places.text, tokenizer: { ...card.tokenizer, path: places.tokenizer } });
  return { card, files: inPlace ? {} : { [TEXT_FILE]: textBytes, [TOKENIZER_FILE]: tokenizerBytes } };
}

const hashed = (bytes: Buffer) => ({ sha256: sha256Of(bytes), bytes: bytes.length });

function requiredOf(
  given: GivenFacts,
  { tokenizer, contextLength, padding }: Omit<GivenText, 'file'>,
): { readonly tokenizer: string; readonly contextLength: number; readonly padding: number } {
  const missing = [
    given.features === undefined && "--features: the output of the image tower, often 'image_embeds'",
    tokenizer === undefined && '--tokenizer: the tokenizer.json of the model',
    contextLength === undefined && '--context-length: the tokens that a text has; 77 for CLIP, 64 for SigLIP',
    padding === undefined && '--padding: the token that fills a text; 49407 for CLIP, 1 for SigLIP',
  ].filter((line) => line !== false);
  if (tokenizer === undefined || contextLength === undefined || padding === undefined || missing.length > 0)
    throw new UsageError(
      `A text tower needs these flags beside --text:${missing.map((line) => `\n  ${line}`).join('')}`,
      {
        code: 'model-facts-missing',
      },
    );
  return { tokenizer, contextLength, padding };
}

async function tryText(text: Parameters<typeof textProblem>[0]): Promise<void> {
  const problem = await textProblem(text);
  if (problem === null) return;
  throw new UsageError(
    `Expected a text tower that embeds a text but ${problem}. Compare --tokenizer, --context-length, --padding and --text-output with its documentation`,
    { code: 'text-does-not-run' },
  );
}

async function read(file: string): Promise<Buffer> {
  try {
    return await readFile(file);
  } catch (error) {
    throw new UsageError(`Expected a file at '${displayPath(file)}' but it cannot be read: ${messageOf(error)}`, {
      code: 'model-unreadable',
      cause: error,
    });
  }
}

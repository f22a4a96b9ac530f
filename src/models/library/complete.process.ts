import { copyFile, readFile, rm } from 'node:fs/promises';
import path from 'node:path';
import { stringify } from 'yaml';
import * as z from 'zod';
import { loadClassTable } from '../../collection/class-table.process.ts';
import {
  ADDED_CARD,
  classesOfCard,
  lacksHashes,
  LOCAL_MODELS,
  placeOfCard,
} from '../../collection/cards/model-card.process.ts';
import { parseModelCard, type ModelCard } from '../../collection/cards/model-card.ts';
import { quote } from '../../config/quote.ts';
import { readTextFile } from '../../config/read-text.ts';
import { displayPath, workingFolder } from '../../config/root.ts';
import { parseYaml } from '../../config/yaml.ts';
import { messageOf, StopTheRun, UsageError } from '../../kernel/errors.ts';
import { isSha256, toSha256 } from '../../kernel/ids.ts';
import { withFileLock } from '../../platform/lock/file-lock.ts';
import { textProblem } from '../text/embed.process.ts';
import { problemOfTrial, type Trial } from './judge-trial.ts';
import { pullFile, type PullOptions } from './pull.process.ts';
import { hashOf, makeModelFolder, sizeOf, storeModel } from './store.process.ts';
import { tryModel } from './trial.process.ts';

export interface CompleteRequest {
  readonly name: string;
  /** A file or URL for each file of the card, in its order. Empty for the addresses of the card. */
  readonly from: readonly string[];
  readonly sha256: readonly string[];
}

export interface Completed {
  readonly card: ModelCard;
  readonly cardFile: string;
  readonly trial: Trial;
}

const LOCK_WAIT_MS = 10_000;

const fileSchema = z.looseObject({ file: z.string(), download: z.array(z.string()).optional() });
const readySchema = fileSchema.extend({ text: fileSchema.extend({ tokenizer: fileSchema }).optional() });
type Ready = z.output<typeof readySchema>;

interface WantedFile {
  readonly file: string;
  readonly from: string;
  readonly sha256: string;
}

/**
 * Gets the files of a card that states no hashes, compares them with the given ones, tries the model as `models add` does, and stores
 * the card with its hashes as an added model.
 *
 * @throws UsageError `hashes-missing`, `pull-from`; StopTheRun `model-sha256`, `model-download`, `model-refused`; Interrupted
 */
export async function completeModel(request: CompleteRequest, options: PullOptions): Promise<Completed> {
  const { name } = request;
  const models = path.join(workingFolder(), LOCAL_MODELS);
  const { cardFile } = await placeOfCard(name);
  const ready = readySchema.parse(parseYaml((await readTextFile(cardFile, 'a model card')).text, cardFile).value);
  const wanted = wantedFiles(request, ready);
  // Not `.unfinished`: a download that was interrupted goes on there.
  const staging = path.join(models, `.${name}.pulled`);
  await makeModelFolder(models);
  return withFileLock({ path: `${staging}.lock`, purpose: `pulling ${name}`, waitMs: LOCK_WAIT_MS }, async () => {
    if (await lacksHashes(name)) return complete({ name, cardFile, ready, wanted, staging }, options);
    throw new UsageError(`Another call has pulled '${name}'. \`winnow models show ${name}\` shows its card`, {
      code: 'model-exists',
    });
  });
}

interface Completing {
  readonly name: string;
  readonly cardFile: string;
  readonly ready: Ready;
  readonly wanted: readonly WantedFile[];
  readonly staging: string;
}

async function complete(
  { name, cardFile, ready, wanted, staging }: Completing,
  options: PullOptions,
): Promise<Completed> {
  await makeModelFolder(staging);
  for (const one of wanted) await stage(one, path.join(staging, one.file), options);
  const sizes = await Promise.all(wanted.map(({ file }) => sizeOf(path.join(staging, file))));
  const hashes = wanted.map(({ sha256 }, i) => ({ sha256, bytes: sizes[i] }));
  const text = stringify(withHashes(ready, hashes), { flowCollectionPadding: true });
  const trial = await tried(parseModelCard(text, displayPath(cardFile), staging), cardFile);
  const files = await Promise.all(
    wanted.map(async ({ file }) => [file, await readFile(path.join(staging, file))] as const),
  );
  const folder = path.join(path.dirname(staging), name);
  await storeModel(folder, {
    [ADDED_CARD]: `# Written by \`winnow models pull\`. What the keys mean: docs/models.md.\n${text}`,
    ...Object.fromEntries(files),
  });
  await rm(staging, { recursive: true, force: true });
  const placed = path.join(folder, ADDED_CARD);
  return { card: parseModelCard(text, displayPath(placed), folder), cardFile: placed, trial };
}

function filesOf({ text, ...model }: Ready): z.output<typeof fileSchema>[] {
  return text === undefined ? [model] : [model, text, text.tokenizer];
}

function withHashes({ text, ...model }: Ready, [ofModel, ofText, ofTokenizer]: readonly object[]): object {
  if (text === undefined) return { ...model, ...ofModel };
  return { ...model, ...ofModel, text: { ...text, ...ofText, tokenizer: { ...text.tokenizer, ...ofTokenizer } } };
}

function wantedFiles({ name, from, sha256 }: CompleteRequest, ready: Ready): WantedFile[] {
  const files = filesOf(ready);
  if (sha256.length === 0) throw new UsageError(toPullText(name, ready), { code: 'hashes-missing' });
  if (sha256.length !== files.length || (from.length > 0 && from.length !== files.length))
    throw new UsageError(
      `Expected ${files.length} for --sha256${from.length > 0 ? ' and --from' : ''}, of ${listText(files)}, but received ${sha256.length}${from.length > 0 ? ` and ${from.length}` : ''}`,
      { code: 'pull-from' },
    );
  const wrong = sha256.find((hash) => !isSha256(hash));
  if (wrong !== undefined)
    throw new UsageError(`Expected 64 lower-case hex digits for --sha256 but received ${quote(wrong)}`, {
      code: 'pull-from',
    });
  return files.map(({ file, download }, i) => ({
    file,
    from: from[i] ?? download?.[0] ?? '',
    sha256: sha256[i] ?? '',
  }));
}

const listText = (files: readonly { readonly file: string }[]): string => files.map(({ file }) => file).join(', ');

/** Why the card states no hashes, and how to give them. */
function toPullText(name: string, ready: Ready): string {
  const files = filesOf(ready);
  return [
    `The card of '${name}' states no SHA-256, because the hashes of its files were not known when winnow was released. winnow runs only files whose hash you give:`,
    ...files.map(({ file, download }) => `  ${file}: ${download?.join(', ') ?? 'no address is known'}`),
    'The page of a large file on huggingface.co shows its SHA-256; `sha256sum FILE` prints that of a file that you have and trust. Then, in this order:',
    `  winnow models pull ${name} --sha256 ${files.map(() => 'HASH').join(' ')}   # downloads them`,
    `  winnow models pull ${name} --from ${listText(files).replaceAll(',', '')} --sha256 ${files.map(() => 'HASH').join(' ')}   # files or other addresses`,
  ].join('\n');
}

/** Puts a file at its place in the staging folder, unless it is there. @throws StopTheRun `model-sha256`, and as `pullFile` */
async function stage({ file, from, sha256 }: WantedFile, to: string, options: PullOptions): Promise<void> {
  if ((await sizeOf(to)) > 0 && (await hashOf(to)) === sha256) return;
  if (/^https?:\/\//.test(from)) return pullFile({ name: file, path: to, sha256: toSha256(sha256) }, from, options);
  await copyFile(from, to).catch((error: unknown) => {
    throw new UsageError(
      `Expected a file or an http or https URL for --from but ${quote(from)} cannot be read: ${messageOf(error)}`,
      { code: 'pull-from', cause: error },
    );
  });
  const actual = await hashOf(to);
  if (actual === sha256) return;
  await rm(to, { force: true });
  throw new StopTheRun(
    `Expected the SHA-256 ${sha256} for ${quote(from)} but it has ${actual}: another file, another version, or a damaged one. Compare --sha256 with its page; nothing was added`,
    { code: 'model-sha256' },
  );
}

async function tried(card: ModelCard, cardFile: string): Promise<Trial> {
  const trial = await tryModel(card, await classesOfCard({ ...card, cardFile }, await loadClassTable()));
  const ofText = card.text === undefined ? null : await textProblem(card.text);
  const problem = problemOfTrial(card, trial) ?? (ofText === null ? null : `has a text tower but ${ofText}`);
  if (problem === null) return trial;
  throw new StopTheRun(
    `Expected a usable model but '${card.name}' ${problem}. Its files have the given hashes; are they those that ${displayPath(cardFile)} describes? Nothing was added`,
    { code: 'model-refused' },
  );
}

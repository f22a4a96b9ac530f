import { copyFile, readFile, rm } from 'node:fs/promises';
import path from 'node:path';
import { isMap, parseDocument, type Document } from 'yaml';
import { CLASS_LIST_NAMES } from '../../collection/class-table.ts';
import { loadClassTable } from '../../collection/class-table.process.ts';
import {
  ADDED_CARD,
  cardFor,
  classesOfCard,
  lacksHashes,
  LOCAL_MODELS,
  placeOfCard,
  type FoundCard,
} from '../../collection/cards/model-card.process.ts';
import { parseModelCard } from '../../collection/cards/model-card.ts';
import { quote } from '../../tools/quote.ts';
import { readTextFile } from '../../config/read-text.ts';
import { displayPath, workingFolder } from '../../config/root.ts';
import { messageOf, StopTheRun, UsageError } from '../../kernel/errors.ts';
import { isSha256, toSha256 } from '../../kernel/ids.ts';
import { withFileLock } from '../../platform/lock/file-lock.ts';
import { textProblem } from '../text/embed.process.ts';
import { problemOfTrial, type Trial } from './judge-trial.ts';
import { pullFile, type PullOptions } from './pull-file.process.ts';
import { hashOf, makeModelFolder, sizeOf, storeModel } from './store.process.ts';
import { tryModel } from './trial.process.ts';

export interface CompleteRequest {
  readonly name: string;
  /** A file or URL for each file of the card, in its order. Empty for the addresses of the card. */
  readonly from: readonly string[];
  readonly sha256: readonly string[];
}

export interface Completed {
  readonly card: FoundCard;
  readonly trial: Trial;
}

const LOCK_WAIT_MS = 10_000;
const WRITTEN_BY = '# Written by `winnow models pull`. What the keys mean: docs/models.md.\n';

/** Where a card names its files, and what they are called in the folder of an added model. */
const PLACES = [
  { at: [], file: 'model.onnx' },
  { at: ['text'], file: 'text.onnx' },
  { at: ['text', 'tokenizer'], file: 'tokenizer.json' },
] as const;

interface WantedFile {
  readonly at: readonly string[];
  readonly file: string;
  readonly from: string;
  readonly sha256: string;
  /** 1 as long as it is unknown. */
  readonly bytes: number;
}

/**
 * Gets the files of a card that states no hashes, compares them with the given ones, tries the model as `models add` does, and stores
 * the card with its hashes as an added model.
 *
 * @throws UsageError `hashes-missing`, `pull-from`, `file-outside`, `model-exists`, `bad-model-card`; StopTheRun `model-sha256`, `model-download`,
 *   `model-refused`; Interrupted
 */
export async function completeModel(request: CompleteRequest, options: PullOptions): Promise<Completed> {
  const { name } = request;
  const { cardFile } = await placeOfCard(name);
  const { text: given } = await readTextFile(cardFile, 'a model card');
  const document = parseDocument(given.replace(/^(?:#.*\n)*/, WRITTEN_BY));
  const wanted = wantedFiles(request, document);
  // A mistake in the card is found before the download.
  const { classes } = parseModelCard(completed(document, name, wanted), displayPath(cardFile), '');
  if (classes !== undefined && path.basename(classes) !== classes)
    throw new UsageError(
      `Expected the name of a file beside the card for 'classes' in ${displayPath(cardFile)} but received ${quote(classes)}: put the file there`,
      { code: 'file-outside' },
    );
  const models = path.join(workingFolder(), LOCAL_MODELS);
  // Not `.unfinished`: a download that was interrupted goes on there.
  const staging = path.join(models, `.${name}.pulled`);
  await makeModelFolder(models);
  return withFileLock({ path: `${staging}.lock`, purpose: `pulling ${name}`, waitMs: LOCK_WAIT_MS }, async () => {
    if (!(await lacksHashes(name)))
      throw new UsageError(`Another call has pulled '${name}'. \`winnow models show ${name}\` shows its card`, {
        code: 'model-exists',
      });
    await makeModelFolder(staging);
    const files = new Map<string, Buffer>();
    for (const one of wanted) {
      await stage(one, path.join(staging, one.file), options);
      files.set(one.file, await readFile(path.join(staging, one.file)));
    }
    const sized = wanted.map((one) => ({ ...one, bytes: files.get(one.file)?.length ?? 0 }));
    if (classes !== undefined && !CLASS_LIST_NAMES.some((known) => known === classes))
      files.set(classes, await readFile(path.resolve(path.dirname(cardFile), classes)));
    const text = completed(document, name, sized);
    const trial = await tried({ ...parseModelCard(text, displayPath(cardFile), staging), cardFile }, options);
    await storeModel(path.join(models, name), { [ADDED_CARD]: text, ...Object.fromEntries(files) });
    await rm(staging, { recursive: true, force: true });
    return { card: await cardFor(name), trial };
  });
}

/** The card with the names, hashes and sizes of its files. */
function completed(document: Document, name: string, files: readonly WantedFile[]): string {
  const card = document.clone();
  card.set('name', name);
  for (const { at, file, sha256, bytes } of files)
    for (const [key, value] of Object.entries({ file, sha256, bytes })) card.setIn([...at, key], value);
  return card.toString({ lineWidth: 0 });
}

function wantedFiles(request: CompleteRequest, document: Document): WantedFile[] {
  const { from, sha256 } = request;
  const files = PLACES.filter(({ at }) => isMap(document.getIn(at))).map(({ at, file }, i) => {
    const address = document.getIn([...at, 'download', 0]);
    const known = typeof address === 'string' ? address : '';
    return { at, file, from: from[i] ?? known, sha256: sha256[i] ?? '', bytes: 1 };
  });
  const isFull = sha256.length === files.length && [0, files.length].includes(from.length);
  if (!isFull || files.some((one) => one.from === ''))
    throw new UsageError(toPullText(request, files), { code: 'hashes-missing' });
  const wrong = sha256.find((hash) => !isSha256(hash));
  if (wrong === undefined) return files;
  throw new UsageError(`Expected 64 lower-case hex digits for --sha256 but received ${quote(wrong)}`, {
    code: 'pull-from',
  });
}

/** Why hashes are needed, and how to give them. */
function toPullText({ name, from, sha256 }: CompleteRequest, files: readonly WantedFile[]): string {
  const command = `winnow models pull ${name}`;
  const hashes = `--sha256 ${files.map(() => 'HASH').join(' ')}`;
  return [
    `Expected ${files.length} for --sha256${from.length > 0 ? ' and --from' : ''} but received ${sha256.length}${from.length > 0 ? ` and ${from.length}` : ''}. winnow runs only files whose SHA-256 is known, and the card of '${name}' states none. Its files, in this order:`,
    ...files.map((one) => `  ${one.file}: ${one.from === '' ? 'no address is known' : one.from}`),
    'The page of a large file on huggingface.co shows its SHA-256; `sha256sum FILE` prints that of a file that you have and trust:',
    `  ${command} ${hashes}   # downloads them`,
    `  ${command} --from ${files.map(({ file }) => file).join(' ')} ${hashes}   # files or other addresses`,
  ].join('\n');
}

/** Puts a file into the staging folder, unless it is there. @throws StopTheRun `model-sha256`, and as `pullFile` */
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

async function tried(card: Omit<FoundCard, 'origin'>, { signal }: PullOptions): Promise<Trial> {
  const trial = await tryModel(card, await classesOfCard(card, await loadClassTable()), { signal });
  const problem = problemOfTrial(card, trial) ?? (await textProblem(card.text));
  if (problem === null) return trial;
  throw new StopTheRun(
    `Expected a usable model but '${card.name}' ${problem}. Its files have the given hashes; are they those that ${displayPath(card.cardFile)} describes? Nothing was added`,
    { code: 'model-refused' },
  );
}

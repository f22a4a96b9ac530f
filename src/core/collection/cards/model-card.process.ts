import { existsSync } from 'node:fs';
import { basename, dirname, join, normalize, resolve } from 'node:path';
import { didYouMean } from '../../tools/nearest.ts';
import { quote } from '../../tools/quote.ts';
import { readTextFile } from '../../config/read-text.ts';
import { configFolders, displayPath, packageRoot, workingFolder } from '../../config/root.ts';
import { namesInFolder, listYamlFiles } from '../../config/yaml-files.ts';
import { parseYaml } from '../../config/yaml.ts';
import type { NamedFile } from '../../config/yaml-files.ts';
import { codeOf, messageOf, UsageError } from '../../kernel/errors.ts';
import { CLASS_LIST_NAMES, wnidsOf } from '../class-table.ts';
import type { ClassTable } from '../class-table.ts';
import type { Collection } from '../collection.ts';
import { isHeadCard, parseHeadCard, withHead, type HeadCard } from './head-card.ts';
import { badCard, isToPull, parseModelCard } from './model-card.ts';
import type { ModelCard } from './model-card.ts';
import { modelClassesOf, parseModelClasses } from './model-classes.ts';
import type { ModelClasses } from './model-classes.ts';

/** Where `models add` makes a folder for each model, below the folder that holds config/. */
export const LOCAL_MODELS = 'config/local/models';
/** The card in such a folder. Other files that the card names are relative to the folder. */
export const ADDED_CARD = 'card.yaml';

export interface FoundCard extends ModelCard {
  readonly cardFile: string;
  /** `added` by `models add`; `project`: written by hand in the working directory; `bundled` with winnow. */
  readonly origin: 'added' | 'project' | 'bundled';
}

export interface CardPlace {
  readonly cardFile: string;
  readonly origin: FoundCard['origin'];
  readonly base: string;
}

/**
 * From config/local/models or config/models of the working directory, otherwise of the package.
 * @throws UsageError `unknown-model`, `bad-model-card`, `model-to-pull`
 */
export async function cardFor(name: string, workingDir: string = workingFolder()): Promise<FoundCard> {
  const { cardFile, origin, base } = await placeOfCard(name, workingDir);
  const shown = displayPath(cardFile, workingDir);
  const { text } = await readTextFile(cardFile, 'a model card');
  const file = parseYaml(text, shown);
  if (isToPull(file))
    throw new UsageError(
      `The model '${name}' is not pulled: its card (${shown}) states no SHA-256. \`winnow models pull ${name}\` says how to get it.`,
      { code: TO_PULL },
    );
  const card = isHeadCard(file)
    ? await headCardOf(parseHeadCard(file), { shown, base, workingDir })
    : modelCard(text, { shown, base, workingDir });
  if (card.name === name) return Object.freeze({ ...card, cardFile, origin });
  throw new UsageError(`Expected the file's name '${name}' for 'name' in ${shown} but received '${card.name}'`, {
    code: 'bad-model-card',
  });
}

/** True if the card of the name states no hashes. @throws UsageError `unknown-model` */
export async function lacksHashes(name: string): Promise<boolean> {
  const { cardFile } = await placeOfCard(name);
  return isToPull(parseYaml((await readTextFile(cardFile, 'a model card')).text, displayPath(cardFile)));
}

export const HEAD_TO_FIT = 'head-to-fit';
/** The model knows no classes. */
export const FEATURES_ONLY = 'features-only';
/** The card states no hashes yet. */
export const TO_PULL = 'model-to-pull';

/**
 * @throws UsageError `head-to-fit` with the command if it is a head that the user has not fitted yet, `other-backbone` if its card is not
 * the head that the collection declares; the codes of `cardFor`
 */
export async function memberCard(
  name: string,
  { heads }: Pick<Collection, 'heads'>,
  workingDir: string = workingFolder(),
): Promise<FoundCard> {
  const declared = heads.get(name);
  const card = await cardFor(name, workingDir).catch((error: unknown) => {
    if (declared === undefined || codeOf(error) !== 'unknown-model') throw error;
    throw new UsageError(
      `The member '${name}' is a head over '${declared.backbone}' that you fit on photos of its classes: ${finetuneCommand(name, declared)}   # DIR has a folder of photos for each class`,
      { code: HEAD_TO_FIT, cause: error },
    );
  });
  requireLogits(card);
  if (declared === undefined || card.backbone === declared.backbone) return card;
  const [found, advice] =
    card.backbone === undefined
      ? ['is not a head', `Remove '${name}' from 'heads', or give the head another name`]
      : [
          `is a head over '${card.backbone}'`,
          `Change 'heads', or fit the head again: winnow models remove ${name}, then ${finetuneCommand(name, declared)}`,
        ];
  throw new UsageError(
    `Expected a head over '${declared.backbone}' for the member '${name}', as 'heads' of the collection says, but its card (${displayPath(card.cardFile, workingDir)}) ${found}. ${advice}`,
    { code: 'other-backbone' },
  );
}

/** @throws UsageError `features-only` with the command that makes a classifier of the model */
export function requireLogits({ name, classes, text }: ModelCard): void {
  if (classes !== undefined) return;
  const fromText = `winnow models text --card ${name} --classes LIST --name NAME`;
  const fromPhotos = `winnow finetune --backbone ${name} --train DIR --name NAME`;
  throw new UsageError(
    `The model '${name}' gives features and knows no classes. Make a head of it, and use that: ${text === undefined ? fromPhotos : `${fromText}, or ${fromPhotos}`}`,
    { code: FEATURES_ONLY },
  );
}

function finetuneCommand(name: string, { backbone, classes }: { readonly backbone: string; readonly classes: string }) {
  return `winnow finetune --backbone ${backbone} --train DIR --classes ${classes} --name ${name}`;
}

interface CardContext {
  /** The card's path for messages. */
  readonly shown: string;
  /** The folder that the card's `file` is relative to. */
  readonly base: string;
  readonly workingDir: string;
}

/** A model that `models pull` downloads is the user's: if the package's folder has no such file, it goes to the working directory. */
function modelCard(text: string, { shown, base, workingDir }: CardContext): ModelCard {
  const card = parseModelCard(text, shown, base);
  if (!card.file.startsWith(`${LOCAL_MODELS}/`) || existsSync(card.path)) return card;
  return Object.freeze({ ...card, path: resolve(workingDir, card.file) });
}

/** @throws UsageError `bad-model-card`, also if there is no card of the backbone: `unknown-model` means the head's own card */
async function headCardOf(head: HeadCard, place: CardContext): Promise<ModelCard> {
  const { cardFile, base } = await placeOfCard(head.backbone, place.workingDir).catch((error: unknown) => {
    if (codeOf(error) !== 'unknown-model') throw error;
    throw badCard([
      `The head '${head.name}' (${place.shown}) needs its backbone '${head.backbone}', which has no model card. ${messageOf(error)} Add the backbone again, or remove the head`,
    ]);
  });
  const { text } = await readTextFile(cardFile, 'a model card');
  const shown = displayPath(cardFile, place.workingDir);
  if (isHeadCard(parseYaml(text, shown)))
    throw badCard([
      `Expected a model with a file of its own for 'backbone' in ${place.shown} but '${head.backbone}' is a head, too`,
    ]);
  return withHead(head, modelCard(text, { shown, base, workingDir: place.workingDir }), place);
}

/** @throws UsageError `unknown-model` with the nearest and all known names */
export async function placeOfCard(name: string, workingDir: string = workingFolder()): Promise<CardPlace> {
  const known = await listCards(workingDir);
  const found = known.find((card) => card.name === name);
  if (found !== undefined) return { cardFile: found.file, ...placeOf(found.file) };
  const names = known.map((card) => card.name);
  throw new UsageError(
    `No such model: ${quote(name)}.${didYouMean(name, names)} Give one of ${names.join(', ')}. \`winnow models list\` says which are ready.`,
    { code: 'unknown-model' },
  );
}

/** A card of the working directory hides the package's of the same name, and an added model one that was written by hand. */
export async function listCards(workingDir: string = workingFolder()): Promise<NamedFile[]> {
  const byName = new Map<string, NamedFile>();
  for (const folder of configFolders('models', packageRoot, workingDir)) {
    const local = resolve(folder, '../..', LOCAL_MODELS);
    for (const card of [...(await addedCards(local)), ...(await listYamlFiles([local, folder]))])
      if (!byName.has(card.name)) byName.set(card.name, card);
  }
  return [...byName.values()].toSorted((a, b) => (a.name < b.name ? -1 : 1));
}

/** Skips hidden folders: they are unfinished. */
async function addedCards(local: string): Promise<NamedFile[]> {
  const names = (await namesInFolder(local)).filter((name) => !name.startsWith('.'));
  return names.map((name) => ({ name, file: join(local, name, ADDED_CARD) })).filter(({ file }) => existsSync(file));
}

/** In the order of the outputs; none if the model gives features only. @throws UsageError `bad-model-classes`, `unreadable-file` */
export async function classesOfCard(
  { cardFile, classes }: Pick<FoundCard, 'cardFile' | 'classes'>,
  table: ClassTable,
): Promise<ModelClasses> {
  if (classes === undefined) return modelClassesOf([]);
  return readModelClasses(resolve(dirname(cardFile), classes), classes, table);
}

export async function readModelClasses(path: string, name: string, table: ClassTable): Promise<ModelClasses> {
  const listName = CLASS_LIST_NAMES.find((known) => known === name);
  if (listName !== undefined) return modelClassesOf(wnidsOf(listName, table.rows));
  const { text } = await readTextFile(path, `one of the class lists ${CLASS_LIST_NAMES.join(', ')} or a class list`);
  const { classes, problems } = parseModelClasses(text, displayPath(path));
  if (problems.length === 0) return classes;
  throw new UsageError(problems.join('\n'), { code: 'bad-model-classes' });
}

function placeOf(cardFile: string): Pick<CardPlace, 'base' | 'origin'> {
  const folder = dirname(cardFile);
  if (basename(cardFile) === ADDED_CARD && dirname(folder).endsWith(normalize(`/${LOCAL_MODELS}`)))
    return { base: folder, origin: 'added' };
  const isLocal = folder.endsWith(normalize(`/${LOCAL_MODELS}`));
  const base = resolve(folder, isLocal ? '../../..' : '../..');
  return { base, origin: !isLocal && base === resolve(packageRoot) ? 'bundled' : 'project' };
}

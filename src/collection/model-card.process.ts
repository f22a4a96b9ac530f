import { dirname, join, resolve } from 'node:path';
import { didYouMean } from '../config/nearest.ts';
import { quote } from '../config/quote.ts';
import { readTextFile } from '../config/read-text.ts';
import { configFolders, displayPath, packageRoot, workingFolder } from '../config/root.ts';
import { listYamlFiles } from '../config/yaml-files.ts';
import type { NamedFile } from '../config/yaml-files.ts';
import { UsageError } from '../kernel/errors.ts';
import { CLASS_LIST_NAMES, wnidsOf } from './class-table.ts';
import type { ClassTable } from './class-table.ts';
import { parseModelCard } from './model-card.ts';
import type { ModelCard } from './model-card.ts';
import { modelClassesOf, parseModelClasses } from './model-classes.ts';
import type { ModelClasses } from './model-classes.ts';

/** Where `models add` puts cards, class lists and model files, below the folder that holds config/. */
export const LOCAL_MODELS = 'config/local/models';

/** A card and where it was found. */
export interface FoundCard extends ModelCard {
  /** Absolute path of the YAML file. */
  readonly cardFile: string;
  /** `added` by `models add`; `project`: a file in config/models of the working directory; `bundled` with winnow. */
  readonly origin: 'added' | 'project' | 'bundled';
}

/** Where the card of a name lies, whether or not it can be read. */
export interface CardPlace {
  /** Absolute path of the YAML file. */
  readonly cardFile: string;
  readonly origin: FoundCard['origin'];
  /** The folder that `file` in the card is relative to. */
  readonly base: string;
}

/**
 * The model card of that name: from config/local/models or config/models of the working directory, else of the package.
 *
 * @throws UsageError `unknown-model` with the nearest and all known names, or `bad-model-card`
 */
export async function cardFor(
  name: string,
  root: string = packageRoot,
  workingDir: string = workingFolder(),
): Promise<FoundCard> {
  const { cardFile, origin, base } = await placeOfCard(name, root, workingDir);
  const shown = displayPath(cardFile, workingDir);
  const { text } = await readTextFile(cardFile, 'a model card');
  const card = parseModelCard(text, shown, base);
  if (card.name === name) return Object.freeze({ ...card, cardFile, origin });
  throw new UsageError(`Expected the file's name '${name}' for 'name' in ${shown} but received '${card.name}'`, {
    code: 'bad-model-card',
  });
}

/** @throws UsageError `unknown-model` with the nearest and all known names */
export async function placeOfCard(
  name: string,
  root: string = packageRoot,
  workingDir: string = workingFolder(),
): Promise<CardPlace> {
  const known = await listCards(root, workingDir);
  const found = known.find((card) => card.name === name);
  if (found !== undefined) return { cardFile: found.file, ...placeOf(found.file, root) };
  const names = known.map((card) => card.name);
  throw new UsageError(
    `Expected a model card (${names.join(', ')}) but received ${quote(name)}.${didYouMean(name, names)}`,
    { code: 'unknown-model' },
  );
}

/** All model cards by name; one of the working directory hides the package's of that name, and one that was added a file by hand. */
export async function listCards(
  root: string = packageRoot,
  workingDir: string = workingFolder(),
): Promise<NamedFile[]> {
  // config/models and config/local/models of each, the working directory's first.
  return listYamlFiles(
    configFolders('models', root, workingDir).flatMap((folder) => [resolve(folder, '../..', LOCAL_MODELS), folder]),
  );
}

/**
 * The classes of a card's model, in the order of its outputs.
 *
 * @throws UsageError `bad-model-classes`, `unreadable-file`
 */
export async function classesOfCard(
  { cardFile, classes }: Pick<FoundCard, 'cardFile' | 'classes'>,
  table: ClassTable,
): Promise<ModelClasses> {
  return readModelClasses(resolve(dirname(cardFile), classes), classes, table);
}

/** The same for a list's name, or else the file at `path`. */
export async function readModelClasses(path: string, name: string, table: ClassTable): Promise<ModelClasses> {
  const listName = CLASS_LIST_NAMES.find((known) => known === name);
  if (listName !== undefined) return modelClassesOf(wnidsOf(listName, table.rows));
  const { text } = await readTextFile(path, `one of the class lists ${CLASS_LIST_NAMES.join(', ')} or a class list`);
  const { classes, problems } = parseModelClasses(text, displayPath(path));
  if (problems.length === 0) return classes;
  throw new UsageError(problems.join('\n'), { code: 'bad-model-classes' });
}

function placeOf(cardFile: string, root: string): Pick<CardPlace, 'base' | 'origin'> {
  const folder = dirname(cardFile);
  const local = resolve(folder, '../../..');
  if (folder === join(local, LOCAL_MODELS)) return { base: local, origin: 'added' };
  const base = resolve(folder, '../..');
  return { base, origin: base === resolve(root) ? 'bundled' : 'project' };
}

import { readdir } from 'node:fs/promises';
import type { ClassTable } from '../../../core/collection/class-table.ts';
import { parseModelClasses } from '../../../core/collection/cards/model-classes.ts';
import { quote } from '../../../core/tools/quote.ts';
import { UsageError } from '../../../core/kernel/errors.ts';
import { classesOfEntries, readClassEntries } from '../set/among.process.ts';
import { sortedAsPython, type PhotoSet } from '../set/photo-set.ts';
import { readSet } from '../set/read-set.process.ts';
import { onlyClasses, requireTrueClasses } from '../set/true-classes.ts';
import { quoted } from '../quoted.ts';

const PARTS: ReadonlySet<string> = new Set(['train', 'val', 'validation', 'test']);
export interface TrainingFolders {
  readonly train: string;
  readonly val: string | null;
  /** The value of --classes. Null for all folders of `train`. */
  readonly classes: string | null;
}

export interface TrainingSets {
  /** Names of folders, in the order of the head's outputs: sorted as torchvision's ImageFolder sorts them. */
  readonly classes: readonly string[];
  readonly train: PhotoSet;
  readonly val: PhotoSet | null;
  readonly remarks: readonly string[];
}

/**
 * Lists the photos and classes to fit a head with. Opens no photo.
 * @throws UsageError `one-class`, `class-without-photos`, `class-name`, `unknown-class` if `val` has a class that
 * `train` lacks
 */
export async function readTrainingSets(
  { train: trainDir, val: valDir, classes: list }: TrainingFolders,
  { table, signal }: { readonly table: ClassTable; readonly signal: AbortSignal },
): Promise<TrainingSets> {
  const reading = { isClass: (name: string) => !PARTS.has(name.toLowerCase()), signal };
  const all = await readSet(trainDir, { ...reading, part: 'train' });
  requireTrueClasses(all, '--train');
  const folders = await foldersOf(all.root);
  const classes = list === null ? folders : await listedClasses(list, { table, folders });
  requirePhotos(all, classes, list);
  requireNames(classes, table);
  const train = onlyClasses(all, classes);
  const allVal = valDir === null ? null : await readSet(valDir, { ...reading, part: 'val' });
  if (allVal !== null) requireTrueClasses(allVal, '--val');
  if (allVal !== null && list === null) requireKnown(allVal, { classes, trainDir });
  const val = allVal === null ? null : onlyClasses(allVal, classes);
  if (val?.photos.length === 0)
    throw new UsageError(`Expected photos of the classes of --classes in ${quote(valDir)} but there are none`, {
      code: 'class-without-photos',
    });
  return { classes, train, val, remarks: [...train.remarks, ...(val?.remarks ?? [])] };
}

async function foldersOf(root: string): Promise<string[]> {
  const entries = await readdir(root, { withFileTypes: true });
  const folders = entries.filter(
    (entry) => (entry.isDirectory() || entry.isSymbolicLink()) && !entry.name.startsWith('.'),
  );
  return sortedAsPython(
    folders.map(({ name }) => name),
    (name) => name,
  );
}

async function listedClasses(
  list: string,
  { table, folders }: { readonly table: ClassTable; readonly folders: readonly string[] },
): Promise<readonly string[]> {
  const entries = await readClassEntries(list, table, '--classes');
  return classesOfEntries(entries, { table, folders: new Set(folders), flag: '--classes' });
}

function requirePhotos({ dir, photos }: PhotoSet, classes: readonly string[], list: string | null): void {
  const shown = new Set(photos.map(({ wnid }) => wnid));
  const empty = classes.filter((name) => !shown.has(name));
  if (empty.length > 0)
    throw new UsageError(
      `Expected photos of each class in ${quote(dir)} but there are none of ${empty.length}: ${quoted(empty)}. Add photos, or ${list === null ? 'remove the folder' : 'leave the class out of --classes'}`,
      { code: 'class-without-photos' },
    );
  if (classes.length < 2)
    throw new UsageError(
      `Expected folders of at least two classes in ${quote(dir)} but there is one: ${quote(classes[0])}. A head tells classes apart`,
      { code: 'one-class' },
    );
}

function requireKnown(
  { dir, photos }: PhotoSet,
  { classes, trainDir }: { readonly classes: readonly string[]; readonly trainDir: string },
): void {
  const known = new Set(classes);
  const unknown = [...new Set(photos.map(({ wnid }) => wnid))].filter((name) => !known.has(name));
  if (unknown.length === 0) return;
  throw new UsageError(
    `Expected the classes of ${quote(trainDir)} in ${quote(dir)} but ${unknown.length} ${unknown.length === 1 ? 'is' : 'are'} not among them: ${quoted(unknown)}. Add photos of them to --train, or name the classes to use with --classes`,
    { code: 'unknown-class' },
  );
}

/** The class list of a model: one line per class, with the readable name of an ImageNet-1k class. */
export function classListText(classes: readonly string[], table: ClassTable): string {
  return classes.map((name) => `${[name, table.byWnid.get(name)?.name ?? ''].join(' ').trim()}\n`).join('');
}

/** @throws UsageError `class-name` if a collection could not find a class by the name of its folder */
function requireNames(classes: readonly string[], table: ClassTable): void {
  const { classes: read } = parseModelClasses(classListText(classes, table), '--train');
  const bad = classes.filter((name, i) => read.positionOf({ wnid: name, name }) !== i);
  if (bad.length === 0) return;
  throw new UsageError(
    `Expected folders whose names can be ids or names of classes but received ${quoted(bad)}. Rename the folder: use letters, digits, '-' and '_', and no two names that differ only in case or in '-' and '_'`,
    { code: 'class-name' },
  );
}

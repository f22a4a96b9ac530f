import { copyFile, open, realpath, rename, rm, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { CLASS_LIST_NAMES } from '../../collection/class-table.ts';
import { LOCAL_MODELS } from '../../collection/model-card.process.ts';
import { displayPath } from '../../config/root.ts';
import { messageOf, UsageError, WinnowError } from '../../kernel/errors.ts';
import type { Sha256 } from '../../kernel/ids.ts';
import { syncFolder } from '../../platform/blobs/blob-folder.ts';
import { withFileLock } from '../../platform/lock/file-lock.ts';
import { needOfOthers, usualFiles } from './card-files.ts';
import type { GivenFacts } from './draft.ts';
import { exists, hashOf, makeModelFolder } from './model-files.ts';
import { announce, endAnnouncement, leftBehind, unfinishedOf } from './unfinished-add.ts';

/** Where the parts of a new model go. */
export interface Places {
  readonly folder: string;
  readonly cardFile: string;
  /** Where the model file will be; the file itself if it stays in place. */
  readonly modelFile: string;
  /** As the card says it. */
  readonly fileInCard: string;
  /** The same for the class list: a list's name, or a file beside the card. */
  readonly classesInCard: string;
  readonly copiesModel: boolean;
  readonly copiesClasses: boolean;
}

export function placesOf(
  name: string,
  { workingDir, source, inPlace, given }: { workingDir: string; source: string; inPlace: boolean; given: GivenFacts },
): Places {
  const folder = path.join(workingDir, LOCAL_MODELS);
  const isListName = CLASS_LIST_NAMES.some((known) => known === given.classes);
  return {
    folder,
    cardFile: path.join(folder, `${name}.yaml`),
    modelFile: inPlace ? source : path.join(folder, `${name}.onnx`),
    fileInCard: inPlace ? source : `${LOCAL_MODELS}/${name}.onnx`,
    classesInCard: isListName ? (given.classes ?? '') : `${name}.classes.txt`,
    copiesModel: !inPlace,
    copiesClasses: !isListName,
  };
}

interface Parts {
  readonly name: string;
  readonly source: string;
  readonly sha256: Sha256;
  readonly card: string;
  readonly given: GivenFacts;
  readonly place: Places;
  readonly workingDir: string;
}

const LOCK_WAIT_MS = 2_000;

/**
 * The model and its class list first, the card last: what has a card is complete. What a call of the same name that was
 * killed has left is taken if it is the same, and replaced otherwise.
 *
 * @returns files of a killed call that were removed or replaced
 * @throws UsageError `model-exists` if another call was first, `file-exists` if another file has a name that is needed,
 * `models-folder`
 */
export async function store(parts: Parts): Promise<readonly string[]> {
  const { cardFile, folder } = parts.place;
  await makeModelFolder(folder);
  const lock = { path: `${cardFile}.lock`, purpose: 'adding a model', waitMs: LOCK_WAIT_MS };
  try {
    return await withFileLock(lock, () => storeAlone(parts));
  } catch (error) {
    if (error instanceof WinnowError) throw error;
    throw new UsageError(`Expected to write the model to '${displayPath(folder)}' but it failed: ${messageOf(error)}`, {
      code: 'models-folder',
      cause: error,
    });
  }
}

interface Copy {
  readonly from: string;
  readonly to: string;
  readonly sha256: string;
}

async function storeAlone(parts: Parts): Promise<readonly string[]> {
  const { card, place } = parts;
  if (await exists(place.cardFile))
    throw new UsageError(
      `Expected a name that is free for --name but '${displayPath(place.cardFile)}' was written meanwhile`,
      { code: 'model-exists' },
    );
  const copies = await copiesOf(parts);
  const left = await leftoversOf(parts);
  const missing: Copy[] = [];
  for (const copy of copies) if (!(await isSameFile(copy, left))) missing.push(copy);
  const taken = copies.filter((copy) => left.has(copy.to) && !missing.includes(copy));
  const replaced = [...left].filter((file) => !taken.some(({ to }) => to === file));
  for (const file of replaced) await rm(file, { force: true });
  // Only what was not there before, or is a killed call's, is removed again.
  const written = taken.map(({ to }) => to);
  try {
    const announced = [...taken, ...missing].map(({ to, sha256 }) => ({ file: to, sha256 }));
    if (announced.length > 0) await announce(place.cardFile, announced);
    for (const { from, to } of missing) {
      written.push(to);
      await copyDurably(from, to);
    }
    written.push(place.cardFile);
    await writeFile(place.cardFile, card, { flag: 'wx', flush: true });
    await syncFolder(place.folder);
  } catch (error) {
    for (const file of written) await rm(file, { force: true });
    await endAnnouncement(place.cardFile);
    throw error;
  }
  await endAnnouncement(place.cardFile);
  return replaced;
}

async function copiesOf({ source, sha256, given, place, workingDir }: Parts): Promise<Copy[]> {
  const list = path.resolve(workingDir, given.classes ?? '');
  return [
    ...(place.copiesModel ? [{ from: source, to: place.modelFile, sha256 }] : []),
    ...(place.copiesClasses
      ? [{ from: list, to: path.join(place.folder, place.classesInCard), sha256: await hashOf(list) }]
      : []),
  ];
}

/** What a killed call has left of this name, if no card needs it and it is not what is being added. */
async function leftoversOf({ name, source, given, place, workingDir }: Parts): Promise<ReadonlySet<string>> {
  const left = await leftBehind(place.cardFile, usualFiles(name, place.folder));
  if (left.size === 0) return left;
  const isNeeded = await needOfOthers(name, workingDir);
  const own = await Promise.all([real(source), real(path.resolve(workingDir, given.classes ?? ''))]);
  const free = new Set<string>();
  for (const file of left) if (!isNeeded(file) && !own.includes(await real(file))) free.add(file);
  return free;
}

/** Without links; of what is not there, its path. */
function real(file: string): Promise<string> {
  return realpath(file).catch(() => file);
}

/**
 * Whether what is to be copied is there already: what is added may lie where it would be copied to.
 *
 * @param left what may be replaced
 * @throws UsageError `file-exists` if something else is, which may be all that somebody has of it
 */
async function isSameFile({ to, sha256 }: Copy, left: ReadonlySet<string>): Promise<boolean> {
  if (!(await exists(to))) return false;
  if ((await hashOf(to)) === sha256) return true;
  if (left.has(to)) return false;
  throw new UsageError(
    `Expected no file at '${displayPath(to)}', where a copy would go, but there is another one: move it away, or choose another name (--name)`,
    { code: 'file-exists' },
  );
}

async function copyDurably(from: string, to: string): Promise<void> {
  const unfinished = unfinishedOf(to);
  try {
    await copyFile(from, unfinished);
    const handle = await open(unfinished, 'r+');
    try {
      await handle.sync();
    } finally {
      await handle.close();
    }
    await rename(unfinished, to);
  } catch (error) {
    await rm(unfinished, { force: true });
    throw error;
  }
}

import { copyFile, open, rename, rm, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { CLASS_LIST_NAMES } from '../../collection/class-table.ts';
import { LOCAL_MODELS } from '../../collection/model-card.process.ts';
import { displayPath } from '../../config/root.ts';
import { messageOf, UsageError, WinnowError } from '../../kernel/errors.ts';
import type { Sha256 } from '../../kernel/ids.ts';
import { syncFolder } from '../../platform/blobs/blob-folder.ts';
import { withFileLock } from '../../platform/lock/file-lock.ts';
import type { GivenFacts } from './draft.ts';
import { exists, hashOf, makeModelFolder } from './model-files.ts';

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
  readonly source: string;
  readonly sha256: Sha256;
  readonly card: string;
  readonly given: GivenFacts;
  readonly place: Places;
  readonly workingDir: string;
}

const LOCK_WAIT_MS = 2_000;

/**
 * The model and its class list first, the card last: what has a card is complete.
 *
 * @throws UsageError `model-exists` if another call was first, `file-exists` if another file has a name that is needed,
 * `models-folder`
 */
export async function store(parts: Parts): Promise<void> {
  const { cardFile, folder } = parts.place;
  await makeModelFolder(folder);
  const lock = { path: `${cardFile}.lock`, purpose: 'adding a model', waitMs: LOCK_WAIT_MS };
  try {
    await withFileLock(lock, () => storeAlone(parts));
  } catch (error) {
    if (error instanceof WinnowError) throw error;
    throw new UsageError(`Expected to write the model to '${displayPath(folder)}' but it failed: ${messageOf(error)}`, {
      code: 'models-folder',
      cause: error,
    });
  }
}

async function storeAlone({ source, sha256, card, given, place, workingDir }: Parts): Promise<void> {
  const list = path.resolve(workingDir, given.classes ?? '');
  const copies = [
    ...(place.copiesModel ? [{ from: source, to: place.modelFile, sha256 }] : []),
    ...(place.copiesClasses
      ? [{ from: list, to: path.join(place.folder, place.classesInCard), sha256: await hashOf(list) }]
      : []),
  ];
  if (await exists(place.cardFile))
    throw new UsageError(
      `Expected a name that is free for --name but '${displayPath(place.cardFile)}' was written meanwhile`,
      { code: 'model-exists' },
    );
  const missing: typeof copies = [];
  for (const copy of copies) if (!(await isSameFile(copy))) missing.push(copy);
  // Only what was not there before is removed again.
  const written: string[] = [];
  try {
    for (const { from, to } of missing) {
      written.push(to);
      await copyDurably(from, to);
    }
    written.push(place.cardFile);
    await writeFile(place.cardFile, card, { flag: 'wx', flush: true });
    await syncFolder(place.folder);
  } catch (error) {
    for (const file of written) await rm(file, { force: true });
    throw error;
  }
}

/**
 * Whether what is to be copied is there already: what is added may lie where it would be copied to.
 *
 * @throws UsageError `file-exists` if something else is, which may be all that somebody has of it
 */
async function isSameFile({ to, sha256 }: { readonly to: string; readonly sha256: string }): Promise<boolean> {
  if (!(await exists(to))) return false;
  if ((await hashOf(to)) === sha256) return true;
  throw new UsageError(
    `Expected no file at '${displayPath(to)}', where a copy would go, but there is another one: move it away, or choose another name (--name)`,
    { code: 'file-exists' },
  );
}

async function copyDurably(from: string, to: string): Promise<void> {
  const unfinished = `${to}.unfinished`;
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

import { copyFile, open, rename, rm, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { CLASS_LIST_NAMES } from '../../collection/class-table.ts';
import { LOCAL_MODELS } from '../../collection/model-card.process.ts';
import { displayPath } from '../../config/root.ts';
import { messageOf, UsageError } from '../../kernel/errors.ts';
import { syncFolder } from '../../platform/blobs/blob-folder.ts';
import type { GivenFacts } from './draft.ts';
import { makeModelFolder } from './pull.ts';

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

/** The model and its class list first, the card last: what has a card is complete. */
export async function store(parts: {
  readonly source: string;
  readonly card: string;
  readonly given: GivenFacts;
  readonly place: Places;
  readonly workingDir: string;
}): Promise<void> {
  const { source, card, given, place, workingDir } = parts;
  await makeModelFolder(place.folder);
  const written: string[] = [];
  try {
    if (place.copiesModel) {
      written.push(place.modelFile);
      await copyDurably(source, place.modelFile);
    }
    if (place.copiesClasses) {
      const list = path.join(place.folder, place.classesInCard);
      written.push(list);
      await copyDurably(path.resolve(workingDir, given.classes ?? ''), list);
    }
    written.push(place.cardFile);
    await writeFile(place.cardFile, card, { flag: 'wx', flush: true });
    await syncFolder(place.folder);
  } catch (error) {
    for (const file of written) await rm(file, { force: true });
    throw new UsageError(
      `Expected to write the model to '${displayPath(place.folder)}' but it failed: ${messageOf(error)}`,
      {
        code: 'models-folder',
        cause: error,
      },
    );
  }
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

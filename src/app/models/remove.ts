import { rm } from 'node:fs/promises';
import path from 'node:path';
import type { Kysely } from 'kysely';
import { checkCollection, listCollections } from '../../collection/collection.process.ts';
import {
  cardFor,
  LOCAL_MODELS,
  placeOfCard,
  type CardPlace,
  type FoundCard,
} from '../../collection/model-card.process.ts';
import { displayPath, workingFolder } from '../../config/root.ts';
import { messageOf, UsageError } from '../../kernel/errors.ts';
import type { Database } from '../../platform/postgres/database.ts';
import { filesOf, needOfOthers, usualFiles } from './card-files.ts';
import { exists } from './model-files.ts';
import { collectionsFilteredWith, countEvidence } from './model-uses.repository.ts';
import { noteFileOf } from './unfinished-add.ts';

export interface Removal {
  readonly name: string;
  /** Absolute paths. */
  readonly removed: readonly string[];
  /** What needs the model, in parts of a sentence; not empty only with `force`. */
  readonly uses: readonly string[];
  /** Crops whose evidence stays in the catalogue; null if no data folder was looked at. */
  readonly evidenceCrops: number | null;
  /** Why the card could not be used, or null. */
  readonly problem: string | null;
}

export interface RemoveOptions {
  readonly force: boolean;
  /** The catalogue of the data folder; null if there is none yet. */
  readonly db: Kysely<Database> | null;
  /** Where config/local/models is. */
  readonly workingDir?: string;
}

/** What is to be removed; of a broken card only its place is known. */
interface Target extends CardPlace {
  readonly name: string;
  readonly card: FoundCard | null;
  readonly problem: string | null;
  readonly workingDir: string;
}

/**
 * Removes a model that was added, or the downloaded file of one that comes with winnow. Evidence stays: it is keyed by the
 * file's sha256 and counts again if the same file comes back. A card that cannot be used goes, too, with the files that
 * `models add` would have put beside it.
 *
 * @throws UsageError `unknown-model`, `model-bundled`, `model-in-use`
 */
export async function removeModel(name: string, options: RemoveOptions): Promise<Removal> {
  const { force, db, workingDir = workingFolder() } = options;
  const target = await targetOf(name, workingDir);
  const files = await removableFiles(target);
  const evidenceCrops = db === null ? null : await evidenceOf(db, target);
  const uses = [
    ...(await collectionsUsing(name, workingDir)),
    ...(db === null ? [] : await catalogueUses(db, name, evidenceCrops ?? 0)),
  ];
  if (uses.length > 0 && !force) {
    throw new UsageError(
      `Expected a model that nothing needs but '${name}' is in use: ${uses.join('; ')}. Nothing was removed; --force removes it all the same, and evidence stays`,
      { code: 'model-in-use' },
    );
  }
  for (const file of files) await removeFile(file);
  return { name, removed: files, uses, evidenceCrops, problem: target.problem };
}

async function targetOf(name: string, workingDir: string): Promise<Target> {
  const target = { name, workingDir, ...(await placeOfCard(name, undefined, workingDir)) };
  try {
    return { ...target, card: await cardFor(name, undefined, workingDir), problem: null };
  } catch (error) {
    return { ...target, card: null, problem: messageOf(error) };
  }
}

async function removableFiles(target: Target): Promise<string[]> {
  const { name, card, cardFile, origin, problem } = target;
  if (origin === 'added') return filesOfAdded(target);
  const isDownloaded = card?.download !== undefined && path.dirname(card.path).endsWith(path.normalize(LOCAL_MODELS));
  if (isDownloaded && (await exists(card.path))) return [card.path];
  const where = origin === 'bundled' ? 'comes with winnow' : `was written by hand (${displayPath(cardFile)})`;
  throw new UsageError(
    `Expected a model that was added or downloaded but '${name}' ${where}${isDownloaded ? ' and its file is not downloaded' : ''}; nothing was removed${problem === null ? '' : `. Its card cannot be used: ${problem}`}`,
    { code: 'model-bundled' },
  );
}

async function filesOfAdded({ name, card, cardFile, workingDir }: Target): Promise<string[]> {
  const folder = path.dirname(cardFile);
  const isNeeded = await needOfOthers(name, workingDir);
  // What lies elsewhere was not put there by winnow.
  const own = (card === null ? usualFiles(name, folder) : filesOf(card)).filter(
    (file) => path.dirname(file) === folder && !isNeeded(file),
  );
  const removable: string[] = [];
  for (const file of [...own, noteFileOf(cardFile)]) if (await exists(file)) removable.push(file);
  // The card first: what has no card is no model, whatever is left of it.
  return [cardFile, ...removable];
}

/** @throws UsageError `models-folder` */
async function removeFile(file: string): Promise<void> {
  try {
    await rm(file, { force: true });
  } catch (error) {
    throw new UsageError(`Expected to be allowed to remove '${displayPath(file)}' but it failed: ${messageOf(error)}`, {
      code: 'models-folder',
      cause: error,
    });
  }
}

/** Collection files that name the model, also those that cannot be used, as where the model is what is broken. */
async function collectionsUsing(name: string, workingDir: string): Promise<string[]> {
  const uses: string[] = [];
  for (const { name: collectionName, file } of await listCollections(undefined, workingDir)) {
    const { ensemble } = await checkCollection(file, undefined, workingDir);
    if (ensemble.includes(name))
      uses.push(`the collection '${collectionName}' (${displayPath(file)}) has it in its ensemble`);
  }
  return uses;
}

/** By the bytes of the model; by its name where a broken card does not say which those are. */
function evidenceOf(db: Kysely<Database>, { name, card }: Target): Promise<number> {
  return countEvidence(db, card === null ? { name } : { sha256: card.sha256 });
}

async function catalogueUses(db: Kysely<Database>, name: string, evidenceCrops: number): Promise<string[]> {
  const uses = (await collectionsFilteredWith(db, name)).map(
    (collection) => `the collection '${collection}' of this data folder was filtered with it`,
  );
  if (evidenceCrops > 0) uses.push(`this data folder has evidence of ${evidenceCrops} crops from it`);
  return uses;
}

import { readFile, rm } from 'node:fs/promises';
import path from 'node:path';
import { sql, type Kysely } from 'kysely';
import { checkCollection, listCollections } from '../../collection/collection.process.ts';
import { CLASS_LIST_NAMES } from '../../collection/class-table.ts';
import {
  cardFor,
  listCards,
  LOCAL_MODELS,
  placeOfCard,
  type CardPlace,
  type FoundCard,
} from '../../collection/model-card.process.ts';
import { displayPath, workingFolder } from '../../config/root.ts';
import { messageOf, UsageError } from '../../kernel/errors.ts';
import type { Database } from '../../platform/postgres/database.ts';
import { exists } from './model-files.ts';

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

async function removableFiles({ name, card, cardFile, origin, workingDir, problem }: Target): Promise<string[]> {
  const localFolder = path.dirname(cardFile);
  if (origin === 'added') {
    const isNeeded = await needOfOthers(name, workingDir);
    const removable: string[] = [];
    // What lies elsewhere was not put there by winnow.
    for (const file of card === null ? usualFiles(name, localFolder) : filesOf(card))
      if (path.dirname(file) === localFolder && !isNeeded(file) && (await exists(file))) removable.push(file);
    // The card first: what has no card is no model, whatever is left of it.
    return [cardFile, ...removable];
  }
  const isDownloaded = card?.download !== undefined && path.dirname(card.path).endsWith(path.normalize(LOCAL_MODELS));
  if (isDownloaded && (await exists(card.path))) return [card.path];
  const where = origin === 'bundled' ? 'comes with winnow' : `was written by hand (${displayPath(cardFile)})`;
  throw new UsageError(
    `Expected a model that was added or downloaded but '${name}' ${where}${isDownloaded ? ' and its file is not downloaded' : ''}; nothing was removed${problem === null ? '' : `. Its card cannot be used: ${problem}`}`,
    { code: 'model-bundled' },
  );
}

/** The model file of a card and, if it has one of its own, its class list. */
function filesOf({ path: modelFile, cardFile, classes }: FoundCard): string[] {
  const hasOwnList = !CLASS_LIST_NAMES.some((known) => known === classes);
  return [modelFile, ...(hasOwnList ? [path.resolve(path.dirname(cardFile), classes)] : [])];
}

/** What `models add` puts beside the card of that name. */
function usualFiles(name: string, folder: string): string[] {
  return [path.join(folder, `${name}.onnx`), path.join(folder, `${name}.classes.txt`)];
}

/** Whether another card needs a file; one that is broken needs what its text names. */
async function needOfOthers(name: string, workingDir: string): Promise<(file: string) => boolean> {
  const files = new Set<string>();
  const brokenTexts: string[] = [];
  for (const other of await listCards(undefined, workingDir)) {
    if (other.name === name) continue;
    try {
      for (const file of filesOf(await cardFor(other.name, undefined, workingDir))) files.add(file);
    } catch {
      for (const file of usualFiles(other.name, path.dirname(other.file))) files.add(file);
      brokenTexts.push(await readFile(other.file, 'utf8').catch(() => ''));
    }
  }
  return (file) => files.has(file) || brokenTexts.some((text) => text.includes(path.basename(file)));
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

async function catalogueUses(db: Kysely<Database>, name: string, evidenceCrops: number): Promise<string[]> {
  const { rows } = await sql<{ name: string }>`
    select name from collection where definition -> 'ensemble' @> ${JSON.stringify([name])}::jsonb order by name`.execute(
    db,
  );
  const uses = rows.map((row) => `the collection '${row.name}' of this data folder was filtered with it`);
  if (evidenceCrops > 0) uses.push(`this data folder has evidence of ${evidenceCrops} crops from it`);
  return uses;
}

/** By the bytes of the model; by its name where a broken card does not say which those are. */
async function evidenceOf(db: Kysely<Database>, { name, card }: Target): Promise<number> {
  const isIts = card === null ? sql`m.model_name = ${name}` : sql`m.model_sha256 = ${Buffer.from(card.sha256, 'hex')}`;
  const { rows } = await sql<{ crops: number }>`
    select count(*) as crops from evidence e join member m on m.id = e.member_id where ${isIts}`.execute(db);
  return rows[0]?.crops ?? 0;
}

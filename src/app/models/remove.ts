import { rm } from 'node:fs/promises';
import path from 'node:path';
import { sql, type Kysely } from 'kysely';
import { checkCollection, listCollections } from '../../collection/collection.process.ts';
import { CLASS_LIST_NAMES } from '../../collection/class-table.ts';
import { cardFor, listCards, LOCAL_MODELS, type FoundCard } from '../../collection/model-card.process.ts';
import { displayPath } from '../../config/root.ts';
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
}

export interface RemoveOptions {
  readonly force: boolean;
  /** The catalogue of the data folder; null if there is none yet. */
  readonly db: Kysely<Database> | null;
}

/**
 * Removes a model that was added, or the downloaded file of one that comes with winnow. Evidence stays: it is keyed by the
 * file's sha256 and counts again if the same file comes back.
 *
 * @throws UsageError `model-bundled`, `model-in-use`
 */
export async function removeModel(name: string, { force, db }: RemoveOptions): Promise<Removal> {
  const card = await cardFor(name);
  const files = await removableFiles(card);
  const evidenceCrops = db === null ? null : await evidenceOf(db, card);
  const uses = [
    ...(await collectionsUsing(name)),
    ...(db === null ? [] : await catalogueUses(db, name, evidenceCrops ?? 0)),
  ];
  if (uses.length > 0 && !force) {
    throw new UsageError(
      `Expected a model that nothing needs but '${name}' is in use: ${uses.join('; ')}. Nothing was removed; --force removes it all the same, and evidence stays`,
      { code: 'model-in-use' },
    );
  }
  for (const file of files) await removeFile(file);
  return { name, removed: files, uses, evidenceCrops };
}

async function removableFiles(card: FoundCard): Promise<string[]> {
  const localFolder = path.dirname(card.cardFile);
  if (card.origin === 'added') {
    const needed = new Set(await filesOfOthers(card.name));
    const removable: string[] = [];
    // What lies elsewhere was not put there by winnow.
    for (const file of filesOf(card))
      if (path.dirname(file) === localFolder && !needed.has(file) && (await exists(file))) removable.push(file);
    // The card first: what has no card is no model, whatever is left of it.
    return [card.cardFile, ...removable];
  }
  const isDownloaded = card.download !== undefined && path.dirname(card.path).endsWith(path.normalize(LOCAL_MODELS));
  if (isDownloaded && (await exists(card.path))) return [card.path];
  const where = card.origin === 'bundled' ? 'comes with winnow' : `was written by hand (${displayPath(card.cardFile)})`;
  throw new UsageError(
    `Expected a model that was added or downloaded but '${card.name}' ${where}${isDownloaded ? ' and its file is not downloaded' : ''}; nothing was removed`,
    { code: 'model-bundled' },
  );
}

/** The model file of a card and, if it has one of its own, its class list. */
function filesOf({ path: modelFile, cardFile, classes }: FoundCard): string[] {
  const hasOwnList = !CLASS_LIST_NAMES.some((known) => known === classes);
  return [modelFile, ...(hasOwnList ? [path.resolve(path.dirname(cardFile), classes)] : [])];
}

/** Of all other cards that can be read. */
async function filesOfOthers(name: string): Promise<string[]> {
  const others = (await listCards()).filter((card) => card.name !== name);
  const cards = await Promise.allSettled(others.map((card) => cardFor(card.name)));
  return cards.flatMap((card) => (card.status === 'fulfilled' ? filesOf(card.value) : []));
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

/** Collection files of the project that name the model, those that come with winnow apart. */
async function collectionsUsing(name: string): Promise<string[]> {
  const uses: string[] = [];
  for (const { name: collectionName, file } of await listCollections()) {
    const { collection } = await checkCollection(file);
    if (collection?.ensemble.includes(name) === true)
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

async function evidenceOf(db: Kysely<Database>, { sha256 }: FoundCard): Promise<number> {
  const { rows } = await sql<{ crops: number }>`
    select count(*) as crops from evidence e join member m on m.id = e.member_id
    where m.model_sha256 = ${Buffer.from(sha256, 'hex')}`.execute(db);
  return rows[0]?.crops ?? 0;
}

import { rm } from 'node:fs/promises';
import path from 'node:path';
import type { Kysely } from 'kysely';
import { checkCollection, listCollections } from '../../collection/collection.process.ts';
import {
  cardFor,
  listCards,
  LOCAL_MODELS,
  placeOfCard,
  type CardPlace,
  type FoundCard,
} from '../../collection/cards/model-card.process.ts';
import { externalFilesOf } from '../../collection/cards/model-card.ts';
import { displayPath, workingFolder } from '../../config/root.ts';
import { messageOf, UsageError } from '../../kernel/errors.ts';
import type { Database } from '../../platform/postgres/database.ts';
import { notWritable, sizeOf, removeStored } from './store.process.ts';
import { collectionsFilteredWith, countEvidence } from '../evidence/evidence.repository.ts';

export interface Removal {
  readonly name: string;
  /** Absolute path: the folder of an added model, or the file of a downloaded one. */
  readonly removed: readonly string[];
  /** Uses of the model, as parts of a sentence. Empty unless `force` was given. */
  readonly uses: readonly string[];
  /** Crops whose evidence stays in the catalogue. Null if no data folder was checked. */
  readonly evidenceCrops: number | null;
  readonly problem: string | null;
}

export interface RemoveOptions {
  readonly force: boolean;
  readonly db: Kysely<Database> | null;
  readonly workingDir?: string;
}

/** The model to remove. If the card is broken, only its path is known. */
interface Target extends CardPlace {
  readonly name: string;
  readonly card: FoundCard | null;
  readonly problem: string | null;
}

/**
 * Removes an added model, or the downloaded file of a model that comes with winnow. Evidence stays: its key has the sha256 of the
 * model and its head, and it counts again if the same files come back. An invalid card is removed too.
 *
 * @throws UsageError `unknown-model`, `model-bundled`, `model-in-use`, `models-folder`
 */
export async function removeModel(name: string, options: RemoveOptions): Promise<Removal> {
  const { force, db, workingDir = workingFolder() } = options;
  const target = await targetOf(name, workingDir);
  const removable = await removableOf(target);
  const evidenceCrops = db === null ? null : await evidenceOf(db, target);
  const uses = [
    ...(await collectionsUsing(name, workingDir)),
    ...(await cardsUsing(target, removable, workingDir)),
    ...(db === null ? [] : await catalogueUses(db, name, evidenceCrops ?? 0)),
  ];
  if (uses.length > 0 && !force) {
    throw new UsageError(
      `The model '${name}' is in use: ${uses.join('; ')}. Nothing was removed. --force removes it anyway; its evidence stays`,
      { code: 'model-in-use' },
    );
  }
  await (target.origin === 'added' ? removeStored(removable) : removeFile(removable));
  return { name, removed: [removable], uses, evidenceCrops, problem: target.problem };
}

async function targetOf(name: string, workingDir: string): Promise<Target> {
  const place = await placeOfCard(name, workingDir);
  try {
    return { name, ...place, card: await cardFor(name, workingDir), problem: null };
  } catch (error) {
    return { name, ...place, card: null, problem: messageOf(error) };
  }
}

async function removableOf({ name, card, cardFile, origin, problem }: Target): Promise<string> {
  if (origin === 'added') return path.dirname(cardFile);
  const isDownloaded = card?.download !== undefined && path.dirname(card.path).endsWith(path.normalize(LOCAL_MODELS));
  if (isDownloaded && (await sizeOf(card.path)) > 0) return card.path;
  const where = origin === 'bundled' ? 'comes with winnow' : `was written by hand (${displayPath(cardFile)})`;
  throw new UsageError(
    `Expected a model that was added or downloaded but '${name}' ${where}${isDownloaded ? ' and its file is not downloaded' : ''}; nothing was removed${problem === null ? '' : `. ${problem}`}`,
    { code: 'model-bundled' },
  );
}

async function removeFile(file: string): Promise<void> {
  await rm(file).catch((error: unknown) => {
    throw notWritable(path.dirname(file), error);
  });
}

/** Collection files that name the model. It includes invalid files, because the missing model may be what makes them invalid. */
async function collectionsUsing(name: string, workingDir: string): Promise<string[]> {
  const uses: string[] = [];
  for (const { name: collectionName, file } of await listCollections(workingDir)) {
    const { ensemble } = await checkCollection(file, workingDir);
    if (ensemble.includes(name))
      uses.push(`the collection '${collectionName}' (${displayPath(file)}) has it in its ensemble`);
  }
  return uses;
}

/** Other cards whose model, weights, head or class list is among the files to remove. A card that cannot be read names no file. */
async function cardsUsing({ cardFile }: Target, removable: string, workingDir: string): Promise<string[]> {
  const uses: string[] = [];
  for (const { name, file } of await listCards(workingDir)) {
    if (file === cardFile) continue;
    const card = await cardFor(name, workingDir).catch(() => null);
    const needed =
      card === null
        ? undefined
        : filesOf(card).find((each) => each === removable || each.startsWith(removable + path.sep));
    if (needed !== undefined)
      uses.push(
        `the card '${name}' (${displayPath(file, workingDir)}) needs its file ${displayPath(needed, workingDir)}`,
      );
  }
  return uses;
}

/** Absolute paths. */
function filesOf(card: FoundCard): string[] {
  const { path: model, head, text, cardFile, classes } = card;
  return [
    model,
    ...externalFilesOf(card).map(({ file }) => file),
    ...(head === undefined ? [] : [head.path]),
    ...(text === undefined ? [] : [text.path, text.tokenizer.path]),
    ...(classes === undefined ? [] : [path.resolve(path.dirname(cardFile), classes)]),
  ];
}

/** Counts evidence by the hashes of the model and its head, or by the model's name if the card is broken. */
function evidenceOf(db: Kysely<Database>, { name, card }: Target): Promise<number> {
  if (card === null) return countEvidence(db, { name });
  return countEvidence(db, { sha256: card.sha256, headSha256: card.head?.sha256 ?? null });
}

async function catalogueUses(db: Kysely<Database>, name: string, evidenceCrops: number): Promise<string[]> {
  const uses = (await collectionsFilteredWith(db, name)).map(
    (collection) => `the collection '${collection}' of this data folder was filtered with it`,
  );
  if (evidenceCrops > 0) uses.push(`this data folder has evidence of ${evidenceCrops} crops from it`);
  return uses;
}

import { access } from 'node:fs/promises';
import { availableParallelism } from 'node:os';
import type { Kysely } from 'kysely';
import { loadClassTable } from '../../collection/class-table.process.ts';
import type { Collection } from '../../collection/collection.ts';
import { classesOfCard, memberCard } from '../../collection/cards/model-card.process.ts';
import { externalFilesOf, type ModelCard } from '../../collection/cards/model-card.ts';
import { wantedClasses, type ModelClasses } from '../../collection/cards/model-classes.ts';
import { readStoredCard, type MemberCard } from '../../collection/stored-card.process.ts';
import type { StoredCard } from '../../collection/stored-rules.ts';
import { displayPath } from '../../config/root.ts';
import { registerClassList, registerMember } from '../evidence/evidence.repository.ts';
import { preprocessingVersion, type ModelInput, type ModelIdentity, type ModelReading } from '../evidence/member.ts';
import { UsageError } from '../../kernel/errors.ts';
import type { Database } from '../../platform/postgres/database.ts';
import type { BackboneSpec, HeadSpec, MemberSpec } from './spec.ts';

export interface Ensemble {
  /** Cheapest first, as `cropOrder` expects them. */
  readonly members: readonly MemberSpec[];
  /** Ids of the members in the catalogue, in the same order: those for the cpu, wherever the members run. */
  readonly memberIds: readonly number[];
  /** The keys of the members' evidence, in the same order. */
  readonly identities: readonly ModelIdentity[];
  /** The members' cards, of this machine or of the catalogue, in the same order. */
  readonly cards: readonly MemberCard[];
}

/**
 * Looks up the collection's members and registers them in the catalogue. Loads no model.
 *
 * @param stored the catalogue's cards, if its rules are used instead of those of a file. A card of this machine is used if it is the same
 */
export async function openEnsemble(
  db: Kysely<Database>,
  collection: Collection,
  stored?: StoredCards,
): Promise<Ensemble> {
  const { evidenceClasses } = collection;
  const cards = await Promise.all(collection.ensemble.map((name) => cardOf(name, collection, stored)));
  const cheapestFirst = cards.toSorted((a, b) => costOf(a.card) - costOf(b.card));
  const members = cheapestFirst.map(({ card, classes }) => memberOf(card, { collection, classes }));
  const identities = cheapestFirst.map(({ card, classes }) => ({
    modelName: card.name,
    modelSha256: card.sha256,
    preprocessing: preprocessingOf(card, classes),
  }));
  requireDifferent(identities, collection.name);
  const classListId = await registerClassList(db, evidenceClasses.sha256, evidenceClasses.wnids);
  const memberIds: number[] = [];
  for (const identity of identities)
    memberIds.push(await registerMember(db, { ...identity, executionProvider: 'cpu' }, classListId));
  return { members, memberIds, identities, cards: cheapestFirst };
}

export interface StoredCards {
  readonly cards: Readonly<Record<string, StoredCard>>;
  /** The path on this machine of a file that a card names. */
  readonly fileOf: (named: Pick<ModelCard, 'file' | 'sha256'>) => string;
}

async function cardOf(name: string, collection: Collection, stored: StoredCards | undefined): Promise<MemberCard> {
  const table = await loadClassTable();
  const local = async (): Promise<MemberCard> => {
    const card = await memberCard(name, collection);
    return { card, classes: await classesOfCard(card, table) };
  };
  const texts = stored?.cards[name];
  if (stored === undefined || texts === undefined) return local();
  const kept = await readStoredCard(name, texts, { table, fileOf: stored.fileOf });
  const here = await local().catch(() => null);
  const isSame =
    here?.card.sha256 === kept.card.sha256 &&
    preprocessingOf(here.card, here.classes) === preprocessingOf(kept.card, kept.classes);
  return isSame ? here : kept;
}

/** @throws UsageError `same-member` if an ensemble names the same model twice, which adds nothing */
export function requireDifferent(identities: readonly ModelIdentity[], collectionName: string): void {
  const nameOf = new Map<string, string>();
  for (const { modelName, modelSha256, preprocessing } of identities) {
    const key = `${modelSha256} ${preprocessing}`;
    const other = nameOf.get(key);
    if (other !== undefined)
      throw new UsageError(
        `Expected different models in the ensemble of the collection '${collectionName}' but '${other}' and '${modelName}' have the same file and the same preprocessing; leave one of them out`,
        { code: 'same-member' },
      );
    nameOf.set(key, modelName);
  }
}

/** Multiply-adds for each crop. A card that does not say counts as expensive. */
function costOf(card: ModelCard): number {
  return card.costs?.multiplyAddsPerCrop ?? Number.MAX_SAFE_INTEGER;
}

/** The part of the evidence key that is not the model's bytes: how the model is used. */
export function preprocessingOf(card: ModelCard, classes: ModelClasses): string {
  const reading: ModelReading = {
    layout: card.input.layout ?? 'nchw',
    type: card.input.type ?? 'float32',
    values: card.outputs.values ?? 'logits',
    output: headOf(card).output,
    classesSha256: card.classes === undefined || card.classes === 'imagenet-1k' ? null : classes.sha256,
    headSha256: card.head?.sha256,
    isUnit: card.head?.normalise,
    isSigmoid: card.head?.sigmoid,
    externalSha256: card.externalData?.map(({ sha256 }) => sha256),
  };
  return preprocessingVersion(inputOf(card), reading);
}

export function memberOf(
  card: ModelCard,
  { collection, classes }: { collection: Collection; classes: ModelClasses },
): MemberSpec {
  const mask = wantedClasses(collection.evidenceClasses).map((each) => classes.positionOf(each) ?? -1);
  return { ...specOf(card, classes), mask };
}

/** Everything about a member except the classes that the collection chooses. A model without logits gives its features. */
export function specOf(card: ModelCard, classes: ModelClasses): Omit<MemberSpec, 'mask'> {
  return {
    name: card.name,
    backbone: backboneOf(card),
    head: { ...headOf(card), classes: card.classes === undefined ? undefined : classes.count },
  };
}

export function backboneOf(card: ModelCard): BackboneSpec {
  const { layout, type } = card.input;
  return {
    file: card.path,
    sha256: card.sha256,
    externalData: externalFilesOf(card),
    inputName: card.input.name,
    input: inputOf(card),
    format: { layout, type },
  };
}

/** Which output of the graph a card's logits come from, and the head file, if there is one. */
export function headOf({ head, outputs }: ModelCard): HeadSpec {
  if (head === undefined) return { output: outputs.logits ?? outputs.features ?? '', values: outputs.values };
  const { path, sha256, normalise, sigmoid } = head;
  return { output: outputs.features ?? '', layer: { file: path, sha256, isUnit: normalise }, isSigmoid: sigmoid };
}

export function inputOf(card: ModelCard): ModelInput {
  return {
    size: card.input.size,
    shorterSide: card.resize.shorterSide,
    isSquare: card.resize.square ?? false,
    interpolation: card.resize.interpolation,
    mean: card.normalise.mean,
    std: card.normalise.std,
  };
}

/** Checks that the members' files exist before anything is loaded. A missing model must be downloaded by the user first. */
export async function requireModelFiles(
  members: readonly Pick<MemberSpec, 'name' | 'backbone' | 'head'>[],
): Promise<void> {
  for (const { name, backbone, head } of members) {
    const pull = `\`winnow models pull ${name}\` downloads it if its card has an address, `;
    const external = (backbone.externalData ?? []).map(({ file }) => file);
    const files = [
      ...[backbone.file, ...external].map((file) => ({ what: 'file', file, code: 'model-missing', remedy: pull })),
      { what: 'head', file: head.layer?.file ?? backbone.file, code: 'head-missing', remedy: '' },
    ];
    for (const { what, file, code, remedy } of files)
      await access(file).catch((error: unknown) => {
        throw new UsageError(
          `Expected the ${what} of the model '${name}' at '${displayPath(file)}' but it cannot be read; ${remedy}\`winnow models show ${name}\` shows its card`,
          { code, cause: error },
        );
      });
  }
}

export function threadsOf(setting: number | null): number {
  return setting ?? availableParallelism();
}

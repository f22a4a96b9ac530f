import { availableParallelism } from 'node:os';
import type { Kysely } from 'kysely';
import type { Collection } from '../collection/collection.ts';
import { loadClassTable } from '../collection/class-table.process.ts';
import { cardFor } from '../collection/model-card.process.ts';
import type { ModelCard } from '../collection/model-card.ts';
import { registerClassList, registerMember } from '../evidence/evidence.repository.ts';
import { preprocessingVersion, type ModelInput } from '../evidence/member.ts';
import { UsageError } from '../kernel/errors.ts';
import type { Database } from '../platform/postgres/database.ts';
import type { MemberSpec } from './engine/messages.ts';

export interface Ensemble {
  /** Cheapest first: the schedule asks them in this order. */
  readonly members: readonly MemberSpec[];
  /** Ids of the members in the catalogue, in the same order. */
  readonly memberIds: readonly number[];
}

/** Looks the collection's members up and registers them in the catalogue. Loads no model. */
export async function openEnsemble(db: Kysely<Database>, collection: Collection): Promise<Ensemble> {
  const cards = await Promise.all(collection.ensemble.map((name) => cardFor(name)));
  const cheapestFirst = cards.toSorted((a, b) => costOf(a) - costOf(b));
  const modelClasses = (await loadClassTable()).rows.map((row) => row.wnid);
  const members = cheapestFirst.map((card) => memberOf(card, { collection, modelClasses }));
  const classListId = await registerClassList(db, collection.classes.sha256, collection.classes.wnids);
  const memberIds: number[] = [];
  for (const { name, sha256, input } of members) {
    const identity = { modelName: name, modelSha256: sha256, preprocessing: preprocessingVersion(input) };
    memberIds.push(await registerMember(db, identity, classListId));
  }
  return { members, memberIds };
}

/** Multiply-adds of a crop; a card that does not say is taken for expensive. */
function costOf(card: ModelCard): number {
  return card.costs?.multiplyAddsPerCrop ?? Number.MAX_SAFE_INTEGER;
}

function memberOf(
  card: ModelCard,
  { collection, modelClasses }: { collection: Collection; modelClasses: readonly string[] },
): MemberSpec {
  const position = new Map(modelClasses.map((wnid, i) => [wnid, i]));
  const missing = collection.classes.wnids.filter((wnid) => !position.has(wnid));
  if (missing.length > 0) {
    throw new UsageError(
      `Expected the classes of collection '${collection.name}' among those of the model '${card.name}' but it does not know ${missing.slice(0, 5).join(', ')}${missing.length > 5 ? ` and ${missing.length - 5} more` : ''}: choose another ensemble or other classes`,
      { code: 'class-unknown-to-model' },
    );
  }
  const input: ModelInput = {
    size: card.input.size,
    shorterSide: card.resize.shorterSide,
    mean: card.normalise.mean,
    std: card.normalise.std,
  };
  return {
    name: card.name,
    file: card.path,
    sha256: card.sha256,
    inputName: card.input.name,
    logitsName: card.outputs.logits,
    input,
    mask: collection.classes.wnids.map((wnid) => position.get(wnid) ?? -1),
    cost: costOf(card),
  };
}

/** One thread a processor, unless the settings say otherwise. */
export function threadsOf(setting: number | null): number {
  return setting ?? availableParallelism();
}

import { storedCollection } from '../../collection/collection.process.ts';
import {
  collectionForgotten,
  countDecisions,
  readRules,
  RULES_DIFFER,
  storeRules,
  type DecisionRules,
  type RulesToStore,
} from '../../collection/collection.repository.ts';
import type { Collection } from '../../collection/collection.ts';
import { memberCard } from '../../collection/cards/model-card.process.ts';
import { storableCard } from '../../collection/stored-card.process.ts';
import { ruleDifferences, type StoredRules } from '../../collection/stored-rules.ts';
import { displayPath } from '../../config/root.ts';
import { UsageError } from '../../kernel/errors.ts';
import { localActor } from '../../runtime/activity/local-actor.process.ts';
import { requireModelFiles, type Ensemble } from '../engine/ensemble.process.ts';
import { sharedModels } from '../engine/shared-models.process.ts';
import type { App } from '../../runtime/open/app.process.ts';

/**
 * How a command handles rules that differ from the catalogue's:
 *
 * - `follow`: it uses the catalogue's rules and warns.
 * - `work`: the same, and it counts as working on the collection, so the rules do not change while it runs.
 * - `keep`: it counts as working on the collection, and refuses a file with other rules. So do long-running workers.
 * - `change`: it changes the catalogue's rules to those of its file, unless another process works on the collection.
 */
export type RulesUse = 'follow' | 'work' | 'keep' | 'change';

export interface GivenRules extends DecisionRules {
  readonly collection: Collection;
  readonly ensemble: Ensemble;
}

/**
 * Stores the rules if the catalogue has none yet, changes them if `use` allows it, and takes the collection's work lock if the
 * process counts as working on the collection. A process that has the lock knows that the rules do not change.
 *
 * @returns the rules of the catalogue, which may still differ; null if nothing was decided before its rules are stored
 * @throws UsageError `rules-differ` if the rules must not change because other processes work on the collection
 */
export async function agreeOnRules(
  app: App,
  given: GivenRules,
  { collectionId, use }: { readonly collectionId: number; readonly use: RulesUse },
): Promise<StoredRules | null> {
  const { name } = given.collection;
  const read = async (): Promise<StoredRules> => {
    const stored = await readRules(app.db, name);
    if (stored === null) throw collectionForgotten('a command opened it');
    return stored;
  };
  let stored = await read();
  if (use === 'follow') return (await isFree(app, stored)) ? null : stored;
  if (use === 'change' && stored.decisionSha256 !== given.decisionSha256 && !(await isFree(app, stored)))
    await changeRules(app, given, collectionId);
  let decisionSha256 = given.decisionSha256;
  await app.workLocks.shareWork(collectionId, () => requireRules(app, { ...given, decisionSha256 }));
  stored = await read();
  if (stored.text === null && (stored.decisionSha256 === decisionSha256 || (await isFree(app, stored)))) {
    await storeRules(app.db, given.collection, { ...(await rulesToStore(given)), when: 'unset' });
    stored = await read();
  }
  decisionSha256 = stored.decisionSha256;
  return stored;
}

/** True if no command has worked on the collection yet. */
async function isFree({ db }: App, stored: StoredRules): Promise<boolean> {
  return stored.text === null && (await countDecisions(db, stored)) === 0;
}

async function changeRules(app: App, given: GivenRules, collectionId: number): Promise<void> {
  await app.blobs.check();
  await requireModelFiles(await sharedModels(app, given.ensemble.members));
  const { requireProvider } = await import('../../platform/onnx/providers.ts');
  await requireProvider(app.config.filter, app.log);
  let stored = await readRules(app.db, given.collection.name);
  if (stored === null) return;
  const others = await app.workLocks.aloneAtWork(collectionId, async () => {
    // The rules may have changed before this process had the lock.
    stored = (await readRules(app.db, given.collection.name)) ?? stored;
    if (stored === null || stored.decisionSha256 === given.decisionSha256) return;
    const text = await differencesText(app, stored, { given, opens: 'are' });
    await storeRules(app.db, given.collection, { ...(await rulesToStore(given)), when: 'always' });
    warnOf(app, `${text}. The catalogue now has the rules of the file.`);
  });
  if (others === null) return;
  const text = await differencesText(app, stored, { given, opens: 'would be' });
  throw rulesRefused(text, others);
}

async function rulesToStore({ collection, decisionSha256, memberIds }: GivenRules): Promise<RulesToStore> {
  const cards = await Promise.all(
    collection.ensemble.map(async (name) => [name, await storableCard(await memberCard(name, collection))] as const),
  );
  return { decisionSha256, memberIds, cards: Object.fromEntries(cards), by: localActor().who };
}

/** Ends a process whose rules changed while it had no connection to PostgreSQL. */
export async function requireRules(app: App, given: GivenRules): Promise<void> {
  const stored = await readRules(app.db, given.collection.name);
  if (stored === null || stored.decisionSha256 === given.decisionSha256) return;
  throw rulesRefused(await differencesText(app, stored, { given, opens: 'would be' }));
}

export async function differencesText(
  { db }: App,
  stored: StoredRules,
  { given, opens }: { readonly given: GivenRules; readonly opens: 'would be' | 'are' },
): Promise<string> {
  const { collection, ensemble } = given;
  const models = ensemble.identities.map(({ modelName, modelSha256, preprocessing }) => {
    return { name: modelName, sha256: modelSha256, preprocessing };
  });
  const lines = ruleDifferences(stored, { collection, models }).map(
    (rule) => `  ${rule.key}: ${rule.stored} in the catalogue, ${rule.given} here`,
  );
  const own = collection.file === null ? 'the rules that this process started with' : displayPath(collection.file);
  const since = stored.since === null ? '' : ` (since ${stored.since.toISOString()}, by ${stored.by ?? 'unknown'})`;
  const head = `${RULES_DIFFER}: the catalogue${since} has other rules for the collection '${collection.name}' than ${own}:`;
  return [head, ...lines, `${await countDecisions(db, stored)} decisions ${opens} open again`].join('\n');
}

export function warnOf({ log }: App, text: string): void {
  for (const line of text.split('\n')) log.warn(line);
}

/** `others`: the processes that work on the collection, if they are why the rules do not change. */
export function rulesRefused(text: string, others?: readonly string[]): UsageError {
  const names = [...new Set(others)].join(', ');
  const advice =
    others === undefined
      ? "Correct the file, or give only the collection's name on a machine without the file: then the catalogue's rules are used. To change the catalogue's rules, stop all processes that work on the collection and run winnow filter with this file."
      : `The rules change only while no other process discovers, fetches, filters or shortlists for the collection. At work now: ${names || 'a process that has just ended'}. Stop these processes and run the command again, or correct the file.`;
  return new UsageError(`${text}.\n${advice}`, { code: RULES_DIFFER });
}

/** The collection that the catalogue has under a name, for machines without its file. Null if it has no text of it. */
export async function collectionFromCatalogue({ db }: Pick<App, 'db'>, name: string): Promise<Collection | null> {
  const stored = await readRules(db, name);
  if (stored === null || stored.text === null) return null;
  return storedCollection(name, { text: stored.text, fileSha256: stored.fileSha256 });
}

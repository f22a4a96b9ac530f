import { sha256Of } from '../../tools/sha256.ts';
import { loadClassTable } from '../../collection/class-table.process.ts';
import { storedCollection } from '../../collection/collection.process.ts';
import { readRules, registerCollection, storeText } from '../../collection/collection.repository.ts';
import type { Collection } from '../../collection/collection.ts';
import { modulesIn, withModules } from '../../collection/source-module.ts';
import { withStoredRules, type StoredRules } from '../../collection/stored-rules.ts';
import { CANDIDATES, type DecisionScope } from './scope.ts';
import { identityText } from '../evidence/member.ts';
import { openEnsemble, type Ensemble } from '../engine/ensemble.process.ts';
import { modelPlaceOf } from '../engine/shared-models.process.ts';
import type { App } from '../../runtime/open/app.process.ts';
import {
  agreeOnRules,
  differencesText,
  rulesRefused,
  warnOf,
  type GivenRules,
  type RulesUse,
} from './rules.process.ts';

export interface Workspace {
  readonly app: App;
  readonly collection: Collection;
  readonly scope: DecisionScope;
  readonly ensemble: Ensemble;
}

/**
 * Registers the collection and its ensemble in the catalogue, and agrees with it on the rules.
 *
 * @param given the collection as its file has it; or as the catalogue has it, on a machine without the file
 * @param wanted what to do about other rules. Only a file can change them
 * @throws UsageError `rules-differ` if `wanted` does not allow other rules than those of the catalogue
 */
export async function openWorkspace(app: App, given: Collection, wanted: RulesUse = 'follow'): Promise<Workspace> {
  const file = await withStoredModules(app, given);
  const use = file.file === null && wanted === 'change' ? 'keep' : wanted;
  const own = await register(app, file, file.file === null ? await readRules(app.db, file.name) : null);
  const { collectionId, decisionSha256 } = own.scope;
  const stored = await agreeOnRules(app, givenBy(own), { collectionId, use });
  if (stored !== null && stored.decisionSha256 !== decisionSha256) return followRules(own, stored, use);
  if ((use === 'work' || use === 'change') && stored?.text !== file.text) await storeText(app.db, file, givenBy(own));
  return own;
}

/** Takes what the last crawl read in the files of the user's own sources from the catalogue. */
async function withStoredModules({ db }: App, collection: Collection): Promise<Collection> {
  if (collection.modules.every(({ name }) => name !== null)) return collection;
  const stored = await readRules(db, collection.name);
  if (stored === null || stored.text === null) return collection;
  const text = withModules(collection.text, modulesIn(stored.text));
  return { ...collection, text, modules: modulesIn(text) };
}

async function followRules(own: Workspace, stored: StoredRules, use: RulesUse): Promise<Workspace> {
  const { app, collection: file } = own;
  const text = await differencesText(app, stored, { given: givenBy(own), opens: 'would be' });
  if (use === 'keep' || use === 'change') throw rulesRefused(text);
  warnOf(
    app,
    `${text}. The catalogue's rules are used, and only their classes. winnow filter with this file changes them.`,
  );
  const followed = await register(app, await withCatalogueRules(file, stored), stored);
  return { ...followed, scope: { ...followed.scope, decisionSha256: stored.decisionSha256 } };
}

/** @param stored the catalogue's rules, if the collection has them and not those of a file */
async function register(app: App, collection: Collection, stored: StoredRules | null): Promise<Workspace> {
  const cards = stored === null ? undefined : { cards: stored.cards, fileOf: modelPlaceOf(app.dataDir) };
  const ensemble = await openEnsemble(app.db, collection, cards);
  const { memberIds } = ensemble;
  const decisionSha256 = decisionSha256Of(collection, ensemble);
  const collectionId = await registerCollection(app.db, collection, { decisionSha256, memberIds });
  return { app, collection, ensemble, scope: scopeOf(collection, { collectionId, decisionSha256 }) };
}

/** A collection of another mode has no key in common with the file. */
async function withCatalogueRules(file: Collection, stored: StoredRules): Promise<Collection> {
  const { mode, text, fileSha256 } = stored;
  if (mode !== file.mode && text !== null) return storedCollection(file.name, { text, fileSha256 });
  return withStoredRules(file, stored, await loadClassTable());
}

export function givenBy({ collection, ensemble, scope: { decisionSha256 } }: Workspace): GivenRules {
  return { collection, ensemble, decisionSha256, memberIds: ensemble.memberIds };
}

export function classNameOf({ evidenceClasses, subjects }: Collection, wnid: string): string {
  return evidenceClasses.nameByWnid.get(wnid) ?? subjects.nameOf(wnid);
}

function scopeOf(
  { mode, classes, subjects, evidenceClasses, licences }: Collection,
  ids: Pick<DecisionScope, 'collectionId' | 'decisionSha256'>,
): DecisionScope {
  const { wnids } = evidenceClasses;
  const candidates = CANDIDATES[mode]({ classes: classes.wnids, concepts: subjects.ids, among: wnids });
  return { ...ids, wnids, ...candidates, licences };
}

/** The hash under which decisions count. It covers the models' bytes and the preprocessing. */
export function decisionSha256Of(
  { rulesSha256 }: Pick<Collection, 'rulesSha256'>,
  { identities }: Pick<Ensemble, 'identities'>,
): string {
  const models = identities.map(identityText).toSorted();
  return sha256Of(JSON.stringify([rulesSha256, models]));
}

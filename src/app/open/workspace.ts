import { createHash } from 'node:crypto';
import { registerCollection } from '../../collection/collection.repository.ts';
import type { Collection } from '../../collection/collection.ts';
import type { DecisionScope } from '../../decision/scope.ts';
import { identityText } from '../../evidence/member.ts';
import { openEnsemble, type Ensemble } from '../engine/ensemble.ts';
import type { App } from './app.ts';

/** A collection in an open data folder, for commands that work on one. */
export interface Workspace {
  readonly app: App;
  readonly collection: Collection;
  readonly scope: DecisionScope;
  readonly ensemble: Ensemble;
}

/** Registers the collection and its ensemble in the catalogue. */
export async function openWorkspace(app: App, collection: Collection): Promise<Workspace> {
  const ensemble = await openEnsemble(app.db, collection);
  const { memberIds } = ensemble;
  const decisionSha256 = decisionSha256Of(collection, ensemble);
  const collectionId = await registerCollection(app.db, collection, { decisionSha256, memberIds });
  return { app, collection, ensemble, scope: scopeOf(collection, { collectionId, decisionSha256 }) };
}

/** The name of a class or concept. */
export function nameOf({ evidenceClasses, subjects }: Collection, wnid: string): string {
  return evidenceClasses.nameByWnid.get(wnid) ?? subjects.nameOf(wnid);
}

function scopeOf(
  { mode, classes, subjects, evidenceClasses, licences }: Collection,
  ids: Pick<DecisionScope, 'collectionId' | 'decisionSha256'>,
): DecisionScope {
  const { wnids } = evidenceClasses;
  const candidates = mode === 'A' ? { classes: classes.wnids } : { concepts: { only: subjects.ids, not: wnids } };
  return { ...ids, wnids, ...candidates, licences };
}

/** The hash under which decisions count. It covers the models' bytes and the preprocessing. */
export function decisionSha256Of(
  { rulesSha256 }: Pick<Collection, 'rulesSha256'>,
  { identities }: Pick<Ensemble, 'identities'>,
): string {
  const models = identities.map(identityText).toSorted();
  return createHash('sha256')
    .update(JSON.stringify([rulesSha256, models]))
    .digest('hex');
}

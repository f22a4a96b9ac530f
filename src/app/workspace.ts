import { registerCollection } from '../collection/collection.repository.ts';
import type { Collection } from '../collection/collection.ts';
import type { DecisionScope } from '../decision/scope.ts';
import type { App } from './app.ts';
import { openEnsemble, type Ensemble } from './ensemble.ts';

/** A collection on a data folder: what every command that works on one needs. */
export interface Workspace {
  readonly app: App;
  readonly collection: Collection;
  readonly scope: DecisionScope;
  readonly ensemble: Ensemble;
}

/** Registers the collection and its ensemble in the catalogue. */
export async function openWorkspace(app: App, collection: Collection): Promise<Workspace> {
  const ensemble = await openEnsemble(app.db, collection);
  const collectionId = await registerCollection(app.db, collection);
  const { classes, licences, decisionSha256 } = collection;
  return { app, collection, ensemble, scope: { collectionId, decisionSha256, wnids: classes.wnids, licences } };
}

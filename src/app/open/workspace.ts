import { createHash } from 'node:crypto';
import { registerCollection } from '../../collection/collection.repository.ts';
import type { Collection } from '../../collection/collection.ts';
import type { DecisionScope } from '../../decision/scope.ts';
import { identityText } from '../../evidence/member.ts';
import type { ExecutionProvider } from '../../kernel/execution-provider.ts';
import { openEnsemble, type Ensemble } from '../engine/ensemble.ts';
import type { App } from './app.ts';

/** A collection on a data folder: what every command that works on one needs. */
export interface Workspace {
  readonly app: App;
  readonly collection: Collection;
  readonly scope: DecisionScope;
  readonly ensemble: Ensemble;
}

/** Registers the collection and its ensemble in the catalogue. If the wanted execution provider is not there, says so. */
export async function openWorkspace(app: App, collection: Collection): Promise<Workspace> {
  const ensemble = await openEnsemble(app.db, collection, await effectiveProvider(app));
  const { memberIds } = ensemble;
  const decisionSha256 = decisionSha256Of(collection, ensemble);
  const collectionId = await registerCollection(app.db, collection, { decisionSha256, memberIds });
  return { app, collection, ensemble, scope: scopeOf(collection, { collectionId, decisionSha256 }) };
}

/** Where models run here: the evidence and the decisions of another provider do not count. */
async function effectiveProvider({ config, log }: App): Promise<ExecutionProvider> {
  const wanted = config.filter.executionProvider;
  if (wanted === 'cpu') return wanted;
  // Loads ONNX Runtime, which most commands do without.
  const { availableProvider } = await import('../../platform/onnx/providers.ts');
  const { provider, problem } = await availableProvider(wanted);
  if (problem !== null) log.warn(`${problem}; what was decided with '${wanted}' does not count on this machine`);
  return provider;
}

/** The name of a class that the models choose among, or of a concept. */
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

/** Decisions count only for the models' bytes, the preprocessing and the execution provider that they were made with. */
export function decisionSha256Of(
  { rulesSha256 }: Pick<Collection, 'rulesSha256'>,
  { identities }: Pick<Ensemble, 'identities'>,
): string {
  const models = identities.map(identityText).toSorted();
  return createHash('sha256')
    .update(JSON.stringify([rulesSha256, models]))
    .digest('hex');
}

import { createHash } from 'node:crypto';
import { registerCollection } from '../../collection/collection.repository.ts';
import type { Collection } from '../../collection/collection.ts';
import type { DecisionScope } from '../../decision/scope.ts';
import { identityText } from '../../evidence/member.ts';
import type { ExecutionProvider } from '../../kernel/execution-provider.ts';
import { openEnsemble, type Ensemble } from '../engine/ensemble.ts';
import type { App } from './app.ts';

/** A collection in an open data folder, for commands that work on one. */
export interface Workspace {
  readonly app: App;
  readonly collection: Collection;
  readonly scope: DecisionScope;
  readonly ensemble: Ensemble;
}

/** Registers the collection and its ensemble in the catalogue. Warns if the wanted execution provider is not available. */
export async function openWorkspace(app: App, collection: Collection): Promise<Workspace> {
  const ensemble = await openEnsemble(app.db, collection, await effectiveProvider(app));
  const { memberIds } = ensemble;
  const decisionSha256 = decisionSha256Of(collection, ensemble);
  const collectionId = await registerCollection(app.db, collection, { decisionSha256, memberIds });
  return { app, collection, ensemble, scope: scopeOf(collection, { collectionId, decisionSha256 }) };
}

/** The execution provider that models use here. Evidence and decisions of other providers do not count. */
async function effectiveProvider({ config, log }: App): Promise<ExecutionProvider> {
  const wanted = config.filter.executionProvider;
  if (wanted === 'cpu') return wanted;
  // This loads ONNX Runtime, which most commands do not need.
  const { availableProvider } = await import('../../platform/onnx/providers.ts');
  const { provider, problem } = await availableProvider(wanted);
  if (problem !== null) log.warn(`${problem}; decisions made with '${wanted}' do not count on this machine`);
  return provider;
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

/** The hash under which decisions count. It covers the models' bytes, the preprocessing and the execution provider. */
export function decisionSha256Of(
  { rulesSha256 }: Pick<Collection, 'rulesSha256'>,
  { identities }: Pick<Ensemble, 'identities'>,
): string {
  const models = identities.map(identityText).toSorted();
  return createHash('sha256')
    .update(JSON.stringify([rulesSha256, models]))
    .digest('hex');
}

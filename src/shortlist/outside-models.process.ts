import { CENTRE_CROP } from '../models/evidence/evidence.ts';
import { messageOf, RetryLater, StopTheRun, UsageError } from '../kernel/errors.ts';
import { listedWithoutEvidence } from './outside-evidence.repository.ts';
import type { Workspace } from '../models/workspace/workspace.process.ts';
import { lookAt, openOutsideModel } from './outside-model.process.ts';

export interface OutsideModelsOptions {
  readonly signal: AbortSignal;
  readonly onProgress: (progress: { readonly model: string; readonly done: number; readonly total: number }) => void;
}

/**
 * Lets the models of `review.outsideModels` look at the centre crops of listed photos, and stores what they say as evidence, for
 * reviewers. No decision reads it: these models are not in the ensemble. A model that cannot be used is a warning.
 */
export async function runOutsideModels(workspace: Workspace, options: OutsideModelsOptions): Promise<void> {
  const { app, collection } = workspace;
  for (const name of app.config.review.outsideModels) {
    if (collection.ensemble.includes(name)) continue;
    try {
      await runOutsideModel(workspace, name, options);
    } catch (error) {
      if (!(error instanceof UsageError || error instanceof StopTheRun || error instanceof RetryLater)) throw error;
      app.log.warn(
        { model: name, reason: messageOf(error) },
        'reviewers do not see what a model of review.outsideModels says: repair it, or take it out of the setting',
      );
    }
  }
}

async function runOutsideModel(
  workspace: Workspace,
  name: string,
  { signal, onProgress }: OutsideModelsOptions,
): Promise<void> {
  const { app, scope } = workspace;
  const model = await openOutsideModel(workspace, name);
  if (model === 'member') return;
  if ('unknown' in model) {
    const why =
      'a model of review.outsideModels does not know all classes of the collection, so reviewers do not see what it says';
    app.log.info({ model: name, unknown: model.unknown.length, first: model.unknown[0] }, why);
    return;
  }
  const photos = await listedWithoutEvidence(app.db, scope.collectionId, {
    memberId: model.memberId,
    crop: CENTRE_CROP,
  });
  const onDone = (done: number): void => onProgress({ model: name, done, total: photos.length });
  await lookAt(workspace, model, { photos, crops: [CENTRE_CROP], signal, onDone });
}

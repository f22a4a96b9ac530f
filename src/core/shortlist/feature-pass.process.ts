import { inBatches } from '../kernel/batches.ts';
import { cardFor } from '../collection/cards/model-card.process.ts';
import type { ModelCard } from '../collection/cards/model-card.ts';
import { CENTRE_CROP } from '../models/evidence/evidence.ts';
import { registerBackbone, storeFeatures, withoutFeatures } from '../models/evidence/feature.repository.ts';
import { storedFeature, type StoredFeature } from '../models/evidence/feature.ts';
import { preprocessingVersion } from '../models/evidence/member.ts';
import { LOST_BYTES_CURE } from '../kernel/blobs.ts';
import { UsageError } from '../kernel/errors.ts';
import type { Sha256 } from '../kernel/ids.ts';
import { keptPhotos } from './shortlist.repository.ts';
import { backboneOf, threadsOf } from '../models/engine/ensemble.process.ts';
import { modelBroken, PHOTOS_OF_UNKNOWN } from '../filter/engine/model-health.ts';
import { runBackbone, type PhotoOutputs } from '../filter/engine/run-backbone.process.ts';
import type { App } from '../runtime/open/app.process.ts';
import type { Workspace } from '../models/workspace/workspace.process.ts';

export interface FeaturePassOptions {
  readonly signal: AbortSignal;
  readonly onProgress: (progress: { readonly done: number; readonly total: number }) => void;
}

const PHOTOS_AT_ONCE = 8;

/**
 * The centre crop through the first member that gives features. Returns the id of the backbone.
 *
 * @throws UsageError if no member gives features; StopTheRun if the features of none of the first photos are finite;
 * Interrupted, and then the features computed so far are stored
 */
export async function computeFeatures(workspace: Workspace, options: FeaturePassOptions): Promise<number> {
  const card = await featureCardOf(workspace);
  const kept = (await keptPhotos(workspace.app.db, workspace.scope)).map(({ sha256 }) => sha256);
  return computeFeaturesOf(workspace, { card, photos: [...new Set(kept)] }, options);
}

/** There are few of them, so it may start fewer threads than the filter. The wanted card names features. */
async function computeFeaturesOf(
  { app }: Workspace,
  wanted: { readonly card: ModelCard; readonly photos: readonly Sha256[] },
  options: FeaturePassOptions,
): Promise<number> {
  const { card } = wanted;
  const backboneId = await backboneIdOf(app.db, card);
  const lacking = await withoutFeatures(app.db, backboneId, wanted.photos);
  const photos = wanted.photos.filter((sha256) => lacking.has(sha256));
  if (photos.length === 0) return backboneId;
  // If other photos have features, the model is not to blame, even if many photos have none.
  const featuresOf = featureReader(app.log, { model: card.name, isSound: lacking.size < wanted.photos.length });
  const { threads, batchCrops } = app.config.filter;
  const run = runBackbone({
    card,
    outputs: ['features'],
    photos,
    crops: [CENTRE_CROP],
    blobs: app.blobPlace,
    threads: Math.min(threadsOf(threads), Math.ceil(photos.length / PHOTOS_AT_ONCE)),
    cropsPerPass: batchCrops,
    signal: options.signal,
  });
  let done = 0;
  for await (const batch of inBatches(run, PHOTOS_AT_ONCE)) {
    await storeFeatures(app.db, backboneId, featuresOf(batch));
    done += batch.length;
    options.onProgress({ done, total: photos.length });
  }
  return backboneId;
}

function backboneIdOf(db: App['db'], card: ModelCard): Promise<number> {
  const preprocessing = preprocessingVersion(backboneOf(card).input);
  const identity = { modelName: card.name, modelSha256: card.sha256, preprocessing };
  return registerBackbone(db, identity, card.outputs.features ?? '');
}

async function featureCardOf({ collection }: Workspace): Promise<ModelCard> {
  for (const name of collection.ensemble) {
    const card = await cardFor(name);
    if (card.outputs.features !== undefined) return card;
  }
  throw new UsageError(
    `Expected a model with the output 'features' in the ensemble of '${collection.name}' for policy.nearDuplicateCosine but none of ${collection.ensemble.join(', ')} has one: choose another model, or null`,
    { code: 'no-features' },
  );
}

/** Warns about photos that have no features. Throws StopTheRun `model-output` if no photo has any, because of the model. */
function featureReader(
  log: App['log'],
  { model, isSound }: { readonly model: string; readonly isSound: boolean },
): (batch: readonly PhotoOutputs[]) => ReadonlyMap<Sha256, StoredFeature> {
  let isProven = isSound;
  let notFinite = 0;
  const giveUpOn = (sha256: Sha256, problem: NonNullable<PhotoOutputs['problem']>): void => {
    if (problem.kind !== 'not-finite') {
      const cure = problem.kind === 'absent' ? `; ${LOST_BYTES_CURE}` : '';
      log.warn({ sha256, reason: problem.detail }, `a kept photo has no features: its bytes cannot be read${cure}`);
      return;
    }
    const detail = `its features are not finite on crop ${problem.crop} (${problem.said})`;
    notFinite += 1;
    if (!isProven && notFinite >= PHOTOS_OF_UNKNOWN)
      throw modelBroken({ name: model, photos: notFinite, sha256, detail });
    log.warn({ sha256, model, reason: detail }, 'a kept photo has no features');
  };
  return (batch) => {
    // The whole batch counts before any photo is given up: one photo with features shows that the model is not to blame.
    isProven ||= batch.some(({ problem }) => problem === null);
    const features = new Map<Sha256, StoredFeature>();
    for (const { sha256, ...given } of batch) {
      if (given.problem !== null) giveUpOn(sha256, given.problem);
      else if (given.crops[0]?.features !== undefined) features.set(sha256, storedFeature(given.crops[0].features));
    }
    return features;
  };
}

import { inBatches } from '../kernel/batches.ts';
import type { Sha256 } from '../kernel/ids.ts';
import { CENTRE_CROP, noCrops, ranOn, summariseCrop, type CropEvidence } from '../models/evidence/evidence.ts';
import { messageOf, RetryLater, StopTheRun, UsageError } from '../kernel/errors.ts';
import { listedWithoutEvidence, type ListedSubject } from './shortlist.repository.ts';
import type { Workspace } from '../models/workspace/workspace.process.ts';
import { loadClassTable } from '../collection/class-table.process.ts';
import { cardFor, classesOfCard, requireLogits } from '../collection/cards/model-card.process.ts';
import type { ModelCard } from '../collection/cards/model-card.ts';
import { unknownClasses, wantedClasses, type ModelClasses } from '../collection/cards/model-classes.ts';
import { registerClassList, registerMember, storeEvidence } from '../models/evidence/evidence.repository.ts';
import type { ExecutionProvider } from '../kernel/execution-provider.ts';
import { memberOf, preprocessingOf, requireModelFiles, threadsOf } from '../models/engine/ensemble.process.ts';
import type { MemberSpec } from '../models/engine/spec.ts';
import { runBackbone, type PhotoOutputs } from '../filter/engine/run-backbone.process.ts';

export interface OutsideModelsOptions {
  readonly signal: AbortSignal;
  readonly onProgress: (progress: { readonly model: string; readonly done: number; readonly total: number }) => void;
}

/** For reviewers. No decision reads what these models say. A model that cannot be used is a warning. */
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
  if (photos.length > 0) onDone(0);
  await lookAt(workspace, model, { photos, crops: [CENTRE_CROP], signal, onDone });
}

const PHOTOS_AT_ONCE = 8;

export interface OutsideModel {
  readonly card: ModelCard;
  readonly classes: ModelClasses;
  readonly member: MemberSpec;
  readonly memberId: number;
}

/** Returns `member` if it is in the ensemble under another name, or the collection's classes that it does not know. @throws as `cardFor` */
export async function openOutsideModel(
  { app, collection, ensemble }: Workspace,
  name: string,
): Promise<OutsideModel | 'member' | { readonly unknown: readonly string[] }> {
  const card = await cardFor(name);
  requireLogits(card);
  const classes = await classesOfCard(card, await loadClassTable());
  const preprocessing = preprocessingOf(card, classes);
  const isSame = (one: { readonly modelSha256: string; readonly preprocessing: string }): boolean =>
    one.modelSha256 === card.sha256 && one.preprocessing === preprocessing;
  if (ensemble.identities.some(isSame)) return 'member';
  const { evidenceClasses } = collection;
  const unknown = unknownClasses(classes, wantedClasses(evidenceClasses));
  if (unknown.length > 0) return { unknown };
  const identity = { modelName: name, modelSha256: card.sha256, preprocessing, executionProvider: 'cpu' } as const;
  const classListId = await registerClassList(app.db, evidenceClasses.sha256, evidenceClasses.wnids);
  const memberId = await registerMember(app.db, identity, classListId);
  return { card, classes, member: memberOf(card, { collection, classes }), memberId };
}

interface Look {
  readonly photos: readonly ListedSubject[];
  /** 0..9 in TenCrop order. */
  readonly crops: readonly number[];
  readonly signal: AbortSignal;
  readonly onDone: (done: number) => void;
}

/**
 * Only the centre crop keeps its logits. A photo without finite numbers is a warning and has no evidence of the model.
 *
 * @throws UsageError `model-missing`; StopTheRun if the model cannot be loaded; Interrupted, and then the evidence so far is
 * stored
 */
export async function lookAt(workspace: Workspace, model: OutsideModel, look: Look): Promise<void> {
  const { app } = workspace;
  const { photos, crops, signal, onDone } = look;
  if (photos.length === 0) return;
  await requireModelFiles([model.member]);
  const bySha256 = new Map(photos.map((photo) => [photo.sha256, photo]));
  const { threads, batchCrops } = app.config.filter;
  const { requireProvider } = await import('../platform/onnx/providers.ts');
  const provider = await requireProvider(app.config.filter, app.log);
  const run = runBackbone({
    card: model.card,
    outputs: ['logits'],
    photos: bySha256.keys(),
    crops,
    blobs: app.blobPlace,
    threads: Math.min(threadsOf(threads), Math.ceil(photos.length / PHOTOS_AT_ONCE)),
    cropsPerPass: batchCrops,
    provider,
    signal,
  });
  let done = 0;
  for await (const batch of inBatches(run, PHOTOS_AT_ONCE)) {
    await store(workspace, batch, { ...model, provider, bySha256 });
    done += batch.length;
    onDone(done);
  }
}

async function store(
  { app, scope }: Workspace,
  batch: readonly PhotoOutputs[],
  {
    member,
    memberId,
    provider,
    bySha256,
  }: OutsideModel & { provider: ExecutionProvider; bySha256: ReadonlyMap<Sha256, ListedSubject> },
): Promise<void> {
  const entries = batch.flatMap((outputs) => {
    const photo = bySha256.get(outputs.sha256);
    if (photo === undefined) return [];
    if (outputs.problem !== null) {
      const reason = outputs.problem.kind === 'not-finite' ? outputs.problem.said : outputs.problem.detail;
      app.log.warn({ sha256: photo.sha256, model: member.name, reason }, 'a model could not look at a photo');
      return [];
    }
    const truths = photo.wnids.map((wnid) => scope.wnids.indexOf(wnid)).filter((position) => position !== -1);
    const cells = noCrops();
    for (const { crop, logits } of outputs.crops) cells[crop] = cellOf(logits, member, truths);
    const centre = noCrops();
    [centre[CENTRE_CROP], cells[CENTRE_CROP]] = [cells[CENTRE_CROP] ?? null, null];
    return [
      { photoId: photo.photoId, evidence: ranOn(provider, [centre]), withLogits: true },
      { photoId: photo.photoId, evidence: ranOn(provider, [cells]), withLogits: false },
    ];
  });
  await app.db.transaction().execute((trx) => storeEvidence(trx, entries, [memberId]));
}

function cellOf(logits: Float32Array | undefined, { mask, head }: MemberSpec, truths: readonly number[]): CropEvidence {
  return summariseCrop(
    Float32Array.from(mask, (position) => logits?.[position] ?? Number.NaN),
    truths,
    head.isSigmoid,
  );
}

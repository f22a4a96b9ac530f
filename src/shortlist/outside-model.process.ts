import { loadClassTable } from '../collection/class-table.process.ts';
import { cardFor, classesOfCard } from '../collection/cards/model-card.process.ts';
import type { ModelCard } from '../collection/cards/model-card.ts';
import { unknownClasses, wantedClasses, type ModelClasses } from '../collection/cards/model-classes.ts';
import { registerClassList, registerMember, storeEvidence } from '../models/evidence/evidence.repository.ts';
import { CENTRE_CROP, noCrops, ranOn, summariseCrop, type CropEvidence } from '../models/evidence/evidence.ts';
import type { ExecutionProvider } from '../kernel/execution-provider.ts';
import type { ListedSubject } from './outside-evidence.repository.ts';
import { memberOf, preprocessingOf, requireModelFiles, threadsOf } from '../models/engine/ensemble.process.ts';
import type { MemberSpec } from '../models/engine/spec.ts';
import { runBackbone, type PhotoOutputs } from '../filter/engine/run-backbone.process.ts';
import type { Workspace } from '../models/workspace/workspace.process.ts';

const PHOTOS_AT_ONCE = 8;

/** A model that is not in the ensemble of a collection and knows all its classes. */
export interface OutsideModel {
  readonly card: ModelCard;
  readonly classes: ModelClasses;
  readonly member: MemberSpec;
  readonly memberId: number;
}

/** Returns `member` if it is in the ensemble under another name, or the collection's classes that it does not know. */
export async function openOutsideModel(
  { app, collection, ensemble }: Workspace,
  name: string,
): Promise<OutsideModel | 'member' | { readonly unknown: readonly string[] }> {
  const card = await cardFor(name);
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

export interface Look {
  readonly photos: readonly ListedSubject[];
  /** 0..9 in TenCrop order. */
  readonly crops: readonly number[];
  readonly signal: AbortSignal;
  readonly onDone: (done: number) => void;
}

/**
 * Lets a model look at crops of photos, and stores what it says as evidence. Of the crops only the centre keeps its logits. A
 * photo that cannot be read, or for which the model gives no finite numbers, is a warning and has no evidence of it.
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
  let batch: Seen[] = [];
  let done = 0;
  const storeBatch = async (): Promise<void> => {
    await store(workspace, batch, { ...model, provider });
    done += batch.length;
    batch = [];
    onDone(done);
  };
  for await (const outputs of run) {
    const photo = bySha256.get(outputs.sha256);
    if (photo !== undefined) batch.push({ photo, outputs });
    if (batch.length === PHOTOS_AT_ONCE) await storeBatch();
  }
  if (batch.length > 0) await storeBatch();
}

interface Seen {
  readonly photo: ListedSubject;
  readonly outputs: PhotoOutputs;
}

async function store(
  { app, scope }: Workspace,
  batch: readonly Seen[],
  { member, memberId, provider }: OutsideModel & { readonly provider: ExecutionProvider },
): Promise<void> {
  const entries = batch.flatMap(({ photo, outputs }) => {
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

function cellOf(logits: Float32Array | undefined, { mask }: MemberSpec, truths: readonly number[]): CropEvidence {
  return summariseCrop(
    Float32Array.from(mask, (position) => logits?.[position] ?? Number.NaN),
    truths,
  );
}

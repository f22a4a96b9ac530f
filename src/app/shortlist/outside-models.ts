import { loadClassTable } from '../../collection/class-table.process.ts';
import { cardFor, classesOfCard, type FoundCard } from '../../collection/model-card.process.ts';
import { unknownClasses, wantedClasses } from '../../collection/model-classes.ts';
import { registerClassList, registerMember, storeEvidence } from '../../evidence/evidence.repository.ts';
import { noCrops, summariseCrop } from '../../evidence/evidence.ts';
import { messageOf, RetryLater, StopTheRun, UsageError } from '../../kernel/errors.ts';
import { listedWithoutEvidence, type ListedSubject } from '../../shortlist/outside-evidence.repository.ts';
import { memberOf, preprocessingOf, requireModelFiles, threadsOf } from '../engine/ensemble.ts';
import type { MemberSpec } from '../engine/messages.ts';
import { runBackbone, type PhotoOutputs } from '../engine/run-backbone.ts';
import type { Workspace } from '../open/workspace.ts';

const CENTRE = 4;
/** Photos whose evidence is stored in one statement. */
const PHOTOS_AT_ONCE = 8;

export interface OutsideModelsOptions {
  readonly signal: AbortSignal;
  readonly onProgress: (progress: { readonly model: string; readonly done: number; readonly total: number }) => void;
}

/**
 * Lets the models of `review.outsideModels` look at the centre crops of listed photos, and stores what they say as evidence, for
 * reviewers. No decision reads it: these models are not in the ensemble. A model that cannot be used is a warning.
 *
 * @throws Interrupted, and then the evidence so far is stored
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

async function runOutsideModel(workspace: Workspace, name: string, options: OutsideModelsOptions): Promise<void> {
  const { app, scope } = workspace;
  const model = await openModel(workspace, name);
  if (model === null) return;
  const { card, member, memberId } = model;
  const photos = await listedWithoutEvidence(app.db, scope.collectionId, { memberId, crop: CENTRE });
  if (photos.length === 0) return;
  await requireModelFiles([member]);
  const bySha256 = new Map(photos.map((photo) => [photo.sha256, photo]));
  const { threads, batchCrops } = app.config.filter;
  const run = runBackbone({
    card,
    outputs: ['logits'],
    photos: bySha256.keys(),
    crops: [CENTRE],
    blobs: app.blobPlace,
    threads: Math.min(threadsOf(threads), Math.ceil(photos.length / PHOTOS_AT_ONCE)),
    cropsPerPass: batchCrops,
    provider: workspace.ensemble.provider,
    signal: options.signal,
  });
  let batch: Seen[] = [];
  let done = 0;
  const storeBatch = async (): Promise<void> => {
    await store(workspace, batch, { member, memberId });
    done += batch.length;
    batch = [];
    options.onProgress({ model: name, done, total: photos.length });
  };
  for await (const outputs of run) {
    const photo = bySha256.get(outputs.sha256);
    if (photo !== undefined) batch.push({ photo, outputs });
    if (batch.length === PHOTOS_AT_ONCE) await storeBatch();
  }
  if (batch.length > 0) await storeBatch();
}

/**
 * Null if it is a member of the ensemble under another name, or does not know all classes of the collection.
 *
 * @throws UsageError if the card is absent or wrong
 */
async function openModel(
  { app, collection, ensemble }: Workspace,
  name: string,
): Promise<{ readonly card: FoundCard; readonly member: MemberSpec; readonly memberId: number } | null> {
  const card = await cardFor(name);
  const classes = await classesOfCard(card, await loadClassTable());
  const preprocessing = preprocessingOf(card, classes);
  const isSame = (one: { readonly modelSha256: string; readonly preprocessing: string }): boolean =>
    one.modelSha256 === card.sha256 && one.preprocessing === preprocessing;
  if (ensemble.identities.some(isSame)) return null;
  const { evidenceClasses } = collection;
  const unknown = unknownClasses(classes, wantedClasses(evidenceClasses));
  if (unknown.length > 0) {
    const why =
      'a model of review.outsideModels does not know all classes of the collection, so reviewers do not see what it says';
    app.log.info({ model: name, unknown: unknown.length, first: unknown[0] }, why);
    return null;
  }
  const identity = {
    modelName: name,
    modelSha256: card.sha256,
    preprocessing,
    executionProvider: ensemble.provider,
  };
  const classListId = await registerClassList(app.db, evidenceClasses.sha256, evidenceClasses.wnids);
  const memberId = await registerMember(app.db, identity, classListId);
  return { card, member: memberOf(card, { collection, classes }), memberId };
}

interface Seen {
  readonly photo: ListedSubject;
  readonly outputs: PhotoOutputs;
}

/** A photo that cannot be read, or for which the model gives no finite numbers, has no evidence of it. */
async function store(
  { app, scope }: Workspace,
  batch: readonly Seen[],
  { member, memberId }: { readonly member: MemberSpec; readonly memberId: number },
): Promise<void> {
  const entries = batch.flatMap(({ photo, outputs }) => {
    if (outputs.problem !== null) {
      const reason = outputs.problem.kind === 'not-finite' ? outputs.problem.said : outputs.problem.detail;
      app.log.warn({ sha256: photo.sha256, model: member.name, reason }, 'a model could not look at a listed photo');
      return [];
    }
    const logits = outputs.crops[0]?.logits;
    const truths = photo.wnids.map((wnid) => scope.wnids.indexOf(wnid)).filter((position) => position !== -1);
    const cells = noCrops();
    cells[CENTRE] = summariseCrop(
      Float32Array.from(member.mask, (position) => logits?.[position] ?? Number.NaN),
      truths,
    );
    return [{ photoId: photo.photoId, evidence: [cells], withLogits: true }];
  });
  await app.db.transaction().execute((trx) => storeEvidence(trx, entries, [memberId]));
}

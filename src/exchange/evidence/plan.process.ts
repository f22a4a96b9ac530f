import { writeFile } from 'node:fs/promises';
import path from 'node:path';
import { throwIfInterrupted } from '../../core/kernel/errors.ts';
import { inBatches } from '../../core/kernel/batches.ts';
import { CROPS_PER_MEMBER, type PhotoEvidence } from '../../core/models/evidence/evidence.ts';
import { findRelatedMembers, readKnown } from '../../core/models/evidence/related-members.repository.ts';
import { requireModelFiles } from '../../core/models/engine/ensemble.process.ts';
import { sharedModels } from '../../core/models/engine/shared-models.process.ts';
import type { Workspace } from '../../core/models/workspace/workspace.process.ts';
import { cropsToEvaluate } from '../../core/filter/rule/crops-to-evaluate.ts';
import type { PhotoToDecide } from '../../core/filter/rule/decision.ts';
import { filterPolicy } from '../../core/filter/rule/policy.ts';
import { statesOfPhotos } from '../../core/filter/run/decision.repository.ts';
import { undecidedPhotoIds } from '../../core/filter/run/photo-tally.repository.ts';
import { withTruths } from '../../core/filter/run/evaluate-batch.process.ts';
import { PLAN_FILE, withId, type Plan, type PlannedPhoto } from './format.ts';
import { writeFolder, writeShard } from './evidence-folder.process.ts';
import { plannedMembers } from './recipe.process.ts';

export interface EvidencePlanOptions {
  readonly out: string;
  readonly shardRows: number;
  readonly signal: AbortSignal;
  readonly onProgress?: (photos: number) => void;
}

/** Writes the undecided photos that the filter would run models for, and how to run them. */
export async function planEvidence(
  workspace: Workspace,
  { out, shardRows, signal, onProgress }: EvidencePlanOptions,
): Promise<Plan> {
  const head = await planHead(workspace);
  return writeFolder(out, async (folder) => {
    const shards: Plan['shards'][number][] = [];
    let photos = 0;
    for await (const shard of inBatches(openWork(workspace), shardRows)) {
      throwIfInterrupted(signal);
      shards.push(await writeShard(folder, shards.length, shard));
      photos += shard.length;
      onProgress?.(photos);
    }
    return writeEvidencePlan(folder, { ...head, photos, shards });
  });
}

export async function writeEvidencePlan(folder: string, parts: Omit<Plan, 'id'>): Promise<Plan> {
  const plan = withId(parts);
  await writeFile(path.join(folder, PLAN_FILE), `${JSON.stringify(plan, null, 1)}\n`);
  return plan;
}

/** The plan without its photos. @throws UsageError, StopTheRun if a model's file is missing or has other bytes */
export async function planHead({
  app,
  scope,
  ensemble,
  collection,
}: Workspace): Promise<Omit<Plan, 'id' | 'photos' | 'shards'>> {
  const members = await sharedModels(app, ensemble.members);
  await requireModelFiles(members);
  const { blobPlace } = app;
  const s3 = blobPlace.kind === 's3' ? blobPlace : null;
  return {
    format: 1,
    collection: collection.name,
    rules: scope.decisionSha256,
    s3: s3 && { endpoint: s3.endpoint, region: s3.region, pathStyle: s3.pathStyle },
    members: await plannedMembers(ensemble, members, scope.wnids),
  };
}

export function plannedPhoto(
  { app, ensemble }: Pick<Workspace, 'app' | 'ensemble'>,
  { sha256, wnids }: Pick<PhotoToDecide, 'sha256' | 'wnids'>,
  isPlanned: (member: number) => boolean,
): PlannedPhoto {
  const place = app.blobs.placeOf(sha256);
  const address = app.blobPlace.kind === 'folder' ? path.resolve(place) : place;
  const members = ensemble.members.filter((_, i) => isPlanned(i)).map(({ name }) => name);
  return { sha256, address, wnids, members };
}

const PHOTOS_AT_ONCE = 1_000;

async function* openWork(workspace: Workspace): AsyncGenerator<PlannedPhoto> {
  const { app, scope, ensemble, collection } = workspace;
  const { memberIds } = ensemble;
  const related = await findRelatedMembers(app.db, memberIds);
  const policies = [filterPolicy(collection)];
  let after = 0;
  for (;;) {
    const ids = await undecidedPhotoIds(app.db, scope, { after, limit: PHOTOS_AT_ONCE });
    const photos = await statesOfPhotos(app.db, scope, ids);
    const asked = photos.map((photo) => withTruths(photo, scope));
    const known = await readKnown(app.db, asked, { memberIds, related });
    for (const [i, photo] of photos.entries()) {
      const evidence = known.get(photo.photoId)?.evidence ?? [];
      const missing = cropsToEvaluate({ truths: asked[i]?.truths ?? [], evidence }, { policies, evaluate: 'needed' });
      // The filter decides the others from what is stored.
      if (missing.length > 0) yield plannedPhoto(workspace, photo, (member) => !isWhole(evidence[member]));
    }
    const last = ids.at(-1);
    if (last === undefined) return;
    after = last;
  }
}

/** True if the logits of all crops of a member are known. */
function isWhole(cells: PhotoEvidence[number] = []): boolean {
  return cells.length === CROPS_PER_MEMBER && cells.every((cell) => (cell?.logits ?? null) !== null);
}

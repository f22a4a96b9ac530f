import { writeFile } from 'node:fs/promises';
import path from 'node:path';
import { inBatches } from '../../core/kernel/batches.ts';
import { throwIfInterrupted } from '../../core/kernel/errors.ts';
import { evaluatedPhotoIds, readLogits } from '../../core/models/evidence/evidence.repository.ts';
import type { Workspace } from '../../core/models/workspace/workspace.process.ts';
import { ParquetFile } from '../../core/platform/parquet/write-parquet.ts';
import { statesOfPhotos } from '../../core/filter/run/decision.repository.ts';
import { writeFolder, writeShard } from './evidence-folder.process.ts';
import {
  partName,
  RESULT_COLUMNS,
  RESULT_SCHEMA,
  SUMS_FILE,
  type Plan,
  type PlannedPhoto,
  type ResultRow,
} from './format.ts';
import { planHead, plannedPhoto, writeEvidencePlan, type EvidencePlanOptions } from './plan.process.ts';

interface StoredPhoto extends PlannedPhoto {
  readonly photoId: number;
}

export interface ExportedEvidence {
  readonly plan: Plan;
  readonly crops: number;
  /** Photos with evidence, but from no model the logits of all ten crops. They are not written. */
  readonly withoutLogits: number;
}

/** Writes a plan of the photos for which a member has the logits of all crops, and these as its results. */
export async function exportEvidence(
  workspace: Workspace,
  { out, shardRows, signal, onProgress }: EvidencePlanOptions,
): Promise<ExportedEvidence> {
  const head = await planHead(workspace);
  return writeFolder(out, async (folder) => {
    const shards: Plan['shards'][number][] = [];
    const idsOfShards: number[][] = [];
    let [photos, withoutLogits] = [0, 0];
    const stored = storedPhotos(workspace, () => (withoutLogits += 1));
    for await (const shard of inBatches(stored, shardRows)) {
      throwIfInterrupted(signal);
      shards.push(await writeShard(folder, shards.length, shard));
      idsOfShards.push(shard.map(({ photoId }) => photoId));
      photos += shard.length;
    }
    // Rows have the id of the plan, so the plan is complete before the first of them.
    const plan = await writeEvidencePlan(folder, { ...head, photos, shards });
    let [sums, crops, done] = ['', 0, 0];
    for (const [i, ids] of idsOfShards.entries()) {
      const part = await writeResults(workspace, {
        file: path.join(folder, partName(i)),
        planId: plan.id,
        ids,
        signal,
      });
      sums += `${part.sha256}  ${partName(i)}\n`;
      crops += part.crops;
      done += ids.length;
      onProgress?.(done);
    }
    await writeFile(path.join(folder, SUMS_FILE), sums);
    return { plan, crops, withoutLogits };
  });
}

const PHOTOS_AT_ONCE = 50;

/** @param onLeftOut called for each photo that has evidence but is not written */
async function* storedPhotos(workspace: Workspace, onLeftOut: () => void): AsyncGenerator<StoredPhoto> {
  const { app, scope, ensemble } = workspace;
  const members = ensemble.memberIds;
  let after = 0;
  for (;;) {
    const ids = await evaluatedPhotoIds(app.db, members, { after, limit: PHOTOS_AT_ONCE });
    const logits = await readLogits(app.db, ids, { members, classes: scope.wnids.length });
    for (const photo of await statesOfPhotos(app.db, scope, ids)) {
      const known = logits.get(photo.photoId) ?? [];
      const planned = plannedPhoto(workspace, photo, (member) => (known[member] ?? null) !== null);
      if (planned.members.length > 0) yield { ...planned, photoId: photo.photoId };
      else onLeftOut();
    }
    const last = ids.at(-1);
    if (last === undefined) return;
    after = last;
  }
}

interface Results {
  readonly file: string;
  readonly planId: string;
  readonly ids: readonly number[];
  readonly signal: AbortSignal;
}

async function writeResults(
  workspace: Workspace,
  { file, planId, ids, signal }: Results,
): Promise<{ sha256: string; crops: number }> {
  const { app, scope, ensemble } = workspace;
  const parquet = await ParquetFile.open(file, { schema: [...RESULT_SCHEMA] });
  let crops = 0;
  for (let at = 0; at < ids.length; at += PHOTOS_AT_ONCE) {
    throwIfInterrupted(signal);
    const some = ids.slice(at, at + PHOTOS_AT_ONCE);
    const logits = await readLogits(app.db, some, { members: ensemble.memberIds, classes: scope.wnids.length });
    const rows = (await statesOfPhotos(app.db, scope, some)).flatMap(({ photoId, sha256 }) =>
      (logits.get(photoId) ?? []).flatMap((all, member): ResultRow[] =>
        (all ?? []).map((row, crop) => {
          return { plan_id: planId, sha256, member: ensemble.members[member]?.name ?? '', crop, logits: [...row] };
        }),
      ),
    );
    const columnData = RESULT_COLUMNS.map((name) => ({ name, data: rows.map((row) => row[name]) }));
    await parquet.writeGroup(columnData, rows.length);
    crops += rows.length;
  }
  return { ...(await parquet.close()), crops };
}

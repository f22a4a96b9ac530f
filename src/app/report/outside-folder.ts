import { createHash } from 'node:crypto';
import { readdir, readFile } from 'node:fs/promises';
import { basename } from 'node:path';
import { featuresOf, storedFeature } from '../../evidence/feature.ts';
import { summariseCrop } from '../../evidence/evidence.ts';
import { UsageError } from '../../kernel/errors.ts';
import { toSha256, type Sha256, type Wnid } from '../../kernel/ids.ts';
import { CENTRE_CROPS } from '../../report/crop-tally.ts';
import {
  readOutsidePictures,
  storeOutsidePictures,
  type OutsidePicture,
} from '../../report/outside-picture.repository.ts';
import type { Prediction } from '../../report/prediction.ts';
import { requireModelFiles, threadsOf } from '../engine/ensemble.ts';
import { runOnPictures, type PhotoOutputs } from '../engine/run-backbone.ts';
import type { Workspace } from '../open/workspace.ts';
import type { ReportedModel } from './models.ts';

/** A picture of a folder that is no part of the catalogue. */
export interface FolderPicture {
  /** Absolute. */
  readonly path: string;
  readonly sha256: Sha256;
  /** The class that it shows; null if only its confidence counts. */
  readonly wnid: Wnid | null;
}

/** A folder of photos, one folder a class. */
export interface OutsideFolder {
  /** Its last part, for people. */
  readonly name: string;
  readonly pictures: readonly FolderPicture[];
  readonly read: (picture: FolderPicture) => Promise<Buffer>;
}

/** What a model says of a folder, in the order of its pictures. */
export interface FolderView {
  readonly predictions: readonly Prediction[];
  /** Null if the model gives no features. */
  readonly features: readonly Float32Array[] | null;
}

export interface FolderOptions {
  readonly read: (picture: FolderPicture) => Promise<Buffer>;
  readonly signal: AbortSignal;
  readonly onProgress: (progress: { readonly done: number; readonly total: number }) => void;
}

/** Pictures whose rows are read or stored in one statement. */
const AT_ONCE = 64;
const [CENTRE] = CENTRE_CROPS;

/**
 * Lets a model look at the centre crops of a folder. What it says is kept in the catalogue, so that the next report only runs
 * the model on new pictures.
 *
 * @throws UsageError `unreadable-picture`; StopTheRun if the model cannot be loaded; Interrupted
 */
export async function viewFolder(
  workspace: Workspace,
  model: ReportedModel,
  { pictures, ...options }: FolderOptions & { readonly pictures: readonly FolderPicture[] },
): Promise<FolderView> {
  const { app, scope } = workspace;
  const hasFeatures = model.card.outputs.features !== undefined;
  const known = new Map<Sha256, OutsidePicture>();
  for (let from = 0; from < pictures.length; from += AT_ONCE) {
    const hashes = pictures.slice(from, from + AT_ONCE).map(({ sha256 }) => sha256);
    for (const row of await readOutsidePictures(app.db, model.memberId, hashes)) known.set(row.sha256, row);
  }
  const lacking = new Map(pictures.map((picture) => [picture.sha256, picture]));
  for (const sha256 of known.keys()) lacking.delete(sha256);
  for await (const row of looked(workspace, model, { ...options, pictures: [...lacking.values()] }))
    known.set(row.sha256, row);
  const rows = pictures.map(({ sha256 }) => known.get(sha256));
  const positions = new Map(scope.wnids.map((wnid, position) => [wnid, position]));
  return {
    predictions: rows.map((row, i) => ({
      predicted: row?.top1 ?? -1,
      confidence: row?.top1Prob ?? 0,
      truth: positions.get(pictures[i]?.wnid ?? '') ?? null,
    })),
    features: hasFeatures ? rows.flatMap((row) => (row?.feature == null ? [] : [featuresOf(row.feature)])) : null,
  };
}

/** Runs the model and stores what it says, some pictures at a time. */
async function* looked(
  { app, ensemble }: Workspace,
  { card, classes, member, memberId }: ReportedModel,
  { pictures, read, signal, onProgress }: FolderOptions & { readonly pictures: readonly FolderPicture[] },
): AsyncGenerator<OutsidePicture> {
  if (pictures.length === 0) return;
  await requireModelFiles([member]);
  const { threads, batchCrops } = app.config.filter;
  const run = runOnPictures({
    card,
    classes,
    outputs: card.outputs.features === undefined ? ['logits'] : ['logits', 'features'],
    pictures: withBytes(pictures, read),
    crops: [CENTRE],
    threads: Math.min(threadsOf(threads), Math.ceil(pictures.length / AT_ONCE)),
    cropsPerPass: batchCrops,
    provider: ensemble.provider,
    signal,
  });
  let batch: OutsidePicture[] = [];
  let done = 0;
  for await (const { picture, outputs } of run) {
    if (outputs.problem !== null) throw unreadable(picture, outputs.problem);
    const { logits, features } = outputs.crops[0] ?? {};
    const { top1, top1Prob } = summariseCrop(masked(logits, member.mask), []);
    const feature = features === undefined ? null : storedFeature(features);
    batch.push({ sha256: picture.sha256, top1, top1Prob, feature });
    done += 1;
    onProgress({ done, total: pictures.length });
    if (batch.length < AT_ONCE) continue;
    yield* await stored(batch);
    batch = [];
  }
  yield* await stored(batch);

  async function stored(rows: OutsidePicture[]): Promise<OutsidePicture[]> {
    await storeOutsidePictures(app.db, memberId, rows);
    return rows;
  }
}

async function* withBytes(
  pictures: readonly FolderPicture[],
  read: FolderOptions['read'],
): AsyncGenerator<FolderPicture & { readonly bytes: Buffer }> {
  for (const picture of pictures) yield { ...picture, bytes: await read(picture) };
}

function masked(logits: Float32Array | undefined, mask: readonly number[]): Float32Array {
  return Float32Array.from(mask, (position) => logits?.[position] ?? Number.NaN);
}

function unreadable({ path }: FolderPicture, problem: NonNullable<PhotoOutputs['problem']>): UsageError {
  const why = problem.kind === 'not-finite' ? `the model gives ${problem.said}` : problem.detail;
  return new UsageError(`${path} cannot be evaluated: ${why}. Repair it, or take it out of the folder.`, {
    code: 'unreadable-picture',
  });
}

/** Reads which pictures a folder has. */
export async function openFolder(
  dir: string,
  { only }: { readonly option: string; readonly only: readonly Wnid[] | null; readonly signal: AbortSignal },
): Promise<OutsideFolder> {
  const pictures: FolderPicture[] = [];
  for (const wnid of (await readdir(dir)).toSorted()) {
    if (only !== null && !only.includes(wnid)) continue;
    for (const file of (await readdir(`${dir}/${wnid}`)).toSorted()) {
      const path = `${dir}/${wnid}/${file}`;
      pictures.push({
        path,
        wnid,
        sha256: toSha256(
          createHash('sha256')
            .update(await readFile(path))
            .digest('hex'),
        ),
      });
    }
  }
  return { name: basename(dir), pictures, read: ({ path }) => readFile(path) };
}

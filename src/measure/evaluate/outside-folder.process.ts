import { readFile } from 'node:fs/promises';
import path from 'node:path';
import { quote } from '../../core/tools/quote.ts';
import { membersOn } from '../../core/models/evidence/evidence.repository.ts';
import { summariseCrop } from '../../core/models/evidence/evidence.ts';
import { batchesOf } from '../../core/kernel/batches.ts';
import { messageOf, throwIfInterrupted, UsageError } from '../../core/kernel/errors.ts';
import type { Sha256, Wnid } from '../../core/kernel/ids.ts';
import { sha256Of } from '../../core/tools/sha256.ts';
import { readOutsidePictures, storeOutsidePictures, type OutsidePicture } from './outside-picture.repository.ts';
import type { Prediction } from './prediction.ts';
import { readSet } from './set/read-set.process.ts';
import { requireModelFiles, threadsOf } from '../../core/models/engine/ensemble.process.ts';
import type { Workspace } from '../../core/models/workspace/workspace.process.ts';
import { runOnCentreCrops, UnreadablePhotos } from './folder-photos.process.ts';
import { requirePictures } from './model-answers.process.ts';
import type { OutsideModel } from '../../core/shortlist/outside-models.process.ts';

export interface FolderPicture {
  readonly file: string;
  readonly sha256: Sha256;
  /** In an export: hash of the photo's own bytes. */
  readonly originalSha256: Sha256 | null;
  readonly wnid: Wnid;
}

export interface OutsideFolder {
  readonly name: string;
  readonly root: string;
  readonly pictures: readonly FolderPicture[];
}

export interface FolderOptions {
  readonly signal: AbortSignal;
  readonly onProgress: (progress: { readonly done: number; readonly total: number }) => void;
}

const AT_ONCE = 64;

/**
 * Lets a model look at the centre crops of a folder, and keeps its answers for the next report. Returns them in order.
 * @throws UsageError `unreadable-photo`, once all others are stored
 */
export async function viewFolder(
  workspace: Workspace,
  model: OutsideModel,
  { name, root, pictures, ...options }: FolderOptions & OutsideFolder,
): Promise<readonly Prediction[]> {
  const { app, scope } = workspace;
  const known = new Map<Sha256, OutsidePicture>();
  const hashes = [...new Set(pictures.map(({ sha256 }) => sha256))];
  for (const batch of batchesOf(hashes, AT_ONCE))
    for (const row of await readOutsidePictures(app.db, model.memberId, batch)) known.set(row.sha256, row);
  const lacking = new Map(pictures.map((picture) => [picture.sha256, picture]));
  for (const sha256 of known.keys()) lacking.delete(sha256);
  const unreadable = new UnreadablePhotos();
  const set = { root, photos: [...lacking.values()] };
  await lookAt(workspace, model, { ...options, set, known, unreadable });
  unreadable.refuse({ dir: name, photos: pictures.length });
  const positions = new Map(scope.wnids.map((wnid, position) => [wnid, position]));
  return pictures.map(({ sha256, wnid }) => {
    const row = known.get(sha256);
    return { predicted: row?.top1 ?? -1, confidence: row?.top1Prob ?? 0, truth: positions.get(wnid) ?? null };
  });
}

interface Looking extends FolderOptions {
  readonly set: { readonly root: string; readonly photos: readonly FolderPicture[] };
  readonly known: Map<Sha256, OutsidePicture>;
  readonly unreadable: UnreadablePhotos;
}

async function lookAt(
  { app }: Workspace,
  { card, classes, member, memberId }: OutsideModel,
  { set, known, unreadable, signal, onProgress }: Looking,
): Promise<void> {
  if (set.photos.length === 0) return;
  await requireModelFiles([member]);
  const { requireProvider } = await import('../../core/platform/onnx/providers.ts');
  const provider = await requireProvider(app.config.filter, app.log);
  const [idThere = memberId] = await membersOn(app.db, [memberId], provider);
  const { threads, batchCrops } = app.config.filter;
  const run = runOnCentreCrops({
    card,
    classes,
    output: 'logits',
    set,
    photosPerThread: AT_ONCE,
    threads: threadsOf(threads),
    cropsPerPass: batchCrops,
    maxPixels: app.config.fetch.maxPixels,
    provider,
    signal,
    onUnreadable: (file, why, isOfModel) => unreadable.add(file, isOfModel ? `the model gives ${why}` : why),
  });
  const batch: OutsidePicture[] = [];
  const store = (): Promise<void> => storeOutsidePictures(app.db, idThere, batch.splice(0));
  let done = 0;
  for await (const { picture, values } of run) {
    const masked = Float32Array.from(member.mask, (position) => values[position] ?? Number.NaN);
    const { top1, top1Prob } = summariseCrop(masked, [], member.head.isSigmoid);
    const row = { sha256: picture.sha256, top1, top1Prob };
    known.set(row.sha256, row);
    batch.push(row);
    done += 1;
    onProgress({ done, total: set.photos.length });
    if (batch.length === AT_ONCE) await store();
  }
  await store();
}

interface OpenOptions {
  readonly option: string;
  readonly signal: AbortSignal;
}

/**
 * Reads which pictures of the classes of the collection a folder has, and their hashes.
 * @throws UsageError as `readSet`, `no-pictures`, or `unreadable-photo` with the first few files
 */
export async function openFolder(
  { collection }: Workspace,
  dir: string,
  { option, signal }: OpenOptions,
): Promise<OutsideFolder> {
  const known = new Set(collection.evidenceClasses.wnids);
  const set = await readSet(dir, { isClass: (name) => known.has(name), signal });
  await requirePictures(set);
  const classes = new Set(collection.classes.wnids);
  const wanted = set.photos.filter(({ wnid }) => classes.has(wnid));
  if (wanted.length === 0)
    throw new UsageError(
      `${quote(dir)} has no pictures of the classes of '${collection.name}'. Give ${option} a folder with a folder for each class, named by its wnid.`,
      { code: 'no-pictures' },
    );
  const pictures: FolderPicture[] = [];
  const unreadable = new UnreadablePhotos();
  for (const { file, wnid, originalSha256 } of wanted) {
    throwIfInterrupted(signal);
    try {
      const bytes = await readFile(path.join(set.root, file));
      pictures.push({ file, wnid, originalSha256, sha256: sha256Of(bytes) });
    } catch (error) {
      unreadable.add(file, messageOf(error));
    }
  }
  unreadable.refuse({ dir, photos: wanted.length });
  return { name: path.basename(path.resolve(dir)), root: set.root, pictures };
}

import { loadClassTable } from '../../../core/collection/class-table.process.ts';
import type { ClassTable } from '../../../core/collection/class-table.ts';
import { firstOf } from '../../../core/collection/first-of.ts';
import { cardFor, classesOfCard } from '../../../core/collection/cards/model-card.process.ts';
import { quote } from '../../../core/tools/quote.ts';
import { displayPath, workingFolder } from '../../../core/config/root.ts';
import { GRADIENT_NORM, type FittedHead } from '../../heads/fit-head.ts';
import { heldOut } from '../../heads/held-out.ts';
import type { LabelledFeatures } from '../../heads/softmax-regression.ts';
import { throwIfInterrupted, UsageError } from '../../../core/kernel/errors.ts';
import { KnownPictures, parsedFingerprint, underTwoLabels } from '../../../core/photo/known-pictures.ts';
import type { PhotoSet } from '../set/photo-set.ts';
import { computeAside } from '../aside/compute-aside.process.ts';
import { requireModelFiles, specOf } from '../../../core/models/engine/ensemble.process.ts';
import { freeName } from '../../../core/models/library/add.process.ts';
import type { HeadPhoto } from '../../../core/photo/head-photos.process.ts';
import { featuresOfSet, type Backbone, type FeatureOptions, type PhotoFeatures } from './features.process.ts';
import { storeHead } from './head-files.process.ts';
import { measureHead, type HeadMeasures } from './measure-head.process.ts';
import { readTrainingSets, type TrainingFolders } from './training-set.process.ts';

const NAMED = 5;

export interface FinetuneRequest extends TrainingFolders {
  readonly backbone: string;
  readonly name: string;
  /** Above 0: scikit-learn's 1 / C. */
  readonly l2: number;
  /** True if every class has the same total weight, independent of its number of photos. */
  readonly isBalanced: boolean;
  readonly seed: number;
  readonly licence: string;
  readonly workingDir?: string;
}

export interface FinetuneProgress {
  readonly what: 'features' | 'fit';
  readonly done: number;
  readonly total: number;
}

export interface FinetuneOptions extends Omit<FeatureOptions, 'onProgress'> {
  readonly onProgress: (progress: FinetuneProgress) => void;
  /** Two numbers in memory that threads share: iterations of the fit so far, norm of the gradient. */
  readonly fitProgress: Float64Array;
}

export interface Finetuned {
  readonly name: string;
  readonly card: string;
  readonly classes: readonly string[];
  readonly head: FittedHead;
  readonly train: HeadMeasures;
  /** Null if no class has photos to hold out. */
  readonly val: HeadMeasures | null;
  /** `held-out`: `val` is of a head that was fitted without a tenth of the photos; the stored head is fitted on all. */
  readonly validation: 'folder' | 'held-out';
  readonly featureSeconds: number;
  readonly fitSeconds: number;
  readonly underTwoClasses: readonly UnderTwoClasses[];
  readonly references: number;
  readonly remarks: readonly string[];
}

/** The same photo in the folders of two classes: the same bytes, or the same picture by the rule of reference sets. */
export interface UnderTwoClasses {
  readonly files: readonly [string, string];
  readonly classes: readonly [string, string];
}

/** Fits a linear head on a backbone's features and stores it. @throws UsageError `bad-backbone`, `model-missing` */
export async function finetune(request: FinetuneRequest, options: FinetuneOptions): Promise<Finetuned> {
  const { workingDir = workingFolder() } = request;
  const table = await loadClassTable();
  const name = await freeName(request.name, workingDir);
  const backbone = await backboneFor(request.backbone, { table, workingDir });
  const sets = await readTrainingSets(request, { table, signal: options.signal });
  const total = sets.train.photos.length + (sets.val?.photos.length ?? 0);
  const startMs = performance.now();
  const computed = async (set: PhotoSet, before: number): Promise<Labelled> => {
    const onProgress = (done: number): void => options.onProgress({ what: 'features', done: before + done, total });
    const photos = await featuresOfSet(backbone, set, { ...options, onProgress });
    return labelled(photos, set, sets.classes);
  };
  const train = await computed(sets.train, 0);
  const val = sets.val === null ? null : await computed(sets.val, train.photos.length);
  const featuresMs = performance.now();
  const fitted = await fitAndMeasure({ train, val }, request, options);
  const fitSeconds = (performance.now() - featuresMs) / 1_000;
  const { head, ...measures } = fitted;
  throwIfInterrupted(options.signal);
  const photos = [...headPhotosOf(train, 'train'), ...(val === null ? [] : headPhotosOf(val, 'val'))];
  const card = await storeHead(
    {
      name,
      backbone: backbone.card,
      layer: head,
      classes: sets.classes,
      licence: request.licence,
      source: sourceText(request, fitted.train.photos, sets.classes.length),
      fit: factsOf(request, fitted),
      photos,
      command: 'winnow finetune',
    },
    { table, workingDir },
  );
  const featureSeconds = (featuresMs - startMs) / 1_000;
  const underTwoClasses = twoClassesOf(train);
  const remarks = [
    ...sets.remarks,
    ...twoClassesRemarks(underTwoClasses),
    ...leakRemarks(train, val),
    ...fitRemarks(head),
  ];
  const times = { featureSeconds, fitSeconds };
  const ofPhotos = { underTwoClasses, references: photos.length };
  return { name, card, classes: sets.classes, head, ...measures, ...times, ...ofPhotos, remarks };
}

function headPhotosOf({ photos }: Labelled, part: 'train' | 'val'): HeadPhoto[] {
  return photos.map(({ file, sha256, originalSha256, perceptualHash, fineHash }) => ({
    path: `${part}/${file}`,
    sha256,
    originalSha256,
    perceptualHash,
    fineHash,
  }));
}

function twoClassesOf({ photos }: Labelled): UnderTwoClasses[] {
  return underTwoLabels(photos).flatMap(([earlier, later]) => {
    const [a, b] = [photos[earlier], photos[later]];
    if (a === undefined || b === undefined) return [];
    return [{ files: [a.file, b.file], classes: [a.wnid, b.wnid] } as const];
  });
}

/** Warns about photos in two classes. They are used, because a photo may show both, but the head cannot separate them. */
function twoClassesRemarks(pairs: readonly UnderTwoClasses[]): string[] {
  if (pairs.length === 0) return [];
  const named = pairs.map(
    ({ files: [a, b], classes }) => `${quote(a)} and ${quote(b)} (classes ${classes.map(quote).join(' and ')})`,
  );
  return [
    `--train has the same photo under two classes (photos: ${pairs.length}): ${firstOf(named, NAMED).join('; ')}. If one class is wrong, remove that file and fit the head again; --json lists all of them`,
  ];
}

async function backboneFor(
  name: string,
  { table, workingDir }: { readonly table: ClassTable; readonly workingDir: string },
): Promise<Backbone> {
  const card = await cardFor(name, workingDir);
  if (card.head !== undefined)
    throw new UsageError(
      `Expected a model with a file of its own for --backbone but '${name}' is a head over '${card.backbone}'; give --backbone ${card.backbone}`,
      { code: 'bad-backbone' },
    );
  if (card.outputs.features === undefined)
    throw new UsageError(
      `Expected a model whose card names an output 'features' for --backbone but that of '${name}' names none; write 'features: input of ${card.outputs.logits ?? ''}' into 'outputs' of its card (${displayPath(card.cardFile, workingDir)}) if its last layer is linear, or the name of the tensor with the pooled features`,
      { code: 'bad-backbone' },
    );
  const classes = await classesOfCard(card, table);
  await requireModelFiles([specOf(card, classes)]);
  return { card, classes };
}

interface Labelled {
  readonly photos: readonly (PhotoFeatures & { readonly label: number })[];
  readonly classes: number;
}

function labelled(photos: readonly PhotoFeatures[], set: PhotoSet, classes: readonly string[]): Labelled {
  const positions = new Map(classes.map((name, i) => [name, i]));
  const labels = set.photos.map(({ wnid }) => positions.get(wnid) ?? -1);
  return { photos: photos.map((photo, i) => ({ ...photo, label: labels[i] ?? -1 })), classes: classes.length };
}

function matrixOf({ photos, classes }: Labelled): LabelledFeatures {
  const columns = photos[0]?.features.length ?? 0;
  const values = new Float32Array(new SharedArrayBuffer(Float32Array.BYTES_PER_ELEMENT * columns * photos.length));
  for (const [i, { features }] of photos.entries()) values.set(features, i * columns);
  return { values, columns, labels: Int32Array.from(photos, ({ label }) => label), classes };
}

type Fitted = Pick<Finetuned, 'head' | 'train' | 'val' | 'validation'>;

async function fitAndMeasure(
  { train, val }: { readonly train: Labelled; readonly val: Labelled | null },
  { l2, isBalanced, seed }: FinetuneRequest,
  { signal, fitProgress, onProgress }: FinetuneOptions,
): Promise<Fitted> {
  const chosen = val === null ? heldOut(train.photos, seed) : new Set<number>();
  const total = chosen.size > 0 ? 2 : 1;
  let done = 0;
  const fit = async (data: LabelledFeatures): Promise<FittedHead> => {
    onProgress({ what: 'fit', done, total });
    fitProgress.fill(0);
    const head = await computeAside('fitHead', { data, l2, isBalanced, progress: fitProgress }, signal);
    done += 1;
    return head;
  };
  const all = matrixOf(train);
  let valMeasures = null;
  if (chosen.size > 0) {
    const kept = { ...train, photos: train.photos.filter((_, i) => !chosen.has(i)) };
    const out = { ...train, photos: train.photos.filter((_, i) => chosen.has(i)) };
    valMeasures = await measureHead(await fit(matrixOf(kept)), matrixOf(out), signal);
  }
  const head = await fit(all);
  const trainMeasures = await measureHead(head, all, signal);
  if (val !== null) valMeasures = await measureHead(head, matrixOf(val), signal);
  if (trainMeasures === null) throw new Error('Expected photos to fit a head with');
  return { head, train: trainMeasures, val: valMeasures, validation: val === null ? 'held-out' : 'folder' };
}

function sourceText({ backbone, l2, isBalanced }: FinetuneRequest, photos: number, classes: number): string {
  const weights = isBalanced ? ', balanced class weights' : '';
  return `winnow finetune: a linear head on the frozen features of ${backbone}, fitted on ${photos} photos of ${classes} classes (l2 ${l2}${weights}). It is not a network whose weights were all fine-tuned`;
}

function factsOf({ l2, isBalanced, seed }: FinetuneRequest, { head, train, val, validation }: Fitted) {
  return {
    photos: train.photos,
    l2,
    classWeights: isBalanced ? 'balanced' : 'none',
    seed,
    gradientNorm: head.gradientNorm,
    trainAccuracy: train.accuracy,
    validation,
    valPhotos: val?.photos ?? 0,
    ...(val === null
      ? {}
      : { valAccuracy: val.accuracy, valLogLoss: val.logLoss, valRmsCalibrationError: val.rmsCalibrationError }),
  };
}

function leakRemarks(train: Labelled, val: Labelled | null): string[] {
  if (val === null) return [];
  const known = new KnownPictures();
  for (const photo of train.photos) known.add(photo);
  const both = val.photos.filter((photo) => known.has(photo, parsedFingerprint(photo))).length;
  return both === 0 ? [] : [`${both} photos of --val are in --train too, so its accuracy may be too high`];
}

function fitRemarks({ hasConverged, gradientNorm, iterations }: FittedHead): string[] {
  if (hasConverged) return [];
  return [
    `the fit ended after ${iterations} iterations at a gradient norm of ${gradientNorm.toExponential(1)}, above ${GRADIENT_NORM}: a larger --l2 is easier to fit`,
  ];
}

import { createHash } from 'node:crypto';
import { access, readFile } from 'node:fs/promises';
import pLimit from 'p-limit';
import { loadClassTable } from '../../collection/class-table.process.ts';
import { cardFor, classesOfCard } from '../../collection/model-card.process.ts';
import type { ModelCard } from '../../collection/model-card.ts';
import type { ModelClasses } from '../../collection/model-classes.ts';
import { orLoss } from '../../kernel/blobs.ts';
import { Interrupted, RetryLater, UsageError } from '../../kernel/errors.ts';
import type { Sha256 } from '../../kernel/ids.ts';
import { photoSize } from '../../photo/photo.repository.ts';
import type { Heatmap } from '../../review/desk.ts';
import type { Subject } from '../../review/event.ts';
import { cropOnPhoto } from '../../review/crop-box.ts';
import { classActivation, occlusion, type HeatmapValues } from '../../review/heatmap.ts';
import { backboneOf, preprocessingOf, requireModelFiles, specOf } from '../engine/ensemble.ts';
import { runBackbone, type BackboneRun, type OutputsOfCrop } from '../engine/run-backbone.ts';
import type { App } from '../open/app.ts';
import { nameOf, type Workspace } from '../open/workspace.ts';
import { cachedFile, keepCached, removeCached } from '../photos/photo-cache.ts';

/** There is no such model, class or photo, or the photo has lost its bytes. */
export const NO_HEATMAP = 'no-heatmap';

const CENTRE = 4;
/** Fields per side that are hidden one after another. */
const OCCLUSION_GRID = 7;
/** Increased whenever the values of a heatmap change. */
const VERSION = 1;

/** One computation at a time in the whole process. Each uses one thread, so that the server stays responsive. */
const ONE_AT_A_TIME = pLimit(1);
/** Requests that wait for it at most. */
const MOST_WAITING = 16;

export interface HeatmapRequest extends Subject {
  /** The name of a model card. */
  readonly model: string;
}

/**
 * Shows where on the centre crop of a photo a model sees a class. The result is cached on disk.
 *
 * @throws UsageError `no-heatmap`, or what makes a model unusable; RetryLater `heatmaps-busy`; Interrupted once the signal
 * aborts
 */
export async function heatmapOf(workspace: Workspace, request: HeatmapRequest, signal: AbortSignal): Promise<Heatmap> {
  const { app, collection } = workspace;
  const { sha256, wnid } = request;
  const size = await photoSize(app.db, sha256);
  if (size === undefined) throw new UsageError(`There is no photo ${sha256}`, { code: NO_HEATMAP });
  const card = await cardFor(request.model);
  const classes = await classesOfCard(card, await loadClassTable());
  const row = classes.positionOf({ wnid, name: nameOf(collection, wnid) });
  if (row === null)
    throw new UsageError(`The model '${card.name}' does not know the class '${wnid}'`, { code: NO_HEATMAP });
  const { box } = cropOnPhoto(size, backboneOf(card).input, CENTRE);
  const values = await heatmapValues(app, { sha256, card, classes, row }, signal);
  return { ...values, box };
}

export interface WantedValues {
  readonly sha256: Sha256;
  readonly card: ModelCard;
  readonly classes: ModelClasses;
  /** The class, as a position among those of the model. */
  readonly row: number;
}

/**
 * The values of a heatmap, from the cache or new. They go when the photo is taken down.
 *
 * @throws UsageError `no-heatmap`, `model-missing`, `head-missing`; RetryLater `heatmaps-busy`; Interrupted
 */
export async function heatmapValues(
  app: Pick<App, 'blobPlace' | 'blobs' | 'dataDir' | 'log'>,
  wanted: WantedValues,
  signal: AbortSignal,
): Promise<HeatmapValues> {
  const { sha256 } = wanted;
  const file = cachedFile(app.dataDir, { kind: `heatmap-v${VERSION}`, sha256, end: `-${keyOf(wanted)}.json` });
  const known = await readValues(file);
  if (known !== null) return known;
  if (ONE_AT_A_TIME.pendingCount >= MOST_WAITING)
    throw new RetryLater('Too many heatmaps are being computed; ask again later', { code: 'heatmaps-busy' });
  return ONE_AT_A_TIME(async () => {
    if (signal.aborted) throw new Interrupted();
    // Somebody may have asked for the same one while this request waited.
    const values = (await readValues(file)) ?? (await compute(app, wanted, signal));
    await keepCached(app, file, JSON.stringify(values));
    // A photo may be taken down while its heatmap is computed. Its bytes are deleted first, then its files in the cache.
    if ((await orLoss(app.blobs.sizeOf(sha256))) === null) await removeCached(app.dataDir, sha256);
    return values;
  });
}

function keyOf({ card, classes, row }: WantedValues): string {
  const text = JSON.stringify([card.sha256, preprocessingOf(card, classes), card.outputs.featureMap ?? null, row]);
  return createHash('sha256').update(text).digest('hex').slice(0, 16);
}

/** Null if the file is absent, or was cut by a crash. */
async function readValues(file: string): Promise<HeatmapValues | null> {
  const text = await readFile(file, 'utf8').catch(() => '');
  try {
    const values: HeatmapValues = JSON.parse(text);
    return values;
  } catch {
    return null;
  }
}

async function compute(
  { blobPlace }: Pick<App, 'blobPlace'>,
  wanted: WantedValues,
  signal: AbortSignal,
): Promise<HeatmapValues> {
  const { card, classes, row, sha256 } = wanted;
  await requireModelFiles([specOf(card, classes)]);
  const run: Omit<BackboneRun, 'outputs'> = {
    card,
    photos: [sha256],
    crops: [CENTRE],
    blobs: blobPlace,
    threads: 1,
    cropsPerPass: 1,
    signal,
  };
  const activation = await activationOf(run, row);
  if (activation !== null) return activation;
  const { logits, occluded = [] } = await centreCrop({ ...run, outputs: ['logits'], occlusionGrid: OCCLUSION_GRID });
  return occlusion(
    logits?.[row] ?? Number.NaN,
    occluded.map((each) => each[row] ?? Number.NaN),
  );
}

/** Null if the model has no layer over the average of a feature map. */
async function activationOf(run: Omit<BackboneRun, 'outputs'>, row: number): Promise<HeatmapValues | null> {
  const head = await activationHead(run.card);
  if (head === null) return null;
  // Loads ONNX Runtime.
  const { linearRowOf } = await import('../../platform/onnx/head.ts');
  const layer = linearRowOf(await readFile(head), row);
  if (layer === null) return null;
  const { logits, featureMap } = await centreCrop({ ...run, outputs: ['logits', 'featureMap'] });
  return classActivation(featureMap ?? new Float32Array(), layer, logits?.[row] ?? Number.NaN);
}

/**
 * The file with the linear layer over a model's feature map: the card's head, or for a graph that contains the layer a copy of
 * it beside the model (`NAME.head.safetensors`). Whether it is the right layer shows when its logit is compared with the
 * model's. Null if there is none.
 */
export async function activationHead({ outputs, head, path }: ModelCard): Promise<string | null> {
  if (outputs.featureMap === undefined) return null;
  const file = head?.path ?? path.replace(/\.onnx$/, '.head.safetensors');
  if (!file.endsWith('.safetensors')) return null;
  return access(file).then(
    () => file,
    () => null,
  );
}

/** @throws UsageError `no-heatmap` if the photo cannot be read, or the model gives no finite numbers for it */
async function centreCrop(run: BackboneRun): Promise<OutputsOfCrop> {
  for await (const { sha256, problem, ...given } of runBackbone(run)) {
    const crop = 'crops' in given ? given.crops[0] : undefined;
    if (crop !== undefined) return crop;
    const why = problem?.kind === 'not-finite' ? problem.said : (problem?.detail ?? 'it was stopped');
    throw new UsageError(`The model '${run.card.name}' could not look at the photo ${sha256}: ${why}`, {
      code: NO_HEATMAP,
    });
  }
  throw new Interrupted();
}

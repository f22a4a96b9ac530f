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
import { classActivation, occlusion, type HeatmapValues, type LogitLayer } from '../../review/heatmap.ts';
import { backboneOf, preprocessingOf, requireModelFiles, specOf } from '../engine/ensemble.ts';
import { runBackbone, type BackboneRun, type OutputsOfCrop, type PhotoOutputs } from '../engine/run-backbone.ts';
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

type HeatmapDeps = Pick<App, 'blobPlace' | 'blobs' | 'dataDir' | 'log'>;

interface HeatmapModel {
  readonly card: ModelCard;
  readonly classes: ModelClasses;
}

export interface WantedValues extends HeatmapModel {
  readonly sha256: Sha256;
  /** The class, as a position among those of the model. */
  readonly row: number;
}

export interface WantedHeatmaps extends HeatmapModel {
  /** Different photos, each with classes as positions among those of the model. */
  readonly photos: readonly { readonly sha256: Sha256; readonly rows: readonly number[] }[];
}

/**
 * The values of a heatmap, from the cache or new. They go when the photo is taken down.
 *
 * @throws UsageError `no-heatmap`, `model-missing`, `head-missing`; RetryLater `heatmaps-busy`; Interrupted
 */
export async function heatmapValues(
  app: HeatmapDeps,
  wanted: WantedValues,
  signal: AbortSignal,
): Promise<HeatmapValues> {
  const file = fileOf(app, wanted);
  const known = await readValues(file);
  if (known !== null) return known;
  if (ONE_AT_A_TIME.pendingCount >= MOST_WAITING)
    throw new RetryLater('Too many heatmaps are being computed; ask again later', { code: 'heatmaps-busy' });
  return ONE_AT_A_TIME(async () => {
    if (signal.aborted) throw new Interrupted();
    // Somebody may have asked for the same one while this request waited.
    const values = await readValues(file);
    if (values !== null) return values;
    const { sha256, row } = wanted;
    const photos = [{ sha256, rows: [row] }];
    for await (const computed of compute(app, { ...wanted, photos }, { threads: 1, signal, onProblem: raise })) {
      await keepValues(app, wanted, computed);
      return computed.values;
    }
    throw new Interrupted();
  });
}

/**
 * Many heatmaps of one model, from the cache or new, by photo and class. A photo that the model cannot look at has none.
 *
 * @throws UsageError as above; Interrupted
 */
export async function manyHeatmaps(
  app: HeatmapDeps,
  wanted: WantedHeatmaps,
  options: Pick<Computing, 'threads' | 'signal'>,
): Promise<ReadonlyMap<Sha256, ReadonlyMap<number, HeatmapValues>>> {
  const maps = new Map<Sha256, Map<number, HeatmapValues>>();
  const lacking: WantedHeatmaps['photos'][number][] = [];
  for (const { sha256, rows } of wanted.photos) {
    const known = new Map<number, HeatmapValues>();
    for (const row of rows) {
      const values = await readValues(fileOf(app, { ...wanted, sha256, row }));
      if (values !== null) known.set(row, values);
    }
    maps.set(sha256, known);
    if (known.size < new Set(rows).size) lacking.push({ sha256, rows });
  }
  if (lacking.length === 0) return maps;
  const onProblem = (error: UsageError): void => app.log.warn({ reason: error.message }, 'a photo has no heatmap');
  for await (const computed of compute(app, { ...wanted, photos: lacking }, { ...options, onProblem })) {
    maps.get(computed.sha256)?.set(computed.row, computed.values);
    await keepValues(app, wanted, computed);
  }
  return maps;
}

const raise = (error: UsageError): never => {
  throw error;
};

async function keepValues(
  app: HeatmapDeps,
  model: HeatmapModel,
  { sha256, row, values }: ComputedValues,
): Promise<void> {
  await keepCached(app, fileOf(app, { ...model, sha256, row }), JSON.stringify(values));
  // A photo may be taken down while its heatmap is computed. Its bytes are deleted first, then its files in the cache.
  if ((await orLoss(app.blobs.sizeOf(sha256))) === null) await removeCached(app.dataDir, sha256);
}

function fileOf({ dataDir }: Pick<App, 'dataDir'>, wanted: WantedValues): string {
  const { sha256 } = wanted;
  return cachedFile(dataDir, { kind: `heatmap-v${VERSION}`, sha256, end: `-${keyOf(wanted)}.json` });
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

interface ComputedValues {
  readonly sha256: Sha256;
  readonly row: number;
  readonly values: HeatmapValues;
}

interface Computing {
  readonly threads: number;
  readonly signal: AbortSignal;
  /** Called for a photo that the model cannot look at. It may throw; otherwise the photo is passed over. */
  readonly onProblem: (error: UsageError) => void;
}

/** Computes heatmaps of some photos with one model. All of a photo come together. */
async function* compute(
  deps: Pick<App, 'blobPlace'>,
  { card, classes, photos }: WantedHeatmaps,
  { threads, signal, onProblem }: Computing,
): AsyncGenerator<ComputedValues> {
  await requireModelFiles([specOf(card, classes)]);
  const rowsOf = new Map(photos.map(({ sha256, rows }) => [sha256, rows]));
  const run = { card, crops: [CENTRE], blobs: deps.blobPlace, threads, cropsPerPass: 1, signal };
  const others = yield* activationsOf(run, rowsOf, onProblem);
  if (others.size > 0) yield* occlusionsOf(run, others, onProblem);
}

type Run = Omit<BackboneRun, 'outputs' | 'photos' | 'occlusionGrid'>;
type RowsOf = ReadonlyMap<Sha256, readonly number[]>;

/** Gives class activations, and returns the photos that need another way. */
async function* activationsOf(
  run: Run,
  rowsOf: RowsOf,
  onProblem: Computing['onProblem'],
): AsyncGenerator<ComputedValues, RowsOf> {
  const layerOf = await activationLayers(run.card);
  if (layerOf === null) return rowsOf;
  const others = new Map<Sha256, readonly number[]>();
  for await (const given of runBackbone({ ...run, photos: rowsOf.keys(), outputs: ['logits', 'featureMap'] })) {
    const { sha256 } = given;
    const rows = rowsOf.get(sha256) ?? [];
    const crop = cropOf(given, run.card);
    if (crop instanceof UsageError) {
      onProblem(crop);
      continue;
    }
    const maps = activations(crop, { rows, layerOf });
    if (maps === null) others.set(sha256, rows);
    else for (const [row, values] of maps) yield { sha256, row, values };
  }
  return others;
}

async function* occlusionsOf(
  run: Run,
  rowsOf: RowsOf,
  onProblem: Computing['onProblem'],
): AsyncGenerator<ComputedValues> {
  const occluding: BackboneRun = {
    ...run,
    photos: rowsOf.keys(),
    outputs: ['logits'],
    occlusionGrid: OCCLUSION_GRID,
  };
  for await (const given of runBackbone(occluding)) {
    const crop = cropOf(given, run.card);
    if (crop instanceof UsageError) {
      onProblem(crop);
      continue;
    }
    const { logits, occluded = [] } = crop;
    for (const row of rowsOf.get(given.sha256) ?? []) {
      const hidden = occluded.map((each) => each[row] ?? Number.NaN);
      yield { sha256: given.sha256, row, values: occlusion(logits?.[row] ?? Number.NaN, hidden) };
    }
  }
}

type LayerOf = (row: number) => LogitLayer | null;

/** Null if the model has no layer over the average of a feature map. */
async function activationLayers(card: ModelCard): Promise<LayerOf | null> {
  const head = await activationHead(card);
  if (head === null) return null;
  // Loads ONNX Runtime.
  const { linearRowOf } = await import('../../platform/onnx/head.ts');
  const bytes = await readFile(head);
  return (row) => linearRowOf(bytes, row);
}

/** Null if one of them does not come to its logit: then the layer is not the model's. */
function activations(
  { logits, featureMap }: OutputsOfCrop,
  { rows, layerOf }: { readonly rows: readonly number[]; readonly layerOf: LayerOf },
): ReadonlyMap<number, HeatmapValues> | null {
  const maps = new Map<number, HeatmapValues>();
  for (const row of rows) {
    const layer = layerOf(row);
    const values =
      layer === null ? null : classActivation(featureMap ?? new Float32Array(), layer, logits?.[row] ?? Number.NaN);
    if (values === null) return null;
    maps.set(row, values);
  }
  return maps;
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

/** The crop, or the error `no-heatmap` if the photo cannot be read or the model gives no finite numbers for it. */
function cropOf(given: PhotoOutputs, { name }: ModelCard): OutputsOfCrop | UsageError {
  const { sha256, problem } = given;
  const crop = problem === null ? given.crops[0] : undefined;
  if (crop !== undefined) return crop;
  const why = problem?.kind === 'not-finite' ? problem.said : (problem?.detail ?? 'it was stopped');
  return new UsageError(`The model '${name}' could not look at the photo ${sha256}: ${why}`, { code: NO_HEATMAP });
}

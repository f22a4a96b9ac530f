import { access, readFile } from 'node:fs/promises';
import type { ModelCard } from '../../collection/cards/model-card.ts';
import type { ModelClasses } from '../../collection/cards/model-classes.ts';
import { CENTRE_CROP } from '../../models/evidence/evidence.ts';
import { UsageError } from '../../kernel/errors.ts';
import type { Sha256 } from '../../kernel/ids.ts';
import { classActivation, occlusion, type HeatmapValues, type LogitLayer } from './heatmap.ts';
import { requireModelFiles, specOf } from '../../models/engine/ensemble.process.ts';
import {
  runBackbone,
  type BackboneRun,
  type OutputsOfCrop,
  type PhotoOutputs,
} from '../../filter/engine/run-backbone.process.ts';
import type { App } from '../../runtime/open/app.process.ts';

/** There is no such model, class or photo, or the photo has lost its bytes. */
export const NO_HEATMAP = 'no-heatmap';

const OCCLUSION_GRID = 7;

export interface HeatmapModel {
  readonly card: ModelCard;
  readonly classes: ModelClasses;
}

export interface WantedHeatmaps extends HeatmapModel {
  /** Different photos, each with classes as positions among those of the model. */
  readonly photos: readonly { readonly sha256: Sha256; readonly rows: readonly number[] }[];
}

export interface ComputedValues {
  readonly sha256: Sha256;
  readonly row: number;
  readonly values: HeatmapValues;
}

export interface Computing {
  readonly threads: number;
  readonly signal: AbortSignal;
  /** Called for a photo that the model cannot look at. It may throw; otherwise the photo is passed over. */
  readonly onProblem: (error: UsageError) => void;
}

/**
 * All heatmaps of a photo come together: class activations if the model has a layer over the average of a feature map,
 * occlusions otherwise.
 * @throws UsageError `model-missing`, `head-missing`, and what `onProblem` throws; Interrupted
 */
export async function* computeHeatmaps(
  deps: Pick<App, 'blobPlace'>,
  { card, classes, photos }: WantedHeatmaps,
  { threads, signal, onProblem }: Computing,
): AsyncGenerator<ComputedValues> {
  await requireModelFiles([specOf(card, classes)]);
  const rowsOf = new Map(photos.map(({ sha256, rows }) => [sha256, rows]));
  const run = { card, crops: [CENTRE_CROP], blobs: deps.blobPlace, threads, cropsPerPass: 1, signal };
  const others = yield* activationsOf(run, rowsOf, onProblem);
  if (others.size > 0) yield* occlusionsOf(run, others, onProblem);
}

type Run = Omit<BackboneRun, 'outputs' | 'photos' | 'occlusionGrid'>;
type RowsOf = ReadonlyMap<Sha256, readonly number[]>;

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

async function activationLayers(card: ModelCard): Promise<LayerOf | null> {
  const head = await activationHead(card);
  if (head === null) return null;
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
 * The file with the linear layer over a model's feature map: the card's head, or for a graph that contains the layer a
 * copy of it (`NAME.head.safetensors`). Whether it is the right layer shows when its logit is compared.
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

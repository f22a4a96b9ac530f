import { readFile } from 'node:fs/promises';
import pLimit from 'p-limit';
import { loadClassTable } from '../../collection/class-table.process.ts';
import { cardFor, classesOfCard } from '../../collection/cards/model-card.process.ts';
import { CENTRE_CROP } from '../../models/evidence/evidence.ts';
import { orLoss } from '../../kernel/blobs.ts';
import { Interrupted, RetryLater, UsageError } from '../../kernel/errors.ts';
import type { Sha256 } from '../../kernel/ids.ts';
import { sha256Of } from '../../tools/sha256.ts';
import { photoSize } from '../../photo/photo.repository.ts';
import type { Heatmap } from '../desk/desk.ts';
import type { Subject } from '../events/event.ts';
import { cropOnPhoto } from './crop-box.ts';
import type { HeatmapValues } from './heatmap.ts';
import { backboneOf, preprocessingOf } from '../../models/engine/ensemble.process.ts';
import type { App } from '../../runtime/open/app.process.ts';
import { classNameOf, type Workspace } from '../../models/workspace/workspace.process.ts';
import { cachedFile, keepCached, removeCached } from '../../photo/photo-cache.process.ts';
import {
  computeHeatmaps,
  NO_HEATMAP,
  type ComputedValues,
  type Computing,
  type HeatmapModel,
  type WantedHeatmaps,
} from './compute-heatmaps.process.ts';

/** Increased whenever the values of a heatmap change. */
const VERSION = 1;

/** One computation at a time in the whole process. Each uses one thread, so that the server stays responsive. */
const ONE_AT_A_TIME = pLimit(1);
const MOST_WAITING = 16;

export interface HeatmapRequest extends Subject {
  readonly model: string;
}

/**
 * Shows where on the centre crop a model sees a class.
 * @throws UsageError `no-heatmap`, or what makes a model unusable; RetryLater `heatmaps-busy`; Interrupted
 */
export async function heatmapOf(workspace: Workspace, request: HeatmapRequest, signal: AbortSignal): Promise<Heatmap> {
  const { app, collection } = workspace;
  const { sha256, wnid } = request;
  const size = await photoSize(app.db, sha256);
  if (size === undefined) throw new UsageError(`There is no photo ${sha256}`, { code: NO_HEATMAP });
  const card = await cardFor(request.model);
  const classes = await classesOfCard(card, await loadClassTable());
  const row = classes.positionOf({ wnid, name: classNameOf(collection, wnid) });
  if (row === null)
    throw new UsageError(`The model '${card.name}' does not know the class '${wnid}'`, { code: NO_HEATMAP });
  const { box } = cropOnPhoto(size, backboneOf(card).input, CENTRE_CROP);
  const values = await heatmapValues(app, { sha256, card, classes, row }, signal);
  return { ...values, box };
}

type HeatmapDeps = Pick<App, 'blobPlace' | 'blobs' | 'dataDir' | 'log'>;

export interface WantedValues extends HeatmapModel {
  readonly sha256: Sha256;
  /** The class, as a position among those of the model. */
  readonly row: number;
}

/**
 * From the cache or new.
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
    for await (const computed of computeHeatmaps(
      app,
      { ...wanted, photos },
      { threads: 1, signal, onProblem: raise },
    )) {
      await keepValues(app, wanted, computed);
      return computed.values;
    }
    throw new Interrupted();
  });
}

/** Many heatmaps of one model, by photo and class. A photo that the model cannot look at has none. @throws as above */
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
  for await (const computed of computeHeatmaps(app, { ...wanted, photos: lacking }, { ...options, onProblem })) {
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

function fileOf({ dataDir }: Pick<App, 'dataDir'>, { sha256, card, classes, row }: WantedValues): string {
  const text = JSON.stringify([card.sha256, preprocessingOf(card, classes), card.outputs.featureMap ?? null, row]);
  const key = sha256Of(text).slice(0, 16);
  return cachedFile(dataDir, { kind: `heatmap-v${VERSION}`, sha256, end: `-${key}.json` });
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

import { rename, writeFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { availableParallelism } from 'node:os';
import path from 'node:path';
import * as z from 'zod';
import { readTextFileIfPresent } from '../../config/read-text.ts';
import { displayPath } from '../../config/root.ts';
import type { Layer } from '../../config/setting-layers.ts';
import { MOST_THREADS } from '../../config/settings.ts';
import { makeDataFolder } from '../../platform/disk/folders.ts';

/** The settings that `winnow doctor --tune` found best, and the machine that it measured. */
const tuneSchema = z.strictObject({
  measuredAt: z.iso.datetime(),
  processors: z.int().positive(),
  onnxRuntime: z.string().min(1),
  models: z.array(z.string()).min(1),
  settings: z.strictObject({
    'filter.threads': z.int().min(1).max(MOST_THREADS),
    'filter.batchCrops': z.int().min(1).max(256),
  }),
});

export type Tune = z.output<typeof tuneSchema>;

export interface StoredTune {
  /** Values for settings that are not set elsewhere. Empty if the file is not for this machine. */
  readonly layer: Layer;
  /** Why the file is not used, or null. */
  readonly problem: string | null;
}

const NO_TUNE: StoredTune = { layer: new Map(), problem: null };

function tuneFileOf(dataDir: string): string {
  return path.join(dataDir, 'tune.json');
}

/** The machine as it is now. */
export function machineOfTune(): Pick<Tune, 'processors' | 'onnxRuntime'> {
  return { processors: availableParallelism(), onnxRuntime: runtimeVersion() };
}

/** Read from the package without loading the runtime, which takes longer than most commands. */
function runtimeVersion(): string {
  const description: unknown = createRequire(import.meta.url)('onnxruntime-node/package.json');
  return z.looseObject({ version: z.string() }).parse(description).version;
}

/**
 * Reads the tuned settings of a data folder. If the file is damaged or of another machine, the layer is empty and `problem`
 * says why.
 */
export async function readTune(dataDir: string): Promise<StoredTune> {
  const file = tuneFileOf(dataDir);
  // Other code reports a data folder that cannot be read.
  const found = await readTextFileIfPresent(file, 'a file of tuned settings').catch(() => undefined);
  if (found === undefined) return NO_TUNE;
  const shown = displayPath(file);
  const tune = parseTune(found.text);
  if (tune === null) return { ...NO_TUNE, problem: unusable(shown, '`winnow doctor --tune` did not write it') };
  const now = machineOfTune();
  const differences = [
    tune.processors === now.processors ? null : `${tune.processors} processors, here are ${now.processors}`,
    tune.onnxRuntime === now.onnxRuntime ? null : `ONNX Runtime ${tune.onnxRuntime}, here is ${now.onnxRuntime}`,
  ].filter((difference) => difference !== null);
  if (differences.length > 0)
    return { ...NO_TUNE, problem: unusable(shown, `it was measured with ${differences.join(' and ')}`) };
  return { layer: layerOf(tune, shown), problem: null };
}

function unusable(shown: string, why: string): string {
  return `The tuned settings in ${shown} are not used: ${why}; \`winnow doctor --tune\` measures again`;
}

function parseTune(text: string): Tune | null {
  try {
    return tuneSchema.parse(JSON.parse(text));
  } catch {
    return null;
  }
}

function layerOf({ measuredAt, models, settings }: Tune, shown: string): Layer {
  const where = `${shown} (${measuredAt.slice(0, 10)}, ${models.join(' + ')})`;
  const { 'filter.threads': threads, 'filter.batchCrops': batchCrops } = settings;
  return new Map([
    ['filter.threads', { value: threads, where }],
    ['filter.batchCrops', { value: batchCrops, where }],
  ]);
}

/** Writes the file aside and renames it, so that it is never half written. @returns the file */
export async function writeTune(dataDir: string, tune: Tune): Promise<string> {
  await makeDataFolder(dataDir);
  const file = tuneFileOf(dataDir);
  await writeFile(`${file}.part`, `${JSON.stringify(tune, null, 2)}\n`);
  await rename(`${file}.part`, file);
  return file;
}

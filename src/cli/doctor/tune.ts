import process from 'node:process';
import { requireModelFiles, specOf } from '../../app/engine/ensemble.ts';
import type { MemberSpec } from '../../app/engine/messages.ts';
import { measureTune, type TuneResult } from '../../app/tune/measure.ts';
import { machineOfTune, writeTune, type Tune } from '../../app/tune/tune-file.ts';
import { loadClassTable } from '../../collection/class-table.process.ts';
import type { Collection } from '../../collection/collection.ts';
import { cardFor, classesOfCard } from '../../collection/model-card.process.ts';
import { displayPath } from '../../config/root.ts';
import { messageOf } from '../../kernel/errors.ts';
import { requireProvider } from '../../platform/onnx/providers.ts';
import { percentText, writeOut } from '../output.ts';
import { tableText } from '../table.ts';
import type { CommandContext } from '../start/context.ts';
import { EXIT } from '../start/exit.ts';

/** If other programs use more of the processors' time than this, they distort the result. */
const MAX_OTHERS_SHARE = 0.2;
const BUNDLED = ['efficientnet-lite0', 'efficientnet-lite1'];

/**
 * `winnow doctor --tune`: measures, prints the result, and stores it in the data folder unless the machine was busy.
 */
export async function tune(
  { flags, loaded, log, signal }: CommandContext,
  collection: Collection | null,
): Promise<number> {
  const models = collection?.ensemble ?? BUNDLED;
  const members = await membersOf(models);
  await requireModelFiles(members);
  const provider = await requireProvider(loaded.config.filter, log);
  const result = await measureTune({ members, provider, signal, cpuMs, onStep: tellStep });
  const { batches, layouts, othersShare } = result;
  const settings = { 'filter.threads': result.threads, 'filter.batchCrops': result.batchCrops };
  const stored = { measuredAt: new Date().toISOString(), ...machineOfTune(), models: [...models], settings };
  const isBusy = othersShare > MAX_OTHERS_SHARE;
  const file = isBusy ? null : await storeOrWarn(flags.data, { stored, log });
  if (isBusy)
    log.warn(
      `Other programs used ${percentText(othersShare)} of the processors during the measurement, so nothing is stored. Run it again when they are done`,
    );
  const note =
    file === null
      ? ''
      : `stored in ${displayPath(file)}: filters of this data folder use them unless a setting overrides them\n`;
  await writeOut(
    flags.json === true
      ? `${JSON.stringify({ ...stored, batches, layouts, othersShare, file })}\n`
      : `${resultText(result)}\n${note}`,
  );
  return file === null ? EXIT.incomplete : EXIT.done;
}

/** Returns null if the result cannot be stored. It is printed all the same, because it took a minute to measure. */
async function storeOrWarn(
  dataDir: string,
  { stored, log }: { stored: Tune; log: CommandContext['log'] },
): Promise<string | null> {
  try {
    return await writeTune(dataDir, stored);
  } catch (error) {
    const { 'filter.threads': threads, 'filter.batchCrops': batchCrops } = stored.settings;
    log.warn(
      `Cannot store the tuned settings in '${dataDir}': ${messageOf(error)}. Pass --set filter.threads=${threads} --set filter.batchCrops=${batchCrops} to use them for one command`,
    );
    return null;
  }
}

function cpuMs(): number {
  const { user, system } = process.cpuUsage();
  return (user + system) / 1_000;
}

function tellStep(step: string): void {
  process.stderr.write(`measuring: ${step}\n`);
}

async function membersOf(models: readonly string[]): Promise<MemberSpec[]> {
  const table = await loadClassTable();
  return Promise.all(
    models.map(async (name) => {
      const card = await cardFor(name);
      const classes = await classesOfCard(card, table);
      return { ...specOf(card, classes), mask: Array.from({ length: classes.count }, (_, i) => i) };
    }),
  );
}

function resultText({ batches, layouts, batchCrops, threads }: TuneResult): string {
  const models = [...new Set(batches.map(({ model }) => model))];
  const sizes = [...new Set(batches.map(({ crops }) => crops))];
  const timeOf = (model: string, crops: number): string =>
    batches.find((each) => each.model === model && each.crops === crops)?.msPerCrop.toFixed(2) ?? '';
  return [
    tableText(
      ['ms a crop, by crops a pass', ...sizes.map(String)],
      models.map((model) => [model, ...sizes.map((crops) => timeOf(model, crops))]),
    ),
    tableText(
      ['threads', 'crops/s'],
      layouts.map(({ threads: count, cropsPerSecond }) => [count, cropsPerSecond.toFixed(1)]),
    ),
    `filter.batchCrops ${batchCrops}, filter.threads ${threads}`,
  ].join('\n');
}

import type { Command } from 'commander';
import { threadsOf } from '../../core/models/engine/ensemble.process.ts';
import type { Comparison } from '../evaluate/compare.process.ts';
import { plural, percentText, writeResult } from '../../core/cli/text/output.ts';
import { tableText } from '../../core/cli/text/table.ts';
import { withProgress, type ProgressLine } from '../../core/cli/text/progress.ts';
import { addPlainCommand, runCommand, type CommandContext } from '../../core/cli/start/context.ts';
import { neededText, optionalText, type FlagsOf } from '../../core/cli/start/flags.ts';

const HELP = `
The paper's two members have similar accuracies on clean photos. The command warns if two models are more than 2
points apart. The folder has a folder for each class, as for \`winnow evaluate\`. Each model chooses among the
classes of the photos, unless you name others with --among. Photos of classes that --among does not name are left
out.

Examples:
  winnow models compare --clean imagenet/val --models efficientnet-lite1,lite1-a --among imagenet-a
  winnow models compare --clean birds/val --json
`;

const COMPARE = {
  clean: neededText('dir', 'photos that show their classes: a folder for each class'),
  models: optionalText('names', 'models with commas between them (default: all that are ready and know the classes)'),
  among: optionalText('list', 'classes to choose among, as for evaluate (default: the classes of the photos)'),
};

export function addModelsCompareCommand(models: Command): void {
  addPlainCommand(models, 'compare', 'Measure models side by side on the same clean photos')
    .flags(COMPARE)
    .addHelpText('after', HELP)
    .run((flags) => runCommand(flags, (context) => compare(flags, context)));
}

async function compare(flags: FlagsOf<typeof COMPARE>, { loaded, log, signal }: CommandContext): Promise<void> {
  const { filter, fetch } = loaded.config;
  // These load ONNX Runtime.
  const { requireProvider } = await import('../../core/platform/onnx/providers.ts');
  const { compareModels } = await import('../evaluate/compare.process.ts');
  const provider = await requireProvider(filter, log);
  const lines = new Map<string, ProgressLine>();
  const names = flags.models?.split(',').map((name) => name.trim()) ?? null;
  const result = await withProgress(
    () => [...lines.values()],
    () =>
      compareModels(
        { clean: flags.clean, models: names, among: flags.among ?? null },
        {
          threads: threadsOf(filter.threads),
          cropsPerPass: filter.batchCrops,
          provider,
          maxPixels: fetch.maxPixels,
          signal,
          onProgress: ({ model, done, total }) => void lines.set(model, { label: model, done, total, note: '' }),
          onUnreadable: (file, reason) => log.warn({ file, reason }, 'a photo cannot be used'),
        },
      ),
  );
  for (const remark of result.remarks) log.warn(remark);
  if (!result.isSimilar) log.warn(differenceText(result));
  await writeResult(flags, result, () => textOf(result));
}

function differenceText({ spread, similar, models }: Comparison): string {
  const [best, worst] = [models[0]?.model, models.at(-1)?.model];
  return `'${best}' and '${worst}' are ${(100 * spread).toFixed(1)} points apart on clean photos, more than ${100 * similar}: the paper filters with members of similar accuracy`;
}

function textOf({ classes, models, leftOut }: Comparison): string {
  const rows = models.map(({ model, accuracy, accuracyLow, accuracyHigh }) => [
    model,
    percentText(accuracy),
    `${percentText(accuracyLow)} to ${percentText(accuracyHigh)}`,
  ]);
  return [
    `${plural(models[0]?.photos ?? 0, 'photo')}, ${plural(classes, 'class', 'classes')} to choose among\n`,
    tableText(['model', 'accuracy', '95 % interval (Wilson)'], rows),
    ...leftOut.map(({ model, reason }) => `left out ${model}: ${reason}\n`),
  ].join('');
}

import { type Command, InvalidArgumentError } from 'commander';
import * as z from 'zod';
import { threadsOf } from '../../core/models/engine/ensemble.process.ts';
import type { Finetuned, FinetuneProgress } from '../evaluate/finetune/finetune.process.ts';
import { displayPath } from '../../core/config/root.ts';
import { linesText, percentText, plural, writeResult } from '../../core/cli/text/output.ts';
import { tableText } from '../../core/cli/text/table.ts';
import { withProgress, type ProgressLine } from '../../core/cli/text/progress.ts';
import { addPlainCommand, runCommand, type CommandContext } from '../../core/cli/start/context.ts';
import { either, neededText, option, optionalText, type FlagsOf } from '../../core/cli/start/flags.ts';

const HELP = `
Fits a linear layer (a head) on what a model computes before its own last layer, for any classes. The head is a
model like any other: name it in the ensemble of a collection, where it shares the forward passes of its backbone.
It needs no catalogue and no network. --train has a folder of photos for each class, named by its wnid or by a
name of your own, as torchvision's ImageFolder takes it.

The fit is multinomial logistic regression in double precision, to a gradient norm of 1e-6. --l2 is the penalty
of scikit-learn's LogisticRegression with C = 1/l2 (with two classes C = 2/l2). Without --val a tenth of each
class is held out and measured with a head fitted on the rest; the head that is stored is fitted on all photos.
Features are cached in the data folder by the hash of the photo, so that another fit on them takes seconds.
Hashes of all photos of --train and --val stay beside the head: collections with the head drop these photos as
in-reference-set, and report and evaluate leave them out of its figures. The same photo under two classes is a
warning that names both files and both classes.

Exit codes: 0 done, 1 the model cannot be loaded, 2 the photos or flags cannot be used, 130 interrupted.

Examples:
  winnow finetune --backbone efficientnet-lite0 --train birds/train --val birds/val --name birds-lite0
  winnow finetune --backbone efficientnet-lite1 --train imagenet/train --classes imagenet-a --name lite1-a
  winnow finetune --backbone efficientnet-lite1 --train photos --name mine --l2 10 --class-weights --json | jq .valAccuracy
`;

const FINETUNE = {
  backbone: neededText('name', 'a registered model whose card names an output `features`'),
  train: neededText('dir', 'photos to fit the head with: a folder for each class'),
  val: optionalText('dir', 'photos to measure the head with (default: a held-out tenth of --train)'),
  classes: optionalText(
    'list',
    'classes to use: imagenet-1k, imagenet-a, imagenet-o, a file with one class a line, or names of folders with commas between them (default: all folders of --train)',
  ),
  name: neededText('name', 'the name of the new model in collections'),
  l2: option(z.number().default(1), 'number', { help: 'penalty on the squares of the weights', parse: penalty }),
  classWeights: either(false, 'give each class the same weight, whatever its number of photos'),
  seed: option(z.number().default(1), 'number', { help: 'chooses the held-out tenth', parse: digits }),
  licence: option(z.string().default('unknown'), 'spdx id', 'licence of the weights'),
};

export function addFinetuneCommand(program: Command): void {
  addPlainCommand(program, 'finetune', "Fit a linear head on a model's features, for classes of your own")
    .flags(FINETUNE)
    .addHelpText('after', HELP)
    .run((flags) => runCommand(flags, (context) => run(flags, context)));
}

function penalty(text: string): number {
  const value = Number(text);
  if (text.trim() !== '' && value > 0 && Number.isFinite(value)) return value;
  throw new InvalidArgumentError(`Expected a number above 0 but received '${text}'.`);
}

function digits(text: string): number {
  if (/^\d{1,9}$/.test(text)) return Number(text);
  throw new InvalidArgumentError(`Expected a whole number of at most 9 digits but received '${text}'.`);
}

async function run(flags: FlagsOf<typeof FINETUNE>, { loaded, log, signal }: CommandContext): Promise<void> {
  const { filter, fetch } = loaded.config;
  // These load ONNX Runtime.
  const { requireProvider } = await import('../../core/platform/onnx/providers.ts');
  const { finetune } = await import('../evaluate/finetune/finetune.process.ts');
  const provider = await requireProvider(filter, log);
  const fitProgress = new Float64Array(new SharedArrayBuffer(2 * Float64Array.BYTES_PER_ELEMENT));
  const { backbone, train, val = null, classes = null, name, l2, classWeights: isBalanced, seed, licence } = flags;
  let progress: FinetuneProgress | null = null;
  const result = await withProgress(
    () => progressLines(progress, fitProgress),
    () =>
      finetune(
        { backbone, train, val, classes, name, l2, licence, isBalanced, seed },
        {
          dataDir: flags.data,
          threads: threadsOf(filter.threads),
          cropsPerPass: filter.batchCrops,
          provider,
          maxPixels: fetch.maxPixels,
          signal,
          log,
          fitProgress,
          onProgress: (now) => {
            progress = now;
          },
        },
      ),
  );
  for (const remark of result.remarks) log.warn(remark);
  await writeResult(flags, jsonOf(result), () => textOf(result));
}

function progressLines(progress: FinetuneProgress | null, [iterations = 0, norm = 0]: Float64Array): ProgressLine[] {
  if (progress === null) return [];
  const { what, done, total } = progress;
  const note = what === 'fit' && iterations > 0 ? `iteration ${iterations}, gradient ${norm.toExponential(1)}` : '';
  return [{ label: what, done, total, note }];
}

function jsonOf(finetuned: Finetuned): object {
  const { name, card, classes, head, train, val, validation, featureSeconds, fitSeconds } = finetuned;
  const ofVal = (measure: keyof Finetuned['train']): number | null => val?.[measure] ?? null;
  return {
    name,
    card,
    photos: train.photos,
    classes: classes.length,
    trainAccuracy: train.accuracy,
    trainLogLoss: train.logLoss,
    validation,
    valPhotos: val?.photos ?? 0,
    valAccuracy: ofVal('accuracy'),
    valAccuracyLow: ofVal('accuracyLow'),
    valAccuracyHigh: ofVal('accuracyHigh'),
    valLogLoss: ofVal('logLoss'),
    valRmsCalibrationError: ofVal('rmsCalibrationError'),
    iterations: head.iterations,
    gradientNorm: head.gradientNorm,
    references: finetuned.references,
    underTwoClasses: finetuned.underTwoClasses,
    seconds: featureSeconds + fitSeconds,
    featureSeconds,
    fitSeconds,
  };
}

function rowOf(what: string, measures: Finetuned['train']): string[] {
  return [
    what,
    String(measures.photos),
    percentText(measures.accuracy),
    `${percentText(measures.accuracyLow)} to ${percentText(measures.accuracyHigh)}`,
    measures.logLoss.toFixed(4),
    percentText(measures.rmsCalibrationError),
  ];
}

function textOf(finetuned: Finetuned): string {
  const { name, card, classes, head, train, val, validation, featureSeconds, fitSeconds } = finetuned;
  const heads = ['photos of', 'photos', 'accuracy', '95 % interval', 'log loss', 'RMS calibration error'];
  const ofVal = validation === 'folder' ? '--val' : 'the held-out tenth';
  const rows = [rowOf('--train', train), ...(val === null ? [] : [rowOf(ofVal, val)])];
  return [
    tableText(heads, rows),
    '\n',
    linesText([
      val === null && 'no class has three different photos, so none is held out: give --val to measure the head',
      val !== null &&
        validation === 'held-out' &&
        'the held-out tenth was measured with a head fitted on the rest; the stored head is fitted on all photos',
      `fit     ${plural(classes.length, 'class', 'classes')}, ${plural(head.iterations, 'iteration')} to a gradient norm of ${head.gradientNorm.toExponential(1)}`,
      `time    features ${featureSeconds.toFixed(1)} s, fit ${fitSeconds.toFixed(1)} s`,
      `card    ${displayPath(card)}`,
      `photos  hashes of ${plural(finetuned.references, 'photo')} are kept beside the card: collections with this head drop them`,
      `added '${name}': to use it, name it in the 'ensemble' of a collection, or winnow collection init NAME --model ${name} --from DIR`,
    ]),
  ].join('');
}

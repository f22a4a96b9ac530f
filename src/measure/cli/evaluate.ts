import type { Command } from 'commander';
import * as z from 'zod';
import { threadsOf } from '../../core/models/engine/ensemble.process.ts';
import { evaluateSet, type SetEvaluation } from '../evaluate/evaluate-set.process.ts';
import { estimateOf, type Estimated } from '../charts/estimate.ts';
import type { Judge } from '../evaluate/judge.process.ts';
import { LOGITS_ARE } from '../evaluate/logits/read-answers.process.ts';
import { UsageError } from '../../core/kernel/errors.ts';
import { writeResult, linesText, percentText, plural } from '../../core/cli/text/output.ts';
import { withSteps } from '../../core/cli/text/progress.ts';
import { addPlainCommand, runCommand, type CommandContext } from '../../core/cli/start/context.ts';
import { either, option, optionalText, type FlagsOf } from '../../core/cli/start/flags.ts';
import type { ClassAccuracy, OodMeasures } from '../evaluate/evaluation.ts';
import { calibrationBins } from '../evaluate/metrics/calibration.ts';
import { fittedText, oodListsText } from '../../core/kernel/texts.ts';
import { tableText } from '../../core/cli/text/table.ts';

const HELP = `
Measures a model on a set of photos: accuracy, calibration, and by class. With photos that are in the
distribution it also measures how well the model's confidence tells the set's photos from them. The set is
an export of winnow, or a folder with a folder of photos for each class that is named by its wnid (jpg, jpeg,
png, webp), as torchvision's ImageFolder takes it. It needs no network, no catalogue and no data folder.

The model is one of \`winnow models list\`, which sees the centre crop of each photo. Or it is a file that
another program wrote: logits or probabilities, which the numbers tell (--logits-are decides where they do
not), a row for each photo, a column for each of the 1,000
classes of ImageNet-1k or for each of the classes to choose among, in the order of their wnids. Files are
npy, npz (the array 'logits'), csv (maybe with a header of wnids or class names, and file names first) or parquet (a column
for each class, or one of lists). Rows come in the order of the sorted file names, or by the names in the
file or in --files. docs/evaluate.md shows how PyTorch writes one.

A head (\`winnow finetune\`) is not measured on photos that it was fitted or validated with: it counts and leaves
out those with the same bytes or the same picture.

Exit codes: 0 done, 1 the model cannot be loaded, 2 the set or the file cannot be used, 130 interrupted.

Examples:
  winnow evaluate exports/imagenet-a --model efficientnet-lite2
  winnow evaluate exports/imagenet-a --logits vit.npy
  winnow evaluate imagenet-a --logits vit.csv --among imagenet-a --json | jq .accuracy
  winnow evaluate exports/imagenet-a --logits vit.npy --multi-label
  winnow evaluate imagenet-o --logits o.npy --in-distribution val --in-logits val.npy --among imagenet-o
`;

const EVALUATE = {
  model: optionalText('name', 'a registered model'),
  logits: optionalText('file', 'what another program computed: npy, npz, csv or parquet'),
  logitsAre: option(z.enum(LOGITS_ARE).default('auto'), 'kind', 'what the files of logits hold'),
  files: optionalText('file', 'the names of the photos in the order of the rows, one a line'),
  inDistribution: optionalText('dir', 'photos that show the classes, to measure detection'),
  inLogits: optionalText('file', 'the same as --logits, for the photos of --in-distribution'),
  inFiles: optionalText('file', 'the same as --files, for the rows of --in-logits'),
  among: optionalText(
    'list',
    "classes to choose among: imagenet-1k, imagenet-a, imagenet-o, a file with one class a line, or wnids with commas between them (default: an export's own, in mode O those of its collection; else imagenet-1k)",
  ),
  multiLabel: either(false, 'count every class as right that reviewers see on a photo (also_wnids of an export)'),
};

type EvaluateFlags = FlagsOf<typeof EVALUATE>;

export function addEvaluateCommand(program: Command): void {
  addPlainCommand(program, 'evaluate', 'Measure a model on an exported set or on a folder of photos')
    .argument('<dir>', 'an export of winnow, or a folder with a folder for each class')
    .flags(EVALUATE)
    .addHelpText('after', HELP)
    .run((flags, dir: string) => runCommand(flags, (context) => evaluate(dir, flags, context)));
}

async function evaluate(dir: string, flags: EvaluateFlags, { loaded, log, signal }: CommandContext): Promise<void> {
  const judge = judgeOf(flags);
  const { filter, fetch } = loaded.config;
  // This loads ONNX Runtime, which most commands do not need.
  const { requireProvider } = await import('../../core/platform/onnx/providers.ts');
  const provider = judge.kind === 'model' ? await requireProvider(filter, log) : 'cpu';
  const result: SetEvaluation = await withSteps((onProgress) =>
    evaluateSet(dir, judge, {
      among: flags.among ?? null,
      inDistribution: flags.inDistribution ?? null,
      isMultiLabel: flags.multiLabel,
      threads: threadsOf(filter.threads),
      cropsPerPass: filter.batchCrops,
      provider,
      maxPixels: fetch.maxPixels,
      signal,
      onProgress,
      onUnreadable: (file, reason) => log.warn({ file, reason }, 'a photo cannot be evaluated'),
    }),
  );
  if (flags.json === true) for (const sentence of result.assumed) log.info(sentence);
  await writeResult(flags, result.evaluation, () => evaluationText(result));
}

function judgeOf(flags: EvaluateFlags): Judge {
  const { model, logits, files, inLogits, inFiles, logitsAre } = flags;
  const problem = flagProblems(flags).find(([isWrong]) => isWrong)?.[1];
  if (problem !== undefined) throw new UsageError(problem, { code: 'wrong-flags' });
  if (logits === undefined) return { kind: 'model', name: model ?? '' };
  return {
    kind: 'logits',
    set: { file: logits, names: files ?? null },
    inDistribution: inLogits === undefined ? null : { file: inLogits, names: inFiles ?? null },
    logitsAre,
  };
}

function flagProblems(flags: EvaluateFlags): readonly (readonly [boolean, string])[] {
  const has = (flag: keyof EvaluateFlags): boolean => flags[flag] !== undefined;
  return [
    [
      has('model') && (has('logits') || has('inLogits')),
      'Give either --model or files of logits: a file says what some other model has computed',
    ],
    [
      !has('model') && !has('logits'),
      'Name what to evaluate: --model NAME (`winnow models list` lists them) or --logits FILE',
    ],
    [
      flags.logitsAre !== 'auto' && !has('logits'),
      '--logits-are says what is in the file of --logits: add --logits FILE',
    ],
    [has('files') && !has('logits'), '--files names the rows of --logits: add --logits FILE'],
    [has('inLogits') && !has('inDistribution'), '--in-logits needs its photos: add --in-distribution DIR'],
    [has('inFiles') && !has('inLogits'), '--in-files names the rows of --in-logits: add --in-logits FILE'],
    [
      has('logits') && has('inDistribution') && !has('inLogits'),
      '--logits says nothing of the photos of --in-distribution: add --in-logits FILE',
    ],
  ];
}

const LISTED = 5;

function evaluationText({ evaluation, assumed, nameOf }: SetEvaluation): string {
  const { model, photos, perClass, ood, oodReason, fitted } = evaluation;
  return [
    `${model} on ${plural(photos, 'photo')}${fitted === null ? '' : `; ${fittedText(fitted)}`}\n`,
    tableText(['measure', 'value', ''], [...measureRows(evaluation), ...(ood === null ? [] : oodRows(ood))]),
    classesText(perClass, nameOf),
    ood === null
      ? linesText([oodReason !== undefined && `no AUROC and AUPR: ${oodReason}`])
      : linesText([
          `\nout of distribution: ${plural(ood.positives, 'photo')} against ${plural(ood.negatives, 'photo')} in the distribution; ${ood.polarity}; ${oodListsText(ood)}`,
        ]),
    linesText(['\nassumed:', ...assumed.map((sentence) => `  ${sentence}`)]),
  ].join('');
}

type Row = readonly [string, string, string];

const SIGNED_GAP = 'signed gap';
const BY_RULE = '0 by rule: the filter dropped every photo that a crop of this member gets right';

function measureRows(evaluation: SetEvaluation['evaluation']): Row[] {
  const { accuracy, accuracyHigh, accuracyMultiLabel = null, photos } = evaluation;
  const isOneBin = calibrationBins(photos) === 1;
  const byRule = evaluation.accuracyByRule === true;
  const rows: readonly (readonly [string, number | null, string])[] = [
    ['accuracy', accuracy, byRule ? BY_RULE : `${between(evaluation, 'accuracy')} (Wilson)`],
    [
      'top-5 accuracy',
      evaluation.top5Accuracy ?? null,
      `${between(evaluation, 'top5Accuracy')} (Wilson); the right class is among the first five`,
    ],
    [
      'any valid class',
      accuracyMultiLabel,
      `${between(evaluation, 'accuracyMultiLabel')}; also right: other classes that reviewers see`,
    ],
    ['macro accuracy', evaluation.macroAccuracy, 'mean of the classes'],
    [
      'RMS calibration error',
      evaluation.rmsCalibrationError,
      `a calibrated model shows at most ${percentText(evaluation.rmsCalibrationErrorIfCalibrated)} in 95 of 100 cases; corrected: ${isOneBin ? 'one bin, because there are fewer than 200 photos' : 'all bins of 100 photos'}`,
    ],
    ['RMS calibration error', evaluation.rmsCalibrationErrorUpstream, 'upstream-compatible: without the last bin'],
    [SIGNED_GAP, evaluation.signedGap, 'mean confidence minus accuracy'],
    ['AURRA', evaluation.aurra, `${between(evaluation, 'aurra')}, area under the response rate accuracy curve`],
    ['soft-F1', evaluation.softF1, between(evaluation, 'softF1')],
  ];
  return rows.flatMap(([name, value, note]): Row[] => {
    if (value !== null) return [[name, name === SIGNED_GAP ? pointsText(value) : percentText(value), note]];
    const most = byRule ? '' : `; the accuracy is at most ${percentText(accuracyHigh)} (Wilson)`;
    return name === 'AURRA' && accuracy === 0 ? [[name, '-', `no answer is right${most}`]] : [];
  });
}

const pointsText = (difference: number): string => `${(100 * difference).toFixed(1)} points`;

const OOD_ROWS = [
  ['AUROC', 'auroc', 'auroc', ''],
  ['AUPR', 'aupr', 'aupr', ''],
  ['FPR95', 'fpr95Nearest', 'fpr95', 'nearest to 95 % recall, as upstream, '],
  ['FPR95', 'fpr95First', 'fpr95', 'at least 95 % recall, '],
] as const;

function oodRows(ood: OodMeasures): Row[] {
  return OOD_ROWS.map(([name, key, chance, where]) => [
    name,
    percentText(ood[key]),
    `${between(ood, key)}, ${where}chance ${percentText(ood.chance[chance])}`,
  ]);
}

function between<Name extends string>(record: Estimated<Name>, name: Name): string {
  const { low, high } = estimateOf(record, name);
  return `95 % interval ${percentText(low)} to ${percentText(high)}`;
}

function classesText(perClass: readonly ClassAccuracy[], nameOf: SetEvaluation['nameOf']): string {
  if (perClass.length === 0) return '';
  const sorted = perClass.toSorted((a, b) => a.accuracy - b.accuracy || b.photos - a.photos);
  const rowsOf = (classes: readonly ClassAccuracy[]): (string | number)[][] =>
    classes.map(({ wnid, photos, accuracy }) => [wnid, nameOf(wnid), photos, percentText(accuracy)]);
  const head = ['wnid', 'class', 'photos', 'accuracy'];
  if (sorted.length <= 2 * LISTED) return `\n${tableText(head, rowsOf(sorted))}`;
  const worst = sorted.slice(0, LISTED);
  const best = perClass.toSorted((a, b) => b.accuracy - a.accuracy || b.photos - a.photos).slice(0, LISTED);
  return `\nworst of ${plural(sorted.length, 'class', 'classes')}:\n${tableText(head, rowsOf(worst))}\nbest:\n${tableText(head, rowsOf(best))}`;
}

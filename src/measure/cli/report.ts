import type { Command } from 'commander';
import { REPORT } from '../library/options.ts';
import { reportAndRecord } from '../library/report.process.ts';
import type { WrittenReport } from '../report/write-report.process.ts';
import { classNameOf, type Workspace } from '../../core/models/workspace/workspace.process.ts';
import { displayPath } from '../../core/config/root.ts';
import type { ModelReport, Report, ReportedPhotos } from '../report/report.ts';
import { estimateOf, type Estimated } from '../charts/estimate.ts';
import { nextLines } from '../../core/status/status.process.ts';
import { fittedText, oodListsText } from '../../core/kernel/texts.ts';
import { countText, linesText, percentText, plural, shellWord, writeResult } from '../../core/cli/text/output.ts';
import { tableText } from '../../core/cli/text/table.ts';
import { withSteps } from '../../core/cli/text/progress.ts';
import { addCommand, runOnCollection } from '../../core/cli/start/context.ts';
import type { Mode } from '../../core/kernel/mode.ts';

const HELP = `
Writes what a paper's section of experiments would say of the collection: report.html to read,
report.json and csv/ to compute with, figures/ as SVG and PNG to paste. It is about the photos that
reviewers accepted or, while none is, about the listed ones.

Every installed model that was no member of the ensemble looks at all ten crops of each photo, and at the
centre crops of the clean photos. What it says is kept, so the next report only runs it on new photos.
A head is measured without the photos that it was fitted or validated on, and the report says how many these are.

The report also says what the set would be without each member of the ensemble. For that --fill runs the crops that
no decision needed, and that are therefore not stored. Decisions stay as they are.

DIR has one folder a class, named by wnid, as the validation set of ImageNet has.

In mode O the rule of the filter is over the 1,000 classes. AUROC and AUPR are over the collection's own (--among
names others), as in the paper, and use the photos of --in-distribution that show one of these.

Examples:
  winnow report --collection imagenet-a --out reports/v1
  winnow report --collection imagenet-a --out reports/v1 --clean imagenet/val
  winnow report --collection imagenet-a --out reports/v1 --fill
  winnow report --collection imagenet-o --out reports/o1 --in-distribution imagenet/val
  winnow report --collection birds --out reports/v1 --models efficientnet-lite2,resnet18-v1-7
`;

export function addReportCommand(program: Command): void {
  addCommand(program, 'report', 'Report how hard the set is, for which models, and why')
    .flags(REPORT.shape)
    .addHelpText('after', HELP)
    .run((flags) =>
      runOnCollection(flags, { name: 'report', access: flags.fill ? 'use' : 'read' }, async (workspace, { signal }) => {
        const written = await reportWithProgress(workspace, { ...flags, signal });
        await writeResult(
          flags,
          written.report,
          async () => reportText(written, workspace) + (await nextLines(workspace)),
        );
      }),
    );
}

export function reportWithProgress(
  workspace: Workspace,
  options: Parameters<typeof reportAndRecord>[1],
): Promise<WrittenReport> {
  return withSteps((onProgress) => reportAndRecord(workspace, { ...options, onProgress }));
}

const SET_TEXT: Readonly<Record<ReportedPhotos, string>> = {
  accepted: 'accepted',
  listed: 'listed',
  kept: 'kept by the filter',
};

function reportText({ report, path: folderPath }: WrittenReport, { collection }: Workspace): string {
  const { set, confusion, leftOut } = report;
  const folder = shellWord(displayPath(folderPath));
  return linesText([
    `${plural(set.photos, 'photo')} ${SET_TEXT[set.which]}, ${plural(set.classes, 'class', 'classes')} of ${collection.name}`,
    set.which !== 'accepted' &&
      report.funnel.totals.selected === 0 &&
      'No photo is accepted yet. winnow review is the human step.',
    '',
    modelsText(report).trimEnd(),
    ...report.models.flatMap(({ ood }) => (ood === null ? [] : [oodListsText(ood)])).slice(0, 1),
    ...report.models.flatMap(({ model, fitted }) => (fitted === null ? [] : [`${model}: ${fittedText(fitted)}`])),
    '',
    `confusions: ${countText(confusion.cells)} of ${countText(confusion.possible)} possible${topText(report, collection)}`,
    ...leftOut.map(({ model, reason }) => `left out: ${model}, because ${reason}`),
    MODEL_TEXTS[report.mode].hintOf(report),
    `read:  ${folder}/report.html`,
  ]);
}

const MODEL_TEXTS = {
  A: {
    heads: ['accuracy', 'clean', 'drop'],
    cellsOf: accuracyCells,
    hintOf: ({ clean }: Report) => clean === null && 'Add --clean DIR to see how far accuracy drops.',
  },
  O: {
    heads: ['AUROC', 'AUPR', 'FPR95'],
    cellsOf: oodCells,
    hintOf: ({ inDistribution }: Report) =>
      inDistribution === null && 'Add --in-distribution DIR for AUROC, AUPR and FPR95.',
  },
} satisfies Record<Mode, object>;

function modelsText({ mode, models }: Report): string {
  const { heads, cellsOf } = MODEL_TEXTS[mode];
  return tableText(
    ['model', '', 'photos', ...heads],
    models.map((model) => [model.model, roleOf(model), countText(model.photos), ...cellsOf(model)]),
  );
}

function roleOf({ isMember, sharesBackbone }: ModelReport): string {
  if (isMember) return 'member';
  return sharesBackbone ? "over a member's backbone" : '';
}

function oodCells({ ood }: ModelReport): string[] {
  if (ood === null) return ['', '', ''];
  return [
    ...(['auroc', 'aupr'] as const).map(
      (name) => `${withInterval(ood, name)}, chance ${(100 * ood.chance[name]).toFixed(1)}`,
    ),
    percentText(ood.fpr95Nearest),
  ];
}

function accuracyCells(model: ModelReport): string[] {
  return [
    model.accuracyByRule === true ? '0 by rule' : withInterval(model, 'accuracy'),
    withInterval(model, 'clean'),
    model.drop === null ? '' : `${(100 * model.drop).toFixed(1)} points`,
  ];
}

/** `3.3 % (1.3 to 8.1)` */
export function withInterval<Name extends string>(record: Estimated<Name>, name: Name): string {
  const { value, low, high } = estimateOf(record, name);
  if (value === null) return '';
  return `${percentText(value)} (${(100 * (low ?? 0)).toFixed(1)} to ${(100 * (high ?? 1)).toFixed(1)})`;
}

function topText({ confusion }: Report, collection: Workspace['collection']): string {
  const [top] = confusion.top;
  if (top === undefined) return '';
  return `, most often ${classNameOf(collection, top.wnid)} as ${classNameOf(collection, top.predictedWnid)} (${countText(top.photos)})`;
}

import path from 'node:path';
import type { Command } from 'commander';
import { displayPath, packageRoot } from '../../core/config/root.ts';
import { exportEvidence } from '../evidence/export.process.ts';
import type { Plan } from '../evidence/format.ts';
import { planEvidence, type EvidencePlanOptions } from '../evidence/plan.process.ts';
import type { Workspace } from '../../core/models/workspace/workspace.process.ts';
import { addCommand, runOnCollection } from '../../core/cli/start/context.ts';
import { neededText, option, wholeNumber, type FlagsOf } from '../../core/cli/start/flags.ts';
import { whereFlags } from '../../core/cli/crawl/crawl.ts';
import { linesText, plural, shellWord, writeResult } from '../../core/cli/text/output.ts';
import { withProgress } from '../../core/cli/text/progress.ts';
import { addEvidenceImportCommand } from './import.ts';

const PLAN_HELP = `
The folder gets plan.json, which says for each model of the collection how to get from the bytes of a photo
to logits, and plan/part-*.parquet: the undecided photos, where their bytes are, and which models lack
evidence of them. workers/evidence.py runs a plan on Ray (one machine, or RAY_ADDRESS), docs/clusters.md
describes it to the byte. The catalogue stays as it is.

A shard is done by one process, and only whole shards are kept after a kill. An interrupted plan leaves no
folder, a killed one a folder whose name ends in .unfinished: delete it.

Examples:
  winnow evidence plan --collection imagenet-a --out plan-1
  winnow evidence plan --collection imagenet-a --out plan-2 --shard-rows 500
`;

const EXPORT_HELP = `
Writes stored logits in the files that winnow evidence import reads, and pandas, DuckDB and Spark. A photo is
in them with each model that has the logits of all ten crops: photos that were kept or imported and, after a
filter with --set filter.evaluate=all, those that any other setting of the rule could keep. The others were
dropped whatever the setting, so winnow stored no logits for them. Their number is printed.

Example:
  winnow evidence export --collection imagenet-a --out evidence
`;

const WORKER = displayPath(path.join(packageRoot, 'workers/evidence.py'));

/** Logits of a shard take 80 bytes for each photo, model and class. */
const SHARD_ROWS = 2_000;

const WRITING = {
  out: neededText('dir', 'a new or empty folder'),
  shardRows: option(wholeNumber(1, 1_000_000).default(SHARD_ROWS), 'n', 'photos in one file'),
};

type WriteFlags = FlagsOf<typeof WRITING>;

export function addEvidenceCommand(program: Command): void {
  const evidence = program
    .command('evidence')
    .description(
      'Have models run by other engines, such as Ray or Spark: plan the work, import the logits, export stored ones',
    );
  addCommand(evidence, 'plan', 'Write the undecided photos and the recipes of the models, for another engine')
    .flags(WRITING)
    .addHelpText('after', PLAN_HELP)
    .run(plan);
  addEvidenceImportCommand(evidence);
  addCommand(evidence, 'export', 'Write the stored logits as Parquet')
    .flags(WRITING)
    .addHelpText('after', EXPORT_HELP)
    .run(exported);
}

function writing<T>(
  flags: WriteFlags,
  write: (workspace: Workspace, options: EvidencePlanOptions) => Promise<T>,
  show: (result: T, where: string) => Promise<void>,
): Promise<void> {
  return runOnCollection(flags, { name: 'evidence', access: 'use' }, async (workspace, context) => {
    let done = 0;
    const onProgress = (photos: number): void => void (done = photos);
    const result = await withProgress(
      () => [{ label: 'photos', done, total: null, note: '' }],
      () => write(workspace, { ...flags, signal: context.signal, onProgress }),
    );
    await show(result, whereFlags(context));
  });
}

function plan(flags: WriteFlags): Promise<void> {
  return writing(flags, planEvidence, (made, where) =>
    writeResult(flags, summaryOf(made), () => planText(made, shellWord(flags.out), where)),
  );
}

function planText(made: Plan, folder: string, where: string): string {
  if (made.photos === 0) return `no photo is left to evaluate: ${folder} has a plan without photos\n`;
  return linesText([
    `${plural(made.photos, 'photo')} in ${plural(made.shards.length, 'shard')} for ${namesOf(made).join(' and ')}`,
    `next: python ${shellWord(WORKER)} ${folder}`,
    `      winnow evidence import ${folder} ${where}`,
  ]);
}

function exported(flags: WriteFlags): Promise<void> {
  return writing(flags, exportEvidence, ({ plan: made, crops, withoutLogits }) =>
    writeResult(flags, { ...summaryOf(made), crops, withoutLogits }, () =>
      linesText([
        `${plural(crops, 'crop')} of ${plural(made.photos, 'photo')} in ${plural(made.shards.length, 'file')}`,
        withoutLogits > 0 &&
          `not written: ${plural(withoutLogits, 'photo')} without the logits of all ten crops (--help says why)`,
      ]),
    ),
  );
}

function summaryOf(made: Plan): Record<string, unknown> {
  return { id: made.id, photos: made.photos, shards: made.shards.length, members: namesOf(made) };
}

function namesOf({ members }: Plan): string[] {
  return members.map(({ member }) => member);
}

import type { Command } from 'commander';
import type { ImportSummary } from '../../library/import.process.ts';
import type { ImportConflict } from '../../review/import/import.process.ts';
import type { ImportedVerdict } from '../../review/import/imported-verdict.ts';
import { nextText } from '../../kernel/next-step.ts';
import { plural, writeResult, EXIT } from '../text/output.ts';
import { tableText } from '../text/table.ts';
import { addCommand, runOnWinnow } from '../start/context.ts';
import type { FlagsOf } from '../start/flags.ts';
import { VERDICTS_IMPORT } from '../../library/options.ts';

const HELP = `
The content of the file says what it is:
  a CSV table     With a header. Columns, by name: sha256, wnid (or a class's name) and verdict (accept,
                  reject or unsure); optional are reason (of a reject), reviewer, note and at (a time
                  with its zone). sha256 is that of the stored photo or of its file in an export.
  Label Studio    The export JSON or JSON-MIN of a project that was made from the tasks of
                  winnow shortlist --format label-studio. The class searched as accepts the photo, the
                  predicted class and neither reject it. (Mode O: the predicted class rejects it as
                  in-distribution, neither is unsure.) Skipped tasks do not count.
  FiftyOne        The samples.json, or the folder, of a FiftyOneDataset export of the dataset of
                  winnow shortlist --format fiftyone. A verdict is a tag of the sample (accept, unsure,
                  reject, or with its reason reject:wrong-class), or the label of a Classification named
                  verdict.

Each verdict becomes the review of its reviewer, beside those that there are. If a row, task or sample is
wrong, nothing is imported. A verdict that contradicts what its reviewer has said before is reported, and
nothing is overwritten; so is one about a photo that is not on the shortlist. The exit code is then 1.
An import may bring verdicts of people with tokens (server.people), who said them elsewhere: a warning names
them.

Examples:
  winnow verdicts import verdicts.csv --collection imagenet-a
  winnow verdicts import project-1-at-2026-11-26.json --collection imagenet-a
  winnow verdicts import exported/samples.json --reviewer ana --collection imagenet-a
`;

export function addVerdictsImportCommand(verdicts: Command): void {
  addCommand(verdicts, 'import', 'Read verdicts from a CSV table, Label Studio or FiftyOne')
    .flags(VERDICTS_IMPORT.shape)
    .argument('<file>', 'a table, an export of Label Studio, or a FiftyOne dataset')
    .addHelpText('after', HELP)
    .run(importFrom);
}

async function importFrom(flags: FlagsOf<typeof VERDICTS_IMPORT.shape>, file: string): Promise<void> {
  await runOnWinnow(flags, { name: 'verdicts', access: 'use' }, async (winnow) => {
    const result = await winnow.importVerdicts(file, flags);
    const { next } = await winnow.status();
    await writeResult(flags, result, () => importText(result) + nextText(next));
    return result.conflicts.length + result.notListed.length === 0 ? EXIT.done : EXIT.incomplete;
  });
}

const ROWS_SHOWN = 10;

export function importText(result: ImportSummary): string {
  const { imported, known, conflicts, notListed, unanswered, skipped, ofPeople } = result;
  return [
    `${plural(imported, 'verdict')} imported, ${plural(known, 'verdict')} known before\n`,
    unanswered > 0 ? `without an answer: ${unanswered}\n` : '',
    skipped > 0 ? `skipped by their reviewers: ${skipped}\n` : '',
    ofPeople.length > 0
      ? `warning: ${ofPeople.map((name) => `'${name}'`).join(', ')} in the file: people with these names have tokens (server.people), and the verdicts count as theirs; import only what they said\n`
      : '',
    problemText(
      `${plural(conflicts.length, 'verdict')} against what the reviewer has said before; nothing was changed`,
      conflicts,
      conflictCells,
    ),
    problemText(
      `${plural(notListed.length, 'verdict')} about photos that are not on the shortlist`,
      notListed,
      (row) => [...rowCells(row), ''],
    ),
  ].join('');
}

function problemText<Row>(title: string, rows: readonly Row[], cellsOf: (row: Row) => string[]): string {
  if (rows.length === 0) return '';
  const more =
    rows.length > ROWS_SHOWN ? `and ${plural(rows.length - ROWS_SHOWN, 'row')} more (--json lists all)\n` : '';
  const table = tableText(
    ['place', 'class', 'photo', 'reviewer', 'verdict', 'said before'],
    rows.slice(0, ROWS_SHOWN).map(cellsOf),
  );
  return `${title}:\n${table}${more}`;
}

function rowCells({ line, item, wnid, sha256, reviewer, verdict, reason }: ImportedVerdict): string[] {
  return [item ?? `line ${line}`, wnid, sha256.slice(0, 12), reviewer, verdictText({ verdict, reason })];
}

function conflictCells({ row, stored }: ImportConflict): string[] {
  return [...rowCells(row), verdictText(stored)];
}

function verdictText({ verdict, reason }: Pick<ImportedVerdict, 'verdict' | 'reason'>): string {
  return reason === null ? verdict : `${verdict} (${reason})`;
}

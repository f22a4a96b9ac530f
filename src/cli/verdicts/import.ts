import type { Command } from 'commander';
import { importVerdicts, type ImportConflict, type ImportResult } from '../../review/import.process.ts';
import { readVerdicts } from '../../review/read-verdicts.process.ts';
import type { ImportedVerdict } from '../../review/verdict-csv.ts';
import { plural, tableText, writeResult } from '../output.ts';
import { addCommand, runWithCollection, withWorkspace, type GlobalFlags } from '../start/context.ts';
import { EXIT } from '../start/exit.ts';

const HELP = `
The file is a CSV table with a header. Columns, by name: sha256, wnid (or a class's name) and verdict
(accept, reject or unsure); optional are reason (of a reject), reviewer, note and at (a time with its zone).
Each row becomes the review of its reviewer, beside those that there are. If a row is wrong, nothing is
imported. A row that contradicts what its reviewer has said before is reported, and nothing is overwritten;
so is a row about a photo that is not on the shortlist. The exit code is then 1.

Example:
  winnow verdicts import verdicts.csv --collection imagenet-a
`;

export function addVerdictsImportCommand(verdicts: Command): void {
  addCommand(verdicts, 'import', 'Read verdicts from a CSV table')
    .argument('<file>', 'the table')
    .addHelpText('after', HELP)
    .action((file: string, _: GlobalFlags, command: Command) =>
      importFrom(file, command.optsWithGlobals<GlobalFlags>()),
    );
}

async function importFrom(file: string, flags: GlobalFlags): Promise<void> {
  await runWithCollection(flags, {}, async (context) => {
    const { mode, subjects } = context.collection;
    const rows = await readVerdicts(file, { mode, resolveClass: subjects.resolveLabel });
    return withWorkspace(context, { name: 'verdicts', access: 'use' }, async ({ app, scope }) => {
      const result = await importVerdicts(app.db, scope.collectionId, rows);
      await writeResult(flags, result, () => importText(result));
      return result.conflicts.length + result.notListed.length === 0 ? EXIT.done : EXIT.incomplete;
    });
  });
}

const ROWS_SHOWN = 10;

function importText({ imported, known, conflicts, notListed }: ImportResult): string {
  return [
    `${plural(imported, 'verdict')} imported, ${plural(known, 'verdict')} known before\n`,
    problemText(
      `${plural(conflicts.length, 'row')} contradict what the reviewer has said before; nothing was changed`,
      conflicts,
      conflictCells,
    ),
    problemText(`${plural(notListed.length, 'row')} about photos that are not on the shortlist`, notListed, (row) => [
      ...rowCells(row),
      '',
    ]),
  ].join('');
}

function problemText<Row>(title: string, rows: readonly Row[], cellsOf: (row: Row) => (string | number)[]): string {
  if (rows.length === 0) return '';
  const more =
    rows.length > ROWS_SHOWN ? `and ${plural(rows.length - ROWS_SHOWN, 'row')} more (--json lists all)\n` : '';
  const table = tableText(
    ['line', 'class', 'photo', 'reviewer', 'verdict', 'said before'],
    rows.slice(0, ROWS_SHOWN).map(cellsOf),
  );
  return `${title}:\n${table}${more}`;
}

function rowCells({ line, wnid, sha256, reviewer, verdict, reason }: ImportedVerdict): (string | number)[] {
  return [line, wnid, sha256.slice(0, 12), reviewer, verdictText({ verdict, reason })];
}

function conflictCells({ row, stored }: ImportConflict): (string | number)[] {
  return [...rowCells(row), verdictText(stored)];
}

function verdictText({ verdict, reason }: Pick<ImportedVerdict, 'verdict' | 'reason'>): string {
  return reason === null ? verdict : `${verdict} (${reason})`;
}

import type { PhotoRow } from '../select/photo-row.ts';
import { rowOf, type ExportContent, type RowIndex } from './content.process.ts';
import { CONTROL_METADATA, METADATA, photoPath, PROTOCOL } from '../layout.ts';
import { linesOf } from '../../kernel/lines.ts';
import { controlProblems, rowProblems, rowRules, type RowProblem } from './row-checks.ts';
import { differ, Tally } from './tally.ts';
import { throwIfInterrupted } from '../../kernel/errors.ts';
import { checking } from './findings.ts';

/**
 * Checks the rows of test/metadata.jsonl, and their totals against protocol.json. Lines that are no rows, and rows with
 * the file name or id of an earlier one, are not in the index afterwards.
 */
export async function checkMetadata(content: ExportContent): Promise<void> {
  const { findings, protocol, rows } = content;
  const tally = new Tally();
  const rules = rowRules(protocol);
  for (const check of ['class-order', 'licence', 'duplicate'] as const) findings.begin(check);
  await checking(content, { check: 'metadata', file: METADATA }, async () => {
    for await (const { row } of readRows(content, { index: rows, problemsOf: (one) => rowProblems(one, rules) }))
      tally.add(row);
  });
  findings.breaches('count', PROTOCOL, tally.countProblems(protocol));
  findings.breaches('cap', METADATA, tally.confusions.problems(protocol.rule.cap));
}

interface Rows {
  readonly index: RowIndex;
  readonly problemsOf: (row: PhotoRow) => RowProblem[];
}

/** The rows of a file that can be read, each with its place. Adds them to the index, and checks each alone and their order. */
async function* readRows(
  { folder, findings, signal }: ExportContent,
  { index, problemsOf }: Rows,
): AsyncGenerator<{ readonly row: PhotoRow; readonly place: string }> {
  let previous = '';
  for await (const line of linesOf(folder.chunks(index.file))) {
    throwIfInterrupted(signal);
    const place = `${index.file}:${line.number}`;
    const row = rowOf(line.text);
    if (typeof row === 'string') {
      findings.breach('metadata', place, row);
      continue;
    }
    for (const { check, detail } of problemsOf(row)) findings.breach(check, place, detail);
    const key = `${row.wnid}/${row.id}`;
    if (key <= previous)
      findings.breach(
        'metadata',
        place,
        `Expected rows in the order of folder and id but '${key}' follows '${previous}'`,
      );
    previous = key;
    const twice = index.add(row, line);
    if (twice !== null) findings.breach('duplicate', place, `Expected each photo once but ${twice}`);
    if (row.evidence === 'imported') findings.importedRows += 1;
    yield { row, place };
  }
}

/** Checks the rows of control/metadata.jsonl, after those of the set. */
export async function checkControls(content: ExportContent): Promise<void> {
  const { findings, protocol, rows, controls } = content;
  const { control } = protocol;
  if (control === undefined) return;
  const licences = new Set<string>();
  const importedBefore = findings.importedRows;
  await checking(content, { check: 'metadata', file: CONTROL_METADATA }, async () => {
    const checked: Rows = { index: controls, problemsOf: (one) => controlProblems(one, rowRules(protocol)) };
    for await (const { row, place } of readRows(content, checked)) {
      if (rows.positionOfHash(row.original_sha256) !== undefined)
        findings.breach('duplicate', place, `Expected a control that is not in ${METADATA} but '${row.file_name}' is`);
      licences.add(row.license);
    }
  });
  const found = [...licences].toSorted();
  if (JSON.stringify(found) !== JSON.stringify(control.licences))
    findings.breach(
      'licence',
      PROTOCOL,
      `Expected the licences ${found.join(', ')} of controls but received ${control.licences.join(', ')}`,
    );
  const imported = findings.importedRows - importedBefore;
  const [photos, withImported] = [control.photos, protocol.imported?.controls ?? 0];
  findings.breaches('count', PROTOCOL, [
    photos !== controls.count && differ("controls 'all'", photos, controls.count),
    withImported !== imported && differ("controls with imported 'evidence'", withImported, imported),
  ]);
}

export function checkClassFolders({ folder, findings, protocol }: ExportContent): void {
  const expected = new Set(protocol.options.pixels ? protocol.classes.map(({ wnid }) => photoPath(wnid)) : []);
  const found = new Set(folder.folders.filter((each) => each.startsWith('test/')));
  for (const each of expected)
    if (!found.has(each))
      findings.breach('class-order', each, 'Expected a folder for this class of protocol.json but there is none');
  for (const each of found)
    if (!expected.has(each))
      findings.breach('class-order', each, 'Expected folders of the classes of protocol.json only');
}

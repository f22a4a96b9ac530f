import { createReadStream } from 'node:fs';
import { quote } from '../config/quote.ts';
import { messageOf, UsageError } from '../kernel/errors.ts';
import { csvRows, listRows } from '../source/csv-rows.process.ts';
import { withoutMark } from '../source/inflate.process.ts';
import { readVerdictRow, VERDICT_COLUMNS, type ImportedVerdict, type VerdictRules } from './verdict-csv.ts';

const PROBLEMS_SHOWN = 10;

/**
 * Reads a whole table of verdicts. If any row is wrong, nothing is returned, so that no half of a table is imported.
 *
 * @throws UsageError `verdicts-csv`: the file cannot be read, or a sentence for each of the first wrong rows
 */
export async function readVerdicts(file: string, rules: VerdictRules): Promise<ImportedVerdict[]> {
  const text = await withoutMark(createReadStream(file)).catch((error: unknown) => unusable(file, messageOf(error)));
  if (text === null) return unusable(file, 'it is UTF-16; save it as UTF-8');
  const describeError = (error: unknown): never => unusable(file, messageOf(error));
  const rows = listRows(csvRows(text, { delimiter: ',', isQuoted: true, encoding: 'utf8', describeError }), {
    fieldOfName: new Map(VERDICT_COLUMNS.map((name) => [name, name])),
    required: ['sha256', 'wnid', 'verdict'],
    separatedBy: 'commas',
    where: file,
    advice: 'reason, reviewer, note and at are optional columns',
    code: CODE,
    unusable: (received) => new UsageError(`Cannot read the header of ${quote(file)}: ${received}.`, { code: CODE }),
  });
  const verdicts: ImportedVerdict[] = [];
  const problems: string[] = [];
  for await (const row of rows) {
    const read = readVerdictRow(row, rules);
    if ('problem' in read) problems.push(`line ${row.line}: ${read.problem}`);
    else verdicts.push(read);
  }
  if (problems.length > 0) throw wrongRows(file, problems);
  return verdicts;
}

const CODE = 'verdicts-csv';

function unusable(file: string, why: string): never {
  throw new UsageError(`Cannot read the verdicts in ${quote(file)}: ${why}. Give a CSV table.`, { code: CODE });
}

function wrongRows(file: string, problems: readonly string[]): UsageError {
  const more = problems.length > PROBLEMS_SHOWN ? [`and ${problems.length - PROBLEMS_SHOWN} more`] : [];
  const lines = [...problems.slice(0, PROBLEMS_SHOWN), ...more].map((problem) => `  ${problem}`);
  return new UsageError(
    `Nothing was imported from ${file}. Correct these lines and import it again:\n${lines.join('\n')}`,
    {
      code: CODE,
    },
  );
}

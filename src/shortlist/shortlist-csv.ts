import { stringify } from 'csv-stringify/sync';
import type { ShortlistRow } from './shortlist.ts';

/** Typed by the record's keys, so that a field that is renamed there cannot be forgotten here. */
const COLUMNS = [
  'rank',
  'wnid',
  'sha256',
  'state',
  'reason',
  'twinSha256',
  'confusionWnid',
  'maxTrueProb',
  'confusionProb',
  'alsoIn',
] as const satisfies readonly (keyof ShortlistRow)[];

/**
 * `shortlist.csv`: a header, one line a row in the order given, `\n` line ends, UTF-8 when written.
 *
 * Null is an empty cell. Numbers have the shortest digits that read back as the same double. `alsoIn` is joined with
 * `|`. Cells are quoted only where CSV needs it. Nothing is done against spreadsheet formulas: all cells are ids, words
 * of ours and numbers, and a quoting apostrophe would change an id.
 */
export function shortlistCsv(rows: readonly ShortlistRow[]): string {
  const records = rows.map((row) => ({ ...row, alsoIn: row.alsoIn.join('|') }));
  return stringify(records, { header: true, columns: [...COLUMNS], record_delimiter: '\n' });
}

import { stringify } from 'csv-stringify/sync';
import type { ShortlistRow } from './shortlist.ts';
import type { ListedPhoto } from './shortlist.repository.ts';

/** One line of `shortlist --json` and `shortlist.csv`: a row, and where the photo was found. */
export type ShortlistLine = ShortlistRow & Pick<ListedPhoto, 'source' | 'sourceId'>;

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
  'source',
  'sourceId',
] as const satisfies readonly (keyof ShortlistLine)[];

/**
 * `shortlist.csv`: a header, one line a row in the order given, `\n` line ends, UTF-8 when written.
 *
 * Null is an empty cell. Numbers have the shortest digits that read back as the same double. `alsoIn` is joined with
 * `|`. Cells are quoted only where CSV needs it. Nothing is done against spreadsheet formulas: cells are ids, words of
 * ours and numbers, and a quoting apostrophe would change an id.
 */
export function shortlistCsv(rows: readonly ShortlistLine[]): string {
  const records = rows.map((row) => ({ ...row, alsoIn: row.alsoIn.join('|') }));
  return stringify(records, { header: true, columns: columnsOf(rows), record_delimiter: '\n' });
}

/** The fields of a line and no others, in their order. */
export function shortlistLine(line: ShortlistLine): Record<string, unknown> {
  return Object.fromEntries(columnsOf([line]).map((column) => [column, line[column]]));
}

/** `twinBy` only where features are compared, so that other tables are what they always were. */
function columnsOf(rows: readonly ShortlistLine[]): (keyof ShortlistLine)[] {
  return rows.some((row) => row.twinBy !== undefined) ? [...COLUMNS, 'twinBy'] : [...COLUMNS];
}

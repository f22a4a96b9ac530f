import { stringify } from 'csv-stringify/sync';
import { legacyName } from './legacy-name.ts';
import type { ShortlistRow } from './shortlist.ts';
import type { ListedPhoto } from './shortlist.repository.ts';

/** One line of `shortlist --json` and `shortlist.csv`: a row, and where the photo was found. */
export type ShortlistLine = ShortlistRow & Pick<ListedPhoto, 'source' | 'sourceId'>;

/** Typed by the record's keys, so that a renamed field fails to compile here. */
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
 * `shortlist.csv`: a header, one line for each row in the given order, `\n` line ends, UTF-8 when written.
 *
 * Null is an empty cell. Numbers have the shortest digits that read back as the same double. `alsoIn` is joined with
 * `|`. Cells are quoted only where CSV needs it. There is no protection against spreadsheet formulas: a quoting
 * apostrophe would change an id, such as the path of a folder's photo.
 */
export function shortlistCsv(rows: readonly ShortlistLine[]): string {
  const records = rows.map((row) => ({ ...withName(row), alsoIn: row.alsoIn.join('|') }));
  return stringify(records, { header: true, columns: columnsOf(rows), record_delimiter: '\n' });
}

/** Exactly the fields of a line, in their order. */
export function shortlistLine(line: ShortlistLine): Record<string, unknown> {
  const named = withName(line);
  return Object.fromEntries(columnsOf([line]).map((column) => [column, named[column]]));
}

type NamedLine = ShortlistLine & { readonly legacyName: string | null };

function withName(line: ShortlistLine): NamedLine {
  return { ...line, legacyName: legacyName(line) };
}

/** `twinBy` only if features are compared, `legacyName` only in mode O, so that other tables do not change. */
function columnsOf(rows: readonly ShortlistLine[]): (keyof NamedLine)[] {
  return [
    ...COLUMNS,
    ...(rows.some((row) => row.twinBy !== undefined) ? (['twinBy'] as const) : []),
    ...(rows.some((row) => legacyName(row) !== null) ? (['legacyName'] as const) : []),
  ];
}

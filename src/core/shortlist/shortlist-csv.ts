import { stringify } from 'csv-stringify/sync';
import { ROW_COLUMNS, type ShortlistRow } from './shortlist.ts';
import type { Rights } from './photo-of-class.repository.ts';

/** One line of `shortlist --json` and `shortlist.csv`: a row, and where the photo was found. */
export type ShortlistLine = ShortlistRow & { readonly rights: Pick<Rights, 'source' | 'sourceId'> };

/**
 * Lines end with a line feed. Null is an empty cell. Numbers have the shortest digits that read back as the same double.
 * `alsoIn` is joined with `|`. Cells are quoted only where CSV needs it.
 *
 * @param isSafe puts an apostrophe before cells that a spreadsheet would run as a formula. It changes ids, so files lack it
 */
export function shortlistCsv(rows: readonly ShortlistLine[], isSafe = false): string {
  const records = rows.map((row) => ({
    ...row,
    ...row.rights,
    legacyName: legacyName(row),
    alsoIn: row.alsoIn.join('|'),
  }));
  return stringify(records, {
    header: true,
    columns: columnsOf(rows),
    record_delimiter: '\n',
    escape_formulas: isSafe,
  });
}

/** Exactly the fields of a line, in their order. */
export function shortlistLine(line: ShortlistLine): Record<string, unknown> {
  const named: Readonly<Record<string, unknown>> = { ...line, ...line.rights, legacyName: legacyName(line) };
  return Object.fromEntries(columnsOf([line]).map((column) => [column, named[column]]));
}

/** `twinBy` only if features are compared, `legacyName` only in mode O, so that other tables do not change. */
function columnsOf(rows: readonly ShortlistLine[]): string[] {
  return [
    ...ROW_COLUMNS,
    'source',
    'sourceId',
    ...(rows.some((row) => row.twinBy !== undefined) ? ['twinBy'] : []),
    ...(rows.some((row) => legacyName(row) !== null) ? ['legacyName'] : []),
  ];
}

/**
 * The name that the released ImageNet-O gives a photo, `<concept>_<confidence>.JPEG` (its author, in issues 2 and 3 of
 * hendrycks/natural-adv-examples), for scripts that read it. Two photos may have the same name, and WebDataset cuts
 * keys at the first dot, so new sets should use other names. Null in mode A, where names contain the predictions of two
 * models.
 */
function legacyName({ wnid, maxTrueProb, confusionProb }: ShortlistRow): string | null {
  return maxTrueProb === null ? `${wnid}_${confusionProb.toFixed(6)}.JPEG` : null;
}

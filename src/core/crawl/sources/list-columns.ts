import { UsageError } from '../../kernel/errors.ts';
import { normaliseLicence } from '../../collection/licence.ts';
import { pageAddress } from './picture-address.ts';
import { dayOf, uploadDayOf } from './day.ts';
import type { PhotoDates, SourceRights } from './source.ts';

/** Columns of lists that people write. Names are compared without case and surrounding blanks. Unknown columns are ignored. */

/** Columns about the rights in a photo and its dates: each name in lower case, and the field that it fills. */
export const RIGHTS_FIELDS: readonly (readonly [name: string, field: string])[] = [
  ['license', 'licence'],
  ['licence', 'licence'],
  ['creator', 'creator'],
  ['pageurl', 'pageUrl'],
  ['page_url', 'pageUrl'],
  ['takenat', 'takenAt'],
  ['taken_at', 'takenAt'],
  ['uploadedat', 'uploadedAt'],
  ['uploaded_at', 'uploadedAt'],
];

export interface ColumnRules {
  /** Each column name in lower case, and the field that it fills. */
  readonly fieldOfName: ReadonlyMap<string, string>;
  /** Fields that must have a column of the same name. */
  readonly required: readonly string[];
  /** The separator in messages: `commas`. */
  readonly separatedBy: string;
  readonly where: string;
  readonly advice: string;
  readonly code: string;
  /** Converts a name of the header to text. By default the name is text already. */
  readonly shown?: (name: string) => string;
  readonly unusable: (received: string) => UsageError;
}

export interface ListColumns {
  /** How many cells each row must have. */
  readonly count: number;
  /** The column of each field that the header names. */
  readonly of: ReadonlyMap<string, number>;
}

/** Reads a header. Throws a UsageError if a required column is missing, or if two columns fill the same field. */
export function readColumns(header: readonly string[], rules: ColumnRules): ListColumns {
  const { fieldOfName, required, where, shown = String } = rules;
  const names = header.map((name) => shown(name).trim());
  const received = JSON.stringify(names.join(',').slice(0, 200));
  const of = new Map<string, number>();
  for (const [column, name] of names.entries()) {
    const field = fieldOfName.get(name.toLowerCase());
    if (field !== undefined && of.has(field)) {
      const message = `Expected one column for '${field}' in line 1 of ${where} but received two in ${received}`;
      throw new UsageError(message, { code: rules.code });
    }
    if (field !== undefined) of.set(field, column);
  }
  const missing = required.filter((field) => !of.has(field));
  if (missing.length === 0) return { count: names.length, of };
  throw new UsageError(
    `Expected a header with the columns '${required.join("' and '")}', separated by ${rules.separatedBy}, in line 1 of ` +
      `${where} but received ${received}, without '${missing.join("' and '")}'; ${rules.advice}`,
    { code: rules.code },
  );
}

export interface ListRow {
  /** The line on which the row begins, from 1. */
  readonly line: number;
  /** The row's text as far as it could be read. It distinguishes the row from the same line of another list. */
  readonly content: string;
  readonly error: string | null;
  /** The values by field. Fields that the row lacks are missing. Empty if the row is not valid. */
  readonly values: ReadonlyMap<string, string>;
}

export function unreadRow(line: number, content: string, error: string): ListRow {
  return { line, content, error, values: new Map() };
}

export const REST_UNREAD = 'nothing from here on was read';

/** A row of a table. It is refused if it has too few or too many cells, because its cells may have shifted. */
export function listRow(
  { line, cells, error }: { readonly line: number; readonly cells: readonly string[]; readonly error: string | null },
  { count, of }: ListColumns,
): ListRow {
  const content = cells.join('\t');
  if (error !== null) return unreadRow(line, content, `${error}; ${REST_UNREAD}`);
  if (cells.length !== count) {
    return unreadRow(line, content, `expected ${count} cells, as in the header, but received ${cells.length}`);
  }
  return { line, content, error, values: new Map([...of].map(([field, column]) => [field, cells[column] ?? ''])) };
}

/** The rights and dates that a row states. A page must be an http(s) address, because it is shown as a link; others are left out. */
export function rightsOf(text: (field: string) => string): SourceRights & PhotoDates {
  const { id, url } = normaliseLicence(text('licence'));
  return {
    licence: id,
    licenceUrl: url,
    creator: text('creator').trim() || null,
    pageUrl: pageAddress(text('pageUrl')),
    takenAt: dayOf(text('takenAt')),
    uploadedAt: uploadDayOf(text('uploadedAt')),
  };
}

/** The longest class. Classes are keys in the catalogue, and PostgreSQL indexes strings of up to some 2,700 bytes. */
const LONGEST_LABEL = 200;

export function labelProblem(label: string): string | null {
  if (label.length <= LONGEST_LABEL) return null;
  return `expected a class of at most ${LONGEST_LABEL} characters but received ${label.length}`;
}

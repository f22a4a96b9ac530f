import { UsageError } from '../../kernel/errors.ts';
import { normaliseLicence } from '../licence.ts';
import type { PhotoProblem, Rights } from '../source.ts';
import { showPath } from './byte-path.ts';
import type { BytePath } from './byte-path.ts';
import { outsideFolder, unreadable } from './folder-entry.ts';

/** The header's names in lower case, and the field that each fills; all other columns are ignored. */
const FIELD_OF_NAME = new Map([
  ['file', 'file'],
  ['wnid', 'wnid'],
  ['license', 'licence'],
  ['licence', 'licence'],
  ['creator', 'creator'],
  ['pageurl', 'pageUrl'],
  ['page_url', 'pageUrl'],
]);

export interface LabelColumns {
  /** How many cells each row must have. */
  readonly count: number;
  /** The column of each field that the header names. */
  readonly of: ReadonlyMap<string, number>;
}

/**
 * Reads the header of labels.csv. Names count whatever their case and the spaces around them. Throws a UsageError if
 * `file` or `wnid` is missing, or if two columns would fill one field. `where` names the file, for the message.
 */
export function readHeader(cells: readonly BytePath[], where: string): LabelColumns {
  const names = cells.map((cell) => showPath(cell).trim());
  const received = JSON.stringify(names.join(',').slice(0, 200));
  const of = new Map<string, number>();
  for (const [column, name] of names.entries()) {
    const field = FIELD_OF_NAME.get(name.toLowerCase());
    if (field !== undefined && of.has(field)) {
      throw headerError(`Expected one column for '${field}' in line 1 of ${where} but received two in ${received}`);
    }
    if (field !== undefined) of.set(field, column);
  }
  const missing = ['file', 'wnid'].filter((field) => !of.has(field));
  if (missing.length === 0) return { count: cells.length, of };
  throw headerError(
    `Expected a header with the columns 'file' and 'wnid', separated by commas, in line 1 of ${where} but received ` +
      `${received}, without '${missing.join("' and '")}'; add what is missing, or move the file away to take classes from folder names`,
  );
}

function headerError(message: string): UsageError {
  return new UsageError(message, { code: 'labels-csv-header' });
}

export interface LabelRow {
  /** The listed path without empty parts and `.`; as listed if there is a problem; null if the row names none. */
  readonly relative: BytePath | null;
  readonly label: string;
  readonly rights: Rights;
  readonly problem: PhotoProblem | null;
}

/**
 * Reads a row of labels.csv; does not look at the disk. A path that is absolute or has `..` in it is outside the folder
 * wherever it would end, and a row with too few or too many cells is not believed, as its cells may have shifted.
 */
export function readRow(cells: readonly BytePath[], columns: LabelColumns): LabelRow {
  if (cells.length !== columns.count) {
    const detail = `expected ${columns.count} cells, as in the header, but received ${cells.length}`;
    return { relative: null, label: '', rights: rightsOf(() => ''), problem: unreadable(detail) };
  }
  const cell = (field: string): BytePath => cells[columns.of.get(field) ?? -1] ?? '';
  const text = (field: string): string => showPath(cell(field)).trim();
  const row = { label: text('wnid'), rights: rightsOf(text) };
  const file = cell('file');
  if (file.trim() === '')
    return { ...row, relative: null, problem: unreadable('expected a path for file but received nothing') };
  const parts = file.split('/').filter((part) => part !== '' && part !== '.');
  const problem = pathProblem(file, parts);
  return { ...row, relative: problem === null ? parts.join('/') : file, problem };
}

function pathProblem(file: BytePath, parts: readonly BytePath[]): PhotoProblem | null {
  if (file.startsWith('/')) return outsideFolder('expected a path relative to the folder but received an absolute one');
  if (parts.includes('..')) return outsideFolder("expected a path below the folder but received one with '..' in it");
  if (file.includes('\0')) return unreadable('expected a path but received one with the character U+0000 in it');
  return parts.length === 0 ? unreadable('is a directory, the folder itself') : null;
}

/** A page that is no http(s) address is left out: it is shown as a link. */
function rightsOf(text: (field: string) => string): Rights {
  const { id, url } = normaliseLicence(text('licence'));
  const page = text('pageUrl');
  return {
    licence: id,
    licenceUrl: url,
    creator: text('creator') || null,
    pageUrl: /^https?:\/\//i.test(page) && URL.canParse(page) ? page : null,
  };
}

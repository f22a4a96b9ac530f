import { labelProblem, RIGHTS_FIELDS, rightsOf, type ColumnRules, type ListRow } from '../list-columns.ts';
import { NO_RIGHTS, unreadablePhoto, type SourceRights } from '../source.ts';
import type { PhotoProblem } from '../../../kernel/reasons.ts';
import { showPath, type BytePath } from './byte-path.ts';
import { outsideFolder } from './folder-entry.ts';

const FIELD_OF_NAME = new Map([['file', 'file'], ['wnid', 'wnid'], ...RIGHTS_FIELDS]);

export function labelRules(where: string): Omit<ColumnRules, 'unusable'> {
  return {
    fieldOfName: FIELD_OF_NAME,
    required: ['file', 'wnid'],
    separatedBy: 'commas',
    where,
    advice: 'add what is missing, or move the file away to take classes from folder names',
    code: 'labels-csv-header',
    shown: showPath,
  };
}

export interface LabelRow {
  /** The listed path without empty parts and `.`. If there is a problem, the path as listed. Null if the row has no path. */
  readonly relative: BytePath | null;
  readonly label: string;
  readonly rights: SourceRights;
  readonly problem: PhotoProblem | null;
}

/** Without the disk: a path that is absolute or contains `..` counts as outside the folder, wherever it leads. */
export function readRow({ error, values }: ListRow): LabelRow {
  if (error !== null) return { relative: null, label: '', rights: NO_RIGHTS, problem: unreadablePhoto(error) };
  const text = (field: string): string => showPath(values.get(field) ?? '').trim();
  const label = text('wnid');
  const misfit = labelProblem(label);
  const row = { label: misfit === null ? label : '', rights: rightsOf(text) };
  const file: BytePath = values.get('file') ?? '';
  if (file.trim() === '')
    return { ...row, relative: null, problem: unreadablePhoto('expected a path for file but received nothing') };
  const parts = file.split('/').filter((part) => part !== '' && part !== '.');
  const problem = pathProblem(file, parts) ?? (misfit === null ? null : unreadablePhoto(misfit));
  return { ...row, relative: problem === null ? parts.join('/') : file, problem };
}

function pathProblem(file: BytePath, parts: readonly BytePath[]): PhotoProblem | null {
  if (file.startsWith('/')) return outsideFolder('expected a path relative to the folder but received an absolute one');
  if (parts.includes('..')) return outsideFolder("expected a path below the folder but received one with '..' in it");
  if (file.includes('\0')) return unreadablePhoto('expected a path but received one with the character U+0000 in it');
  return parts.length === 0 ? unreadablePhoto('is a directory, the folder itself') : null;
}

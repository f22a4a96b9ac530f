import { createHash } from 'node:crypto';
import { labelProblem, RIGHTS_FIELDS, rightsOf } from '../list-columns.ts';
import { pictureAddress } from '../picture-address.ts';
import type { FoundPhoto, PhotoProblem } from '../source.ts';
import { shortText, storableText } from '../text.ts';

const URLS = 'urls';

/** Names in lower case, and the field that each fills; all others are ignored. */
export const FIELD_OF_NAME: ReadonlyMap<string, string> = new Map([['url', 'url'], ['wnid', 'wnid'], ...RIGHTS_FIELDS]);
export const REQUIRED_FIELDS: readonly string[] = ['url', 'wnid'];

/** A row of a list, whatever its format. */
export type ListRow = ReadRow | UnreadRow;

export interface ReadRow {
  /** Where it begins, from 1. */
  readonly line: number;
  /** By field; what the row lacks is not in it. */
  readonly values: ReadonlyMap<string, string>;
}

export interface UnreadRow {
  readonly line: number;
  /** What it is, as far as it could be read, to tell it from what another list has on the same line. */
  readonly content: string;
  /** Why it cannot be used, for people. */
  readonly error: string;
}

/**
 * A row as a candidate, named by its normalised address, so that a list that is cut, sorted or merged finds the same
 * pictures. A row that cannot be used is one too, with a problem that tells its line.
 */
export function photoOfRow(row: ListRow, listName: string): FoundPhoto {
  const where = `line ${row.line} of ${listName}: `;
  if ('error' in row) return unreadPhoto(row, { listName, where });
  const text = (field: string): string => storableText(row.values.get(field) ?? '');
  const url = text('url');
  const address = pictureAddress(url);
  const label = text('wnid');
  const misfit = labelProblem(label) ?? urlProblem(url);
  const problem = address.problem ?? (misfit === null ? null : unreadable(misfit));
  return {
    source: URLS,
    ...address,
    label: labelProblem(label) === null ? label : '',
    ...rightsOf(text),
    problem: problem === null ? null : { ...problem, detail: `${where}${problem.detail}` },
  };
}

function unreadPhoto({ line, content, error }: UnreadRow, at: { listName: string; where: string }): FoundPhoto {
  const hash = createHash('sha256').update(content).digest('hex').slice(0, 16);
  return {
    source: URLS,
    sourceId: `${shortText(at.listName, 100)}:${line}@${hash}`,
    url: '',
    label: '',
    ...rightsOf(() => ''),
    problem: unreadable(`${at.where}${error}`),
  };
}

/** What stands for bytes that were no UTF-8: the address would be another one. */
function urlProblem(url: string): string | null {
  return url.includes('\u{FFFD}') ? 'expected an address in UTF-8 but received other bytes' : null;
}

function unreadable(detail: string): PhotoProblem {
  return { state: 'failed', reason: 'unreadable', detail };
}

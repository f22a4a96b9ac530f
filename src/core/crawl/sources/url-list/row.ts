import { sha256Of } from '../../../tools/sha256.ts';
import { labelProblem, RIGHTS_FIELDS, rightsOf, type ListRow, unreadRow } from '../list-columns.ts';
import { misfitPhoto, unreadablePhoto, type FoundPhoto } from '../source.ts';
import { pictureAddress } from '../picture-address.ts';
import { shortText, storableText } from '../text.ts';
import { jsonOf } from '../../../kernel/json.ts';

const URLS = 'urls';

export const FIELD_OF_NAME: ReadonlyMap<string, string> = new Map([['url', 'url'], ['wnid', 'wnid'], ...RIGHTS_FIELDS]);
export const REQUIRED_FIELDS: readonly string[] = ['url', 'wnid'];

/** Identified by its normalised address, so a list that is cut, sorted or merged yields the same pictures. */
export function photoOfRow(row: ListRow, listName: string): FoundPhoto {
  const where = `line ${row.line} of ${listName}: `;
  if (row.error !== null) {
    const hash = sha256Of(row.content).slice(0, 16);
    const sourceId = `${shortText(listName, 100)}:${row.line}@${hash}`;
    return misfitPhoto({ source: URLS, sourceId, label: '', detail: `${where}${row.error}` });
  }
  const text = (field: string): string => storableText(row.values.get(field) ?? '');
  const url = text('url');
  const address = pictureAddress(url);
  const label = text('wnid');
  const misfit = labelProblem(label) ?? urlProblem(url);
  const problem = address.problem ?? (misfit === null ? null : unreadablePhoto(misfit));
  return {
    source: URLS,
    ...address,
    label: labelProblem(label) === null ? label : '',
    ...rightsOf(text),
    problem: problem === null ? null : { ...problem, detail: `${where}${problem.detail}` },
  };
}

/** U+FFFD replaced bytes that are not UTF-8, so the real address is unknown. */
function urlProblem(url: string): string | null {
  return url.includes('\u{FFFD}') ? 'expected an address in UTF-8 but received other bytes' : null;
}

/** Reads a line of a JSON Lines list: an object whose keys are the column names, in any case. Null if the line is blank. */
export function readJsonRow(text: string, line: number): ListRow | null {
  if (text.trim() === '') return null;
  const values = valuesOf(jsonOf(text));
  return typeof values === 'string' ? unreadRow(line, text, values) : { line, content: text, error: null, values };
}

/** Reads a line that is an address. Null if it is blank or a comment (#). */
export function readTextRow(text: string, line: number, label: string): ListRow | null {
  const url = text.trim();
  if (url === '' || url.startsWith('#')) return null;
  return {
    line,
    content: text,
    error: null,
    values: new Map([
      ['url', url],
      ['wnid', label],
    ]),
  };
}

function valuesOf(json: unknown): ReadonlyMap<string, string> | string {
  if (typeof json !== 'object' || json === null || Array.isArray(json)) {
    return `expected a JSON object but received ${json === undefined ? 'no JSON' : shown(json)}`;
  }
  const values = new Map<string, string>();
  for (const [key, value] of Object.entries(json)) {
    const field = FIELD_OF_NAME.get(key.trim().toLowerCase());
    if (field === undefined || value === null) continue;
    if (values.has(field)) return `expected one key for '${field}' but received two`;
    if (typeof value !== 'string' && typeof value !== 'number') {
      return `expected text for '${field}' but received ${shown(value)}`;
    }
    values.set(field, String(value));
  }
  const missing = REQUIRED_FIELDS.filter((field) => !values.has(field));
  return missing.length === 0
    ? values
    : `expected the keys 'url' and 'wnid' but received none for '${missing.join("' and '")}'`;
}

function shown(value: unknown): string {
  return shortText(JSON.stringify(value), 60);
}

import { jsonOf } from '../../../kernel/json.ts';
import { unreadRow, type ListRow } from '../list-columns.ts';
import { shortText } from '../text.ts';
import { FIELD_OF_NAME, REQUIRED_FIELDS } from './row.ts';

/** Reads a line of a JSON Lines list: an object whose keys are the column names, in any case. Null if the line is blank. */
export function readJsonRow(text: string, line: number): ListRow | null {
  if (text.trim() === '') return null;
  const values = valuesOf(jsonOf(text));
  return typeof values === 'string' ? unreadRow(line, text, values) : { line, content: text, error: null, values };
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

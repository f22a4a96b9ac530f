/*
 * A live page shows one object. The server sends the whole object once, then only changed parts. The path of a part is its key
 * (`totals`). The path of a list's row is the key and the row's index (`classes#17`). The path `classes#` is the list's length.
 */

/** The parts of an object as JSON, by path. */
export function partsOf(whole: object): Map<string, string> {
  const parts = new Map<string, string>();
  for (const [key, value] of Object.entries(whole) as [string, unknown][]) {
    if (!Array.isArray(value)) parts.set(key, JSON.stringify(value));
    else {
      parts.set(`${key}#`, String(value.length));
      for (const [index, row] of value.entries()) parts.set(`${key}#${index}`, JSON.stringify(row));
    }
  }
  return parts;
}

/** Paths of new and changed parts. Removed rows are not listed, because the new list length implies them. */
export function changedPaths(before: ReadonlyMap<string, string>, now: ReadonlyMap<string, string>): string[] {
  return [...now.keys()].filter((path) => now.get(path) !== before.get(path));
}

/** The JSON of some parts, without paths that no longer exist. */
export function partsJson(parts: ReadonlyMap<string, string>, paths: Iterable<string>): string {
  const fields: string[] = [];
  for (const path of paths) {
    const text = parts.get(path);
    if (text !== undefined) fields.push(`${JSON.stringify(path)}:${text}`);
  }
  return `{${fields.join(',')}}`;
}

/** Merges the parts in a message into the object. Unchanged lists stay the same objects. */
export function withParts(last: object | null, message: Readonly<Record<string, unknown>>): Record<string, unknown> {
  const next: Record<string, unknown> = { ...last };
  const lists = new Map<string, unknown[]>();
  const listOf = (key: string): unknown[] => {
    const known = lists.get(key);
    if (known !== undefined) return known;
    const list: unknown[] = Array.isArray(next[key]) ? [...next[key]] : [];
    lists.set(key, list);
    next[key] = list;
    return list;
  };
  for (const [path, value] of Object.entries(message)) {
    const [key = '', index] = path.split('#');
    if (index === undefined) next[key] = value;
    else if (index === '') listOf(key).length = Number(value);
    else listOf(key)[Number(index)] = value;
  }
  return next;
}

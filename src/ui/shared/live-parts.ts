/*
 * What a live page shows is an object. The server sends all of it once, then only the parts that have changed. The path of a
 * part is its key (`totals`). The path of a row of a list is the key and its index (`classes#17`), and `classes#` is the
 * length of the list.
 */

/** The parts of an object as JSON, by their paths. */
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

/** The paths whose parts differ. Rows that are gone are not among them: the length of their list says so. */
export function changedPaths(before: ReadonlyMap<string, string>, now: ReadonlyMap<string, string>): string[] {
  return [...now.keys()].filter((path) => now.get(path) !== before.get(path));
}

/** The JSON of some parts. A path that there is no more is left out. */
export function partsText(parts: ReadonlyMap<string, string>, paths: Iterable<string>): string {
  const fields: string[] = [];
  for (const path of paths) {
    const text = parts.get(path);
    if (text !== undefined) fields.push(`${JSON.stringify(path)}:${text}`);
  }
  return `{${fields.join(',')}}`;
}

/** The object with the parts of a message. Lists that have not changed stay the same objects. */
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

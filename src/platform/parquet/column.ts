import type { SchemaElement, SchemaTree } from 'hyparquet';
import { pagesOf, type Chunk, type Leaf } from './pages.ts';
import { kindOf, type Values } from './values.ts';

export interface Column extends Leaf {
  readonly path: readonly string[];
}

/**
 * The column of values, or of lists of values, below a path of the schema. `isBytes`: texts stay bytes.
 * @throws Error if there is none
 */
export function columnAt(root: SchemaTree, path: readonly string[], isBytes = false): Column {
  const elements: SchemaElement[] = [];
  const down = (next: SchemaTree | undefined): SchemaTree => {
    if (next === undefined) throw new Error(`it has no column ${path.join('.')}`);
    elements.push(next.element);
    return next;
  };
  let node = root;
  for (const name of path) node = down(node.children.find(({ element }) => element.name === name));
  while (node.children.length === 1) node = down(node.children[0]);
  const types = elements.map(({ repetition_type }) => repetition_type);
  const at = types.indexOf('REPEATED');
  if (node.children.length > 0 || at !== types.lastIndexOf('REPEATED'))
    throw new Error(`its column ${path.join('.')} holds neither values nor lists of values`);
  const levels = (some: typeof types): number => some.filter((type) => type !== 'REQUIRED').length;
  const kind = kindOf(node.element);
  return {
    path: node.path,
    kind: isBytes && kind === 'text' ? 'bytes' : kind,
    present: levels(types),
    listed: levels(types.slice(0, at + 1)),
  };
}

/** The value or the list of each row; null if a row has none. @throws Error if the bytes contradict themselves or the limits */
export function rowsOf(chunk: Chunk, leaf: Leaf): Values {
  const pages = [...pagesOf(chunk, leaf)];
  const values = joined(pages.map((page) => page.values));
  if (values.length === chunk.count && leaf.listed === 0) return values;
  const definition = Buffer.concat(pages.map((page) => page.definition));
  if (leaf.listed === 0) return withNulls(values, definition, leaf);
  return listsOf(values, { definition, repetition: Buffer.concat(pages.map((page) => page.repetition)) }, leaf);
}

function joined(pages: readonly Values[]): Values {
  const [first = [], ...others] = pages;
  if (others.length === 0) return first;
  if (Array.isArray(first)) return pages.flatMap((page) => [...page]);
  const all = new Float64Array(pages.reduce((sum, { length }) => sum + length, 0));
  let at = 0;
  for (const page of pages) {
    if (!Array.isArray(page)) all.set(page, at);
    at += page.length;
  }
  return all;
}

function withNulls(values: Values, definition: Uint8Array, { present }: Leaf): unknown[] {
  let next = 0;
  return Array.from(definition, (level) => (level === present ? values[next++] : null));
}

function listsOf(
  values: Values,
  { repetition, definition }: { readonly repetition: Uint8Array; readonly definition: Uint8Array },
  leaf: Leaf,
): unknown[] {
  const rows: unknown[] = [];
  let next = 0;
  for (let from = 0, to = 1; from < definition.length; from = to, to = from + 1) {
    while (to < definition.length && repetition[to] !== 0) to += 1;
    const own = definition.subarray(from, to);
    const count = own.reduce((sum, level) => sum + (level === leaf.present ? 1 : 0), 0);
    const list = values.slice(next, next + count);
    next += count;
    const level = own[0] ?? 0;
    if (level < leaf.listed) rows.push(level === leaf.listed - 1 ? [] : null);
    else rows.push(count === own.length ? list : withNulls(list, own, leaf));
  }
  return rows;
}

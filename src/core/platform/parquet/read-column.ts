import type { SchemaElement, SchemaTree } from 'hyparquet';
import { parquetHeader, readPage } from 'hyparquet/src/column.js';
import { convert, DEFAULT_PARSERS } from 'hyparquet/src/convert.js';
import { getMaxRepetitionLevel, getTreePath } from 'hyparquet/src/schema.js';
import type { ColumnDecoder, DecodedArray } from 'hyparquet/src/types.js';
import { checkedPage, dataViewOf, type Chunk } from './pages.ts';

/** The nodes from the root of a schema to a column of values, or of lists of values. */
export type ColumnPath = readonly SchemaTree[];

const TYPES: ReadonlySet<unknown> = new Set(['FLOAT', 'DOUBLE', 'INT32', 'INT64', 'BYTE_ARRAY']);
const ANNOTATIONS = /^(?:UTF8|ENUM|STRING|U?INT_(?:8|16|32|64)|INTEGER)$/;

/** @throws Error if the names lead to no such column, or it holds dates, decimals or all else that is neither text nor a number */
export function columnAt(root: SchemaTree, names: readonly string[]): ColumnPath {
  const nodes = getTreePath(root, [...names]);
  while (leafOf(nodes).children.length === 1) nodes.push(...leafOf(nodes).children);
  const { children, element } = leafOf(nodes);
  const isDeep = nodes.slice(1, -2).some((node) => node.element.repetition_type === 'REPEATED');
  if (children.length > 0 || isDeep || getMaxRepetitionLevel(nodes) > 1)
    throw new Error(`its column ${names.join('.')} holds neither values nor lists of values`);
  requireKind(element);
  return nodes;
}

function requireKind({
  name,
  type = 'BOOLEAN',
  converted_type: converted,
  logical_type: logical,
  ...element
}: SchemaElement): void {
  const other = [converted, logical?.type].find((one) => one !== undefined && !ANNOTATIONS.test(one));
  const isHalf = logical?.type === 'FLOAT16' && element.type_length === 2;
  if (isHalf || (TYPES.has(type) && other === undefined)) return;
  throw new Error(`column '${name}' holds ${other ?? type}, which is neither text nor numbers`);
}

export function leafOf(column: ColumnPath): SchemaTree {
  const leaf = column.at(-1);
  if (leaf === undefined) throw new Error('Expected the path of a column but it is empty');
  return leaf;
}

/**
 * The value or list of each row; null if a row has none. Texts stay bytes unless `utf8`. The library decodes pages that were checked.
 * @throws Error if the bytes contradict themselves or the limits
 */
export function columnValues(chunk: Chunk, column: ColumnPath, utf8: boolean): unknown[] {
  const { element, path: pathInSchema } = leafOf(column);
  const about = { element, pathInSchema, schemaPath: [...column], parsers: DEFAULT_PARSERS, utf8 };
  const decoder: ColumnDecoder = { ...about, type: element.type ?? 'BOOLEAN', codec: 'UNCOMPRESSED' };
  const reader = { view: dataViewOf(chunk.bytes), offset: 0 };
  const rows: unknown[] = [];
  let dictionary: DecodedArray | undefined;
  for (let left = chunk.count; left > 0;) {
    const header = parquetHeader(reader);
    const place = { chunk, decoder, left, from: reader.offset, hasDictionary: dictionary !== undefined };
    const { bytes, count } = checkedPage(header, place);
    reader.offset += header.compressed_page_size;
    const isDictionary = header.type === 'DICTIONARY_PAGE';
    if (!isDictionary) left -= count;
    if (count === 0 && !isDictionary) continue;
    const page = { ...header, compressed_page_size: bytes.length, uncompressed_page_size: bytes.length };
    const { data = [] } = readPage({ view: dataViewOf(bytes), offset: 0 }, page, decoder, dictionary, rows, 0);
    if (isDictionary) dictionary = convert(data, decoder);
    else if (data !== rows) for (const value of data) rows.push(value);
  }
  // The library wraps a value once for each optional node above it.
  const wraps = column.slice(1, -1).filter((node) => node.element.repetition_type === 'OPTIONAL').length;
  const isLarge = element.type === 'INT64';
  return rows.map((row) => {
    let value = row;
    for (let i = 0; i < wraps; i += 1) value = Array.isArray(value) ? (value[0] ?? null) : null;
    return isLarge ? withoutBigInts(value) : value;
  });
}

function withoutBigInts(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(withoutBigInts);
  return typeof value === 'bigint' ? Number(value) : value;
}

import type { PageHeader } from 'hyparquet';
import { parquetHeader } from 'hyparquet/src/column.js';
import { decompressed } from './decompress.ts';
import { cut, readRuns } from './runs.ts';
import { plain, valuesOf, type Kind, type Values } from './values.ts';

/** How a column stores values. */
export interface Leaf {
  readonly kind: Kind;
  /** The definition level of a value. Lower ones stand for nulls. */
  readonly present: number;
  /** The definition level of an item of a list; 0 if the column has no lists. */
  readonly listed: number;
}

/** A part of a file that holds a column of a row group. */
export interface Chunk {
  readonly bytes: Uint8Array;
  readonly codec: string;
  /** Number of values, with nulls and empty lists. */
  readonly count: number;
  /** How much may still be decompressed. Each page lowers it. */
  readonly budget: { bytes: number };
}

export interface Page {
  readonly count: number;
  /** For each value 0 if it begins a row. Empty if the column has no lists. */
  readonly repetition: Uint8Array;
  readonly definition: Uint8Array;
  /** Without nulls. */
  readonly values: Values;
}

/** Sizes are compared with the limits before anything is decompressed. @throws Error */
export function* pagesOf(chunk: Chunk, leaf: Leaf): Generator<Page> {
  const { bytes, codec, count } = chunk;
  const reader = { view: viewOf(bytes), offset: 0 };
  let dictionary: Values | null = null;
  for (let left = count; left > 0;) {
    const header = parquetHeader(reader);
    const from = reader.offset;
    reader.offset += header.compressed_page_size;
    requireSizes(header, chunk, bytes.length - from);
    const body = bytes.subarray(from, reader.offset);
    const { data_page_header: first, data_page_header_v2: second, dictionary_page_header: ofDictionary } = header;
    const values = (first ?? second ?? ofDictionary)?.num_values ?? -1;
    if (ofDictionary !== undefined) {
      dictionary = plain(decompressed(codec, body, header.uncompressed_page_size), values, leaf.kind);
      continue;
    }
    if (values < 0 || values > left)
      throw new Error(`a page has ${values} values but only ${left} are left of the ${count} that the index names`);
    yield pageOf({ header, body, codec }, leaf, dictionary);
    left -= values;
  }
}

function requireSizes(
  { compressed_page_size: size, uncompressed_page_size: fullSize }: PageHeader,
  { budget }: Chunk,
  left: number,
): void {
  if (!(size >= 0 && size <= left)) throw cut();
  if (!(fullSize >= 0 && fullSize <= budget.bytes)) throw new Error('its pages are larger than its rows can need');
  budget.bytes -= fullSize;
}

interface RawPage {
  readonly header: PageHeader;
  readonly body: Uint8Array;
  readonly codec: string;
}

function pageOf({ header, body, codec }: RawPage, leaf: Leaf, dictionary: Values | null): Page {
  const { data_page_header: first, data_page_header_v2: second, uncompressed_page_size: fullSize } = header;
  const { num_values: count = 0, encoding } = first ?? second ?? {};
  let rest = first === undefined ? body : decompressed(codec, body, fullSize);
  const levels = (width: number, length: number | undefined): Uint8Array => {
    const output = new Uint8Array(width === 0 ? 0 : count);
    // The first version has the length before the levels, if there are any.
    const from = length === undefined && width > 0 ? 4 : 0;
    const to = from + (length ?? (width > 0 ? viewOf(rest).getUint32(0, true) : 0));
    if (width > 0) readRuns(rest.subarray(from, to), width, output);
    rest = rest.subarray(to);
    return output;
  };
  const repetition = levels(leaf.listed > 0 ? 1 : 0, second?.repetition_levels_byte_length);
  const definition = levels(32 - Math.clz32(leaf.present), second?.definition_levels_byte_length);
  const isPacked = second !== undefined && second.is_compressed !== false;
  const bytes = isPacked ? decompressed(codec, rest, fullSize - (body.length - rest.length)) : rest;
  const present =
    leaf.present === 0 ? count : definition.reduce((sum, level) => sum + (level === leaf.present ? 1 : 0), 0);
  return {
    count,
    repetition,
    definition,
    values: valuesOf({ bytes, encoding, count: present, kind: leaf.kind, dictionary }),
  };
}

function viewOf({ buffer, byteOffset, byteLength }: Uint8Array): DataView {
  return new DataView(buffer, byteOffset, byteLength);
}

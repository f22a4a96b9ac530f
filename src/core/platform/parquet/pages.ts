import type { PageHeader } from 'hyparquet';
import { getMaxDefinitionLevel, getMaxRepetitionLevel } from 'hyparquet/src/schema.js';
import { readVarInt } from 'hyparquet/src/thrift.js';
import type { ColumnDecoder, DataPageHeaderV2, SchemaTree } from 'hyparquet/src/types.js';
import { decompressed } from './decompress.ts';

/** A part of a file that holds a column of a row group. */
export interface Chunk {
  readonly bytes: Uint8Array;
  readonly codec: ColumnDecoder['codec'];
  /** Number of values, with nulls and empty lists. */
  readonly count: number;
  /** How much may still be decompressed. Each page lowers it. */
  readonly budget: { bytes: number };
}

/** Those that writers use unless they are asked for others. The library reads more, but some expand without a limit. */
const ENCODINGS: ReadonlySet<string> = new Set(['PLAIN', 'PLAIN_DICTIONARY', 'RLE_DICTIONARY', 'BYTE_STREAM_SPLIT']);
/** The library makes an object of 100 bytes for each text or float16 of a page. Writers put fewer into one. */
const MAX_OBJECTS = 1024 * 1024;

interface Place {
  readonly chunk: Chunk;
  readonly decoder: Pick<ColumnDecoder, 'type' | 'schemaPath'>;
  /** Where the page begins, behind its header. */
  readonly from: number;
  /** Values of the chunk that no page before had. */
  readonly left: number;
  readonly hasDictionary: boolean;
}

/**
 * The bytes of a page, decompressed, and its number of values. The library allocates and loops as these tell it to, so all that they
 * claim is compared with the limits.
 * @throws Error
 */
export function checkedPage(header: PageHeader, place: Place) {
  const { compressed_page_size: size, uncompressed_page_size: fullSize } = header;
  const { chunk, decoder, from } = place;
  if (!(size >= 0 && size <= chunk.bytes.length - from)) throw new Error('a page ends before its values do');
  if (!(fullSize >= 0 && fullSize <= chunk.budget.bytes))
    throw new Error('its pages are larger than its rows can need');
  chunk.budget.bytes -= fullSize;
  const count = requireValues(header, place);
  const second: Second = header.type === 'DATA_PAGE_V2' ? (header.data_page_header_v2 ?? {}) : {};
  const bytes = unpacked(chunk.bytes.subarray(from, from + size), { codec: chunk.codec, fullSize, second });
  if (header.type !== 'DICTIONARY_PAGE')
    requireRuns(bytes, decoder.schemaPath, { count, isLookedUp: looksUp(header), second });
  return { bytes, count };
}

/** The number of values of a page. */
function requireValues(header: PageHeader, { decoder, left, hasDictionary }: Place): number {
  const { num_values: count = -1, encoding = 'NONE' } = aboutOf(header) ?? {};
  if (!ENCODINGS.has(encoding)) throw new Error(`parquet unsupported encoding: ${encoding}`);
  if (looksUp(header) && !hasDictionary) throw new Error('a page needs a dictionary but there is none');
  const mostObjects = decoder.type.endsWith('BYTE_ARRAY') ? MAX_OBJECTS : Infinity;
  const most = Math.min(mostObjects, header.type === 'DICTIONARY_PAGE' ? Infinity : left);
  if (count >= 0 && count <= most) return count;
  throw new Error(`a page has ${count} values but only ${most} are left`);
}

function looksUp(header: PageHeader): boolean {
  return header.type !== 'DICTIONARY_PAGE' && aboutOf(header)?.encoding.endsWith('_DICTIONARY') === true;
}

function aboutOf(header: PageHeader) {
  if (header.type === 'DICTIONARY_PAGE') return header.dictionary_page_header;
  return header.type === 'DATA_PAGE_V2' ? header.data_page_header_v2 : header.data_page_header;
}

/** Only pages of the second version have these. Their levels are not compressed. */
type Second = Partial<DataPageHeaderV2>;

interface Packed {
  readonly codec: Chunk['codec'];
  readonly fullSize: number;
  readonly second: Second;
}

function unpacked(body: Uint8Array, { codec, fullSize, second }: Packed): Uint8Array {
  const { repetition_levels_byte_length: repetition = 0, definition_levels_byte_length: definition = 0 } = second;
  if (repetition < 0 || definition < 0 || (second.num_nulls ?? 0) < 0) throw new Error('a page has a negative length');
  if (second.is_compressed === false) return body;
  const levels = repetition + definition;
  if (levels === 0) return decompressed(codec, body, fullSize);
  return Buffer.concat([body.subarray(0, levels), decompressed(codec, body.subarray(levels), fullSize - levels)]);
}

interface Runs {
  readonly count: number;
  readonly isLookedUp: boolean;
  readonly second: Second;
}

/** Levels, and places in a dictionary, are runs. The library believes their lengths. @throws Error */
function requireRuns(bytes: Uint8Array, path: SchemaTree[], { count, isLookedUp, second }: Runs): void {
  let at = 0;
  for (const [most, length] of [
    [getMaxRepetitionLevel(path), second.repetition_levels_byte_length],
    [getMaxDefinitionLevel(path), second.definition_levels_byte_length],
  ] as const) {
    // The first version has the length before the levels, if there are any.
    const isStated = length === undefined && most > 0;
    const stated = isStated ? dataViewOf(bytes).getUint32(at, true) : 0;
    if (isStated) at += 4;
    if (most > 0) requireShortRuns(bytes.subarray(at), 32 - Math.clz32(most), count);
    at += length ?? stated;
  }
  if (isLookedUp) requireShortRuns(bytes.subarray(at + 1), bytes[at] ?? 0, count);
}

function requireShortRuns(bytes: Uint8Array, width: number, count: number): void {
  const reader = { view: dataViewOf(bytes), offset: 0 };
  for (let seen = 0; seen < count && reader.offset < bytes.length;) {
    const header = readVarInt(reader);
    // A packed run has groups of eight values, and writers fill it up. Its bytes bound it, if its numbers have any.
    const isPacked = header % 2 !== 0;
    const values = (header >>> 1) * (isPacked ? 8 : 1);
    const most = isPacked ? count - seen + 255 : count - seen;
    if (values > most && !(isPacked && width > 0)) throw new Error('a run of a page has more values than the page');
    // The library reads at least one byte of a packed run.
    reader.offset += isPacked ? Math.max(1, (values / 8) * width) : Math.ceil(width / 8);
    seen += values;
  }
}

export function dataViewOf({ buffer, byteOffset, byteLength }: Uint8Array): DataView {
  return new DataView(buffer, byteOffset, byteLength);
}

import type { SchemaElement } from 'hyparquet';
import { deltaBinaryUnpack } from 'hyparquet/src/delta.js';
import { readVarInt } from 'hyparquet/src/thrift.js';
import { cut, readRuns } from './runs.ts';

/** Numbers, or texts (and bytes) in an array. */
export type Values = Float64Array | unknown[];

/** `half`: float16. */
export type Kind = keyof typeof NUMBERS | 'text' | 'bytes';

interface NumberFormat {
  readonly width: number;
  readonly read: (view: DataView, at: number) => number;
}

const NUMBERS = {
  float: { width: 4, read: (view, at) => view.getFloat32(at, true) },
  double: { width: 8, read: (view, at) => view.getFloat64(at, true) },
  int32: { width: 4, read: (view, at) => view.getInt32(at, true) },
  int64: { width: 8, read: (view, at) => Number(view.getBigInt64(at, true)) },
  half: { width: 2, read: (view, at) => fromHalf(view.getUint16(at, true)) },
} as const satisfies Readonly<Record<string, NumberFormat>>;

function fromHalf(bits: number): number {
  const [sign, exponent, fraction] = [bits >> 15 === 0 ? 1 : -1, (bits >> 10) & 31, bits & 1023];
  if (exponent === 0) return (sign * fraction) / 2 ** 24;
  if (exponent === 31) return fraction === 0 ? sign * Infinity : Number.NaN;
  return sign * 2 ** (exponent - 15) * (1 + fraction / 1024);
}

const KINDS: Readonly<Record<string, Kind>> = {
  FLOAT: 'float',
  DOUBLE: 'double',
  INT32: 'int32',
  INT64: 'int64',
  BYTE_ARRAY: 'text',
};
const ANNOTATIONS = /^(?:UTF8|ENUM|STRING|U?INT_(?:8|16|32|64)|INTEGER)$/;

/** @throws Error for dates, decimals and all else that is neither text nor a plain number */
export function kindOf({
  name,
  type = 'BOOLEAN',
  converted_type: converted,
  logical_type: logical,
  ...element
}: SchemaElement): Kind {
  if (type === 'FIXED_LEN_BYTE_ARRAY' && element.type_length === 2 && logical?.type === 'FLOAT16') return 'half';
  const other = [converted, logical?.type].find((each) => each !== undefined && !ANNOTATIONS.test(each));
  const kind = KINDS[type];
  if (kind !== undefined && other === undefined) return kind;
  throw new Error(`column '${name}' holds ${other ?? type}, which is neither text nor numbers`);
}

export interface Encoded {
  readonly bytes: Uint8Array;
  readonly encoding: string | undefined;
  readonly count: number;
  readonly kind: Kind;
  readonly dictionary: Values | null;
}

/** The values of a page, without nulls. Memory grows with `bytes` and `count` only. @throws Error */
export function valuesOf({ bytes, encoding = 'none', count, kind, dictionary }: Encoded): Values {
  if (encoding === 'PLAIN') return plain(bytes, count, kind);
  if (encoding.endsWith('_DICTIONARY')) return lookedUp(bytes, count, dictionary);
  switch (`${encoding} ${kind}`) {
    case 'DELTA_LENGTH_BYTE_ARRAY text':
    case 'DELTA_LENGTH_BYTE_ARRAY bytes':
      return deltaTexts(bytes, count, kind);
    case 'DELTA_BINARY_PACKED int32':
      return Float64Array.from(deltas(readerOf(bytes), new Int32Array(count)));
    case 'DELTA_BINARY_PACKED int64':
      return Float64Array.from(deltas(readerOf(bytes), new BigInt64Array(count)), Number);
    default:
  }
  if (encoding !== 'BYTE_STREAM_SPLIT' || kind === 'text' || kind === 'bytes')
    throw new Error(`parquet unsupported encoding: ${encoding} of ${kind}`);
  return plain(joinedStreams(bytes, count, NUMBERS[kind].width), count, kind);
}

export function plain(bytes: Uint8Array, count: number, kind: Kind): Values {
  const { view } = readerOf(bytes);
  if (kind !== 'text' && kind !== 'bytes') {
    const { width, read } = NUMBERS[kind];
    if (count * width > bytes.length) throw cut();
    return Float64Array.from({ length: count }, (_, i) => read(view, i * width));
  }
  if (count * 4 > bytes.length) throw cut();
  let at = 0;
  return Array.from({ length: count }, () => {
    const from = at + 4;
    at = from + view.getUint32(at, true);
    return cellOf(bytes, [from, at], kind);
  });
}

const UTF8 = new TextDecoder();

function cellOf(bytes: Uint8Array, [from, to]: readonly [number, number], kind: Kind): unknown {
  if (to > bytes.length || to < from) throw cut();
  const cell = bytes.subarray(from, to);
  return kind === 'text' ? UTF8.decode(cell) : cell;
}

function lookedUp(bytes: Uint8Array, count: number, dictionary: Values | null): Values {
  if (dictionary === null) throw new Error('a page needs a dictionary but there is none');
  const places = readRuns(bytes.subarray(1), bytes[0] ?? 0, new Uint32Array(count));
  if (places.some((place) => place >= dictionary.length)) throw new Error('a value is beyond the dictionary');
  return Array.isArray(dictionary)
    ? Array.from(places, (place): unknown => dictionary[place])
    : Float64Array.from(places, (place) => dictionary[place] ?? Number.NaN);
}

function joinedStreams(bytes: Uint8Array, count: number, width: number): Uint8Array {
  if (count * width > bytes.length) throw cut();
  return Uint8Array.from({ length: count * width }, (_, i) => bytes[(i % width) * count + Math.floor(i / width)] ?? 0);
}

interface Reader {
  readonly view: DataView;
  offset: number;
}

function deltaTexts(bytes: Uint8Array, count: number, kind: Kind): unknown[] {
  const reader = readerOf(bytes);
  const lengths = deltas(reader, new Int32Array(count));
  let at = reader.offset;
  return Array.from(lengths, (length) => {
    at += length;
    return cellOf(bytes, [at - length, at], kind);
  });
}

/** The library trusts the sizes of blocks: a negative one moves it backwards for ever. */
function deltas<T extends Int32Array | BigInt64Array>(reader: Reader, output: T): T {
  const head = { ...reader };
  const [block, miniblocks] = [readVarInt(head), readVarInt(head)];
  if (!(miniblocks > 0 && miniblocks <= block && block <= 2 ** 20 && block % miniblocks === 0)) throw cut();
  deltaBinaryUnpack(reader, output.length, output);
  return output;
}

function readerOf({ buffer, byteOffset, byteLength }: Uint8Array): Reader {
  return { view: new DataView(buffer, byteOffset, byteLength), offset: 0 };
}

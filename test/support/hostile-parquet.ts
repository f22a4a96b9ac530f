import { brotliCompressSync, constants } from 'node:zlib';

/** A value of Thrift's compact protocol: numbers are i32, bigints i64, and the keys of objects are numbers of fields. */
type Thrift = number | bigint | boolean | string | readonly Thrift[] | { readonly [field: number]: Thrift };

const TYPES = { number: 5, bigint: 6, string: 8, object: 12 } as const;

function typeOf(value: Thrift): number {
  if (typeof value === 'boolean') return value ? 1 : 2;
  return Array.isArray(value) ? 9 : TYPES[typeof value as keyof typeof TYPES];
}

function varint(value: bigint): number[] {
  return value < 128n ? [Number(value)] : [Number(value & 127n) | 128, ...varint(value >> 7n)];
}

function thrift(value: Thrift): number[] {
  if (typeof value === 'boolean') return [];
  if (typeof value === 'number' || typeof value === 'bigint') {
    const whole = BigInt(value);
    return varint(whole < 0n ? -2n * whole - 1n : 2n * whole);
  }
  if (typeof value === 'string') return [...varint(BigInt(Buffer.byteLength(value))), ...Buffer.from(value)];
  if (Array.isArray(value)) {
    const list = value as readonly Thrift[];
    const type = typeOf(list[0] ?? 0);
    return [0xf0 | type, ...varint(BigInt(list.length)), ...list.flatMap(thrift)];
  }
  let last = 0;
  const fields = Object.entries(value).flatMap(([key, each]) => {
    const delta = Number(key) - last;
    last = Number(key);
    return [(delta << 4) | typeOf(each), ...thrift(each)];
  });
  return [...fields, 0];
}

const [OPTIONAL, REPEATED] = [1, 2];
const [FLOAT, BYTE_ARRAY] = [4, 6];
const [UNCOMPRESSED, BROTLI] = [0, 4];
const DATA_PAGE_V2 = 3;

interface Page {
  readonly count: number;
  readonly nulls: number;
  readonly repetition?: readonly number[];
  readonly definition: readonly number[];
  readonly packed?: Buffer;
  /** Bytes of `packed` once it is decompressed. */
  readonly bytes?: number;
}

function pageOf({ count, nulls, repetition = [], definition, packed = Buffer.alloc(0), bytes = 0 }: Page): Buffer {
  const levels = repetition.length + definition.length;
  const v2 = { 1: count, 2: nulls, 3: count, 4: 0, 5: definition.length, 6: repetition.length, 7: bytes > 0 };
  const header = thrift({ 1: DATA_PAGE_V2, 2: levels + bytes, 3: levels + packed.length, 8: v2 });
  return Buffer.concat([Buffer.from([...header, ...repetition, ...definition]), packed]);
}

/** `count` times the same level, in a few bytes. */
const run = (count: number, level: number): number[] => [...varint(2n * BigInt(count)), level];

export const HOSTILE = ['lists of nulls', 'a list of nulls', 'a run of levels', 'Brotli'] as const;

/** A column of lists of floats whose page says, or has, `count` nulls; or of texts that are `count` zeros in some kB. */
function hostilePage(kind: (typeof HOSTILE)[number], rows: number, count: number): Buffer {
  if (kind === 'lists of nulls')
    return pageOf({ count, nulls: count, repetition: run(count, 0), definition: run(count, 0) });
  if (kind === 'a list of nulls')
    return pageOf({ count, nulls: count, repetition: [...run(1, 0), ...run(count - 1, 1)], definition: run(count, 2) });
  if (kind === 'a run of levels')
    return pageOf({ count: rows, nulls: rows, repetition: run(rows, 0), definition: run(count, 0) });
  const packed = brotliCompressSync(Buffer.alloc(count), { params: { [constants.BROTLI_PARAM_QUALITY]: 5 } });
  return pageOf({ count: rows, nulls: 0, definition: run(rows, 1), packed, bytes: count });
}

interface HostileFile {
  readonly kind: (typeof HOSTILE)[number];
  readonly rows: number;
  readonly count: number;
  /** The hostile column, and others, which are texts without a value. */
  readonly column: string;
  readonly others?: readonly string[];
}

/** A Parquet file of at most some kB that takes gigabytes or minutes to read without limits. */
export function hostileParquet({ kind, rows, count, column, others = [] }: HostileFile): Buffer {
  const isText = kind === 'Brotli';
  const text = (name: string): Thrift => ({ 1: BYTE_ARRAY, 3: OPTIONAL, 4: name, 6: 0 });
  const group = (name: string, repetition: number): Thrift => ({ 3: repetition, 4: name, 5: 1, 6: 3 });
  const list = [group(column, OPTIONAL), { 3: REPEATED, 4: 'list', 5: 1 }, { 1: FLOAT, 3: OPTIONAL, 4: 'element' }];
  const schema = [{ 4: 'schema', 5: others.length + 1 }, ...(isText ? [text(column)] : list), ...others.map(text)];
  const empty = pageOf({ count: rows, nulls: rows, definition: run(rows, 0) });
  const pages = [hostilePage(kind, rows, count), ...others.map(() => empty)];
  let end = 4;
  const chunks = pages.map((page, i): Thrift => {
    const size = BigInt(page.length);
    end += page.length;
    const path = i > 0 ? [others[i - 1] ?? ''] : isText ? [column] : [column, 'list', 'element'];
    const [type, codec] = i > 0 ? [BYTE_ARRAY, UNCOMPRESSED] : isText ? [BYTE_ARRAY, BROTLI] : [FLOAT, UNCOMPRESSED];
    const values = BigInt(i === 0 && kind === 'a list of nulls' ? count : rows);
    return {
      2: 0n,
      3: { 1: type, 2: [0], 3: path, 4: codec, 5: values, 6: size, 7: size, 9: BigInt(end - page.length) },
    };
  });
  const metadata = { 1: 2, 2: schema, 3: BigInt(rows), 4: [{ 1: chunks, 2: 1_000n, 3: BigInt(rows) }] };
  const footer = Buffer.from(thrift(metadata));
  const length = Buffer.alloc(4);
  length.writeUInt32LE(footer.length);
  return Buffer.concat([Buffer.from('PAR1'), ...pages, footer, length, Buffer.from('PAR1')]);
}

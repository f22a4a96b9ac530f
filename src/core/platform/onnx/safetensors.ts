import * as z from 'zod';
import { messageOf } from '../../kernel/errors.ts';

/** One tensor of a file. Its data is a view of the file's bytes. */
export interface StoredTensor {
  /** `F32`, `F16`, `I64`, ... */
  readonly dtype: string;
  readonly shape: readonly number[];
  /** Little-endian, in C order. */
  readonly data: Buffer;
}

/** The format's own limit. */
const MAX_HEADER_BYTES = 100_000_000;
const LENGTH_BYTES = 8;

const size = z.int().min(0);
const tensorSchema = z.strictObject({
  dtype: z.string(),
  shape: z.array(size),
  data_offsets: z.tuple([size, size]),
});
const headerSchema = z
  .looseObject({ __metadata__: z.record(z.string(), z.string()).optional() })
  .transform(({ __metadata__, ...tensors }) => tensors)
  .pipe(z.record(z.string(), tensorSchema));

/**
 * Reads a safetensors file: the header's length (8 bytes, little-endian), the header (JSON), and the bytes of the
 * tensors, without gaps or overlaps. https://github.com/huggingface/safetensors#format
 *
 * @throws RangeError
 */
export function parseSafetensors(bytes: Buffer): ReadonlyMap<string, StoredTensor> {
  if (bytes.length < LENGTH_BYTES) throw new RangeError(`it has ${bytes.length} bytes, fewer than the 8 of a length`);
  const headerBytes = bytes.readBigUInt64LE(0);
  const most = Math.min(MAX_HEADER_BYTES, bytes.length - LENGTH_BYTES);
  if (headerBytes > BigInt(most))
    throw new RangeError(`its header should have ${headerBytes} bytes, but at most ${most} are possible`);
  const dataStart = LENGTH_BYTES + Number(headerBytes);
  const header = headerOf(bytes.subarray(LENGTH_BYTES, dataStart));
  const data = bytes.subarray(dataStart);
  requireNoGaps(header, data.length);
  return new Map(
    Object.entries(header).map(([name, { dtype, shape, data_offsets: offsets }]) => [
      name,
      { dtype, shape, data: data.subarray(...offsets) },
    ]),
  );
}

type Header = z.output<typeof headerSchema>;

function headerOf(bytes: Buffer): Header {
  try {
    const text = new TextDecoder('utf-8', { fatal: true }).decode(bytes);
    if (!text.startsWith('{')) throw new Error(`expected '{' but received '${text.slice(0, 1)}'`);
    return headerSchema.parse(JSON.parse(text));
  } catch (error) {
    const why = error instanceof z.ZodError ? z.prettifyError(error) : messageOf(error);
    throw new RangeError(`its header cannot be read: ${why}`, { cause: error });
  }
}

/** Requires that every byte belongs to one tensor, so that files with different bytes have different tensors. */
function requireNoGaps(header: Header, length: number): void {
  const byPlace = Object.entries(header).toSorted(([, a], [, b]) => a.data_offsets[0] - b.data_offsets[0]);
  let at = 0;
  for (const [name, { data_offsets: offsets }] of byPlace) {
    const [from, to] = offsets;
    if (from !== at || to < from)
      throw new RangeError(`the tensor '${name}' is at ${from} to ${to}, not from ${at} on`);
    at = to;
  }
  if (at !== length) throw new RangeError(`its tensors have ${at} bytes, but ${length} follow the header`);
}

interface FloatFormat {
  readonly exponentBits: number;
  readonly fractionBits: number;
}

/** Formats whose values are all exact in float32. */
const FLOAT_FORMATS: Readonly<Record<string, FloatFormat>> = {
  F32: { exponentBits: 8, fractionBits: 23 },
  F16: { exponentBits: 5, fractionBits: 10 },
  BF16: { exponentBits: 8, fractionBits: 7 },
};

export const FLOAT_DTYPES = Object.keys(FLOAT_FORMATS);

/** The values of a tensor of F32, F16 or BF16. Null for other types, and if its bytes are not `count` values. */
export function floatsOf({ dtype, data }: StoredTensor, count: number): Float32Array | null {
  const format = FLOAT_FORMATS[dtype];
  if (format === undefined) return null;
  const bytes = (1 + format.exponentBits + format.fractionBits) / 8;
  if (data.length !== bytes * count) return null;
  const read = (i: number): number => (bytes === 4 ? data.readFloatLE(4 * i) : widen(data.readUInt16LE(2 * i), format));
  return Float32Array.from({ length: count }, (_, i) => read(i));
}

function widen(bits: number, { exponentBits, fractionBits }: FloatFormat): number {
  const most = 2 ** exponentBits - 1;
  const exponent = (bits >> fractionBits) & most;
  const fraction = bits & (2 ** fractionBits - 1);
  const sign = bits >> (exponentBits + fractionBits) === 0 ? 1 : -1;
  if (exponent === most) return fraction === 0 ? sign * Number.POSITIVE_INFINITY : Number.NaN;
  // Exponent 0 is for zero and subnormal numbers, which have no leading 1.
  const significand = exponent === 0 ? fraction : fraction + 2 ** fractionBits;
  return sign * significand * 2 ** (Math.max(1, exponent) - (most >> 1) - fractionBits);
}

/** One linear layer. `weight` has one row for each class, row after row. */
export interface LinearLayer {
  readonly weight: Float32Array;
  readonly bias: Float32Array;
}

/** The data of a safetensors file begins at a multiple of this. */
const ALIGNMENT = 8;

/** As PyTorch saves an `nn.Linear`, in F32. https://github.com/huggingface/safetensors#format */
export function linearLayerFile({ weight, bias }: LinearLayer): Buffer {
  const classes = bias.length;
  const shapes = { weight: [classes, weight.length / classes], bias: [classes] };
  const middle = 4 * weight.length;
  const header = JSON.stringify({
    weight: { dtype: 'F32', shape: shapes.weight, data_offsets: [0, middle] },
    bias: { dtype: 'F32', shape: shapes.bias, data_offsets: [middle, middle + 4 * classes] },
  });
  const padded = header.padEnd(Math.ceil(header.length / ALIGNMENT) * ALIGNMENT);
  const file = Buffer.alloc(8 + padded.length + middle + 4 * classes);
  file.writeBigUInt64LE(BigInt(padded.length));
  file.write(padded, 8);
  const start = 8 + padded.length;
  for (const [i, value] of weight.entries()) file.writeFloatLE(value, start + 4 * i);
  for (const [i, value] of bias.entries()) file.writeFloatLE(value, start + middle + 4 * i);
  return file;
}

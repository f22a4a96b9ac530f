import { Bytes } from './bytes.process.ts';
import { halfToNumber } from '../../../core/platform/onnx/float16.ts';
import { NPY_PREFIX_BYTES, npyTextRange, parseNpyHeader, type NpyHeader, type NpyType } from './npy-header.ts';
import { badLogits, type ByteSource, type LogitRow, type LogitTable } from './table.ts';

/**
 * Opens an array of NumPy: two dimensions of floats in either byte order. Rows are read one at a time, except that in
 * Fortran order all numbers are held in memory, as stored.
 * @throws UsageError `bad-logits`
 */
export async function openNpy(source: ByteSource): Promise<LogitTable> {
  const { header, dataStart } = await readHeader(source);
  const { rows, columns, type } = header;
  const expected = dataStart + rows * columns * type.bytes;
  if (source.size < expected)
    throw badLogits(
      source.name,
      `its header promises ${rows} x ${columns} numbers, ${expected} bytes in all, but it has ${source.size} bytes: it is truncated. Write or copy it again`,
    );
  if (source.size > expected)
    throw badLogits(
      source.name,
      `${source.size - expected} bytes follow its ${rows} x ${columns} numbers. Write one array to a file`,
    );
  return {
    file: source.name,
    columns,
    names: null,
    namesPhotos: false,
    rows: () => rowsOf(source, header, dataStart),
  };
}

async function readHeader(source: ByteSource): Promise<{ readonly header: NpyHeader; readonly dataStart: number }> {
  const bytes = new Bytes(source);
  try {
    const prefix = await bytes.upTo(NPY_PREFIX_BYTES);
    const range = npyTextRange(prefix);
    if (typeof range === 'string') throw badLogits(source.name, range);
    const rest = await bytes.upTo(range.end - NPY_PREFIX_BYTES);
    const text = Buffer.concat([prefix, rest]).subarray(range.start, range.end);
    if (text.length < range.end - range.start)
      throw badLogits(source.name, `it ends after ${source.size} bytes, within its header. Write or copy it again`);
    const header = parseNpyHeader(text.toString('utf8'));
    if (typeof header === 'string') throw badLogits(source.name, header);
    return { header, dataStart: range.end };
  } finally {
    await bytes.close();
  }
}

async function* rowsOf(
  source: ByteSource,
  { type, rows, columns, isFortran }: NpyHeader,
  dataStart: number,
): AsyncGenerator<LogitRow, void, undefined> {
  const bytes = new Bytes(source);
  const numberAt = readerOf(type);
  const values = new Float64Array(columns);
  const [rowStep, columnStep] = isFortran ? [type.bytes, rows * type.bytes] : [0, type.bytes];
  try {
    await exactly(bytes, dataStart);
    const whole = isFortran ? viewOf(await exactly(bytes, rows * columns * type.bytes)) : null;
    if (isFortran) await toTheEnd(bytes);
    for (let row = 0; row < rows; row += 1) {
      const view = whole ?? viewOf(await exactly(bytes, columns * type.bytes));
      for (let column = 0; column < columns; column += 1)
        values[column] = numberAt(view, row * rowStep + column * columnStep);
      yield { photo: null, values };
    }
    await toTheEnd(bytes);
  } finally {
    await bytes.close();
  }
}

async function exactly(bytes: Bytes, count: number): Promise<Buffer> {
  const part = await bytes.upTo(count);
  if (part.length === count) return part;
  throw badLogits(
    bytes.source.name,
    'it became shorter while it was read. Wait until the program that writes it has ended',
  );
}

/** An archive checks its checksum at the end. */
async function toTheEnd(bytes: Bytes): Promise<void> {
  await bytes.upTo(1);
}

function viewOf({ buffer, byteOffset, length }: Buffer): DataView {
  return new DataView(buffer, byteOffset, length);
}

function readerOf({ bytes, isLittleEndian }: NpyType): (view: DataView, offset: number) => number {
  if (bytes === 2) return (view, offset) => halfToNumber(view.getUint16(offset, isLittleEndian));
  if (bytes === 4) return (view, offset) => view.getFloat32(offset, isLittleEndian);
  return (view, offset) => view.getFloat64(offset, isLittleEndian);
}

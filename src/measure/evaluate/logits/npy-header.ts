import { quote } from '../../../core/tools/quote.ts';

export interface NpyType {
  readonly bytes: 2 | 4 | 8;
  readonly isLittleEndian: boolean;
}

export interface NpyHeader {
  readonly type: NpyType;
  /** True if the first index varies fastest, so that columns are contiguous. */
  readonly isFortran: boolean;
  readonly rows: number;
  readonly columns: number;
}

export const NPY_MAGIC = Buffer.from([0x93, 0x4e, 0x55, 0x4d, 0x50, 0x59]);
/** Magic, version and the length of the text, in the versions with the longer length. */
export const NPY_PREFIX_BYTES = 12;
/** The longest header that NumPy itself reads without being asked to trust the file. */
const NPY_MAX_HEADER = 10_000;

/** Finds the text of the header in the first NPY_PREFIX_BYTES bytes, in bytes, or says why this is no such file. */
export function npyTextRange(prefix: Buffer): { readonly start: number; readonly end: number } | string {
  if (!prefix.subarray(0, NPY_MAGIC.length).equals(NPY_MAGIC))
    return 'it does not begin as an npy file does. Write it with numpy.save';
  const [major, minor] = [prefix[6], prefix[7]];
  if (prefix.length < NPY_PREFIX_BYTES) return `it ends after ${prefix.length} bytes. Copy it again`;
  if (major === undefined || major < 1 || major > 3 || minor !== 0)
    return `Expected version 1.0, 2.0 or 3.0 of the npy format but received ${major}.${minor}. Write it again with numpy.save`;
  const start = major === 1 ? 10 : 12;
  const length = major === 1 ? prefix.readUInt16LE(8) : prefix.readUInt32LE(8);
  if (length > NPY_MAX_HEADER)
    return `its header has ${length} bytes, more than the ${NPY_MAX_HEADER} that NumPy reads. Write it again with numpy.save`;
  return { start, end: start + length };
}

const AS_FLOAT = "Write it with numpy.save(file, logits.astype('float32'))";

/** The header of a two-dimensional array of floats, or why it is none. Source: NumPy's `numpy.lib.format`, NEP 1. */
export function parseNpyHeader(text: string): NpyHeader | string {
  const shapeText = /['"]shape['"]\s*:\s*\(([^()]*)\)/.exec(text)?.[1];
  const order = /['"]fortran_order['"]\s*:\s*(True|False)/.exec(text)?.[1];
  const descr = /['"]descr['"]\s*:\s*(\[|['"]([^'"]*)['"])/.exec(text);
  if (shapeText === undefined || order === undefined || descr === null)
    return `Expected descr, fortran_order and shape in its header but received ${quote(text.trim())}. Write it again with numpy.save`;
  const type = typeOf(descr[2] ?? 'a record');
  if (typeof type === 'string') return type;
  const shape = /^\s*(\d{1,15})L?\s*,\s*(\d{1,15})L?\s*,?\s*$/.exec(shapeText);
  if (shape === null)
    return `Expected two dimensions (photos, classes) but its shape is (${shapeText}). Reshape the array before numpy.save`;
  return { type, isFortran: order === 'True', rows: Number(shape[1]), columns: Number(shape[2]) };
}

function typeOf(descr: string): NpyType | string {
  const float = /^([<>=|]?)f([248])$/.exec(descr);
  if (float !== null) {
    const bytes = ({ 2: 2, 4: 4, 8: 8 } as const)[float[2] ?? ''];
    if (bytes !== undefined) return { bytes, isLittleEndian: float[1] !== '>' };
  }
  if (descr.endsWith('O'))
    return `it holds Python objects, which winnow does not load because that can run code of the file. ${AS_FLOAT}`;
  const what = /^[<>=|]?[iub]\d?/.test(descr) ? `whole numbers (${descr})` : `values of the type '${descr}'`;
  return `Expected float16, float32 or float64 but it holds ${what}. ${AS_FLOAT}`;
}

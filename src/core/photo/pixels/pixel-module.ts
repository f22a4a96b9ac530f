/** The loops over pixels, in WebAssembly. Most work on 128 bits at a time, several times faster than JavaScript. */
import { PIXEL_MODULE_BASE64 } from './pixel-module-bytes.ts';

export type Address = number;

/** The exports of scripts/pixel-module/pixels.as. Its comments say what each function reads and writes. */
interface ModuleExports {
  readonly memory: WebAssembly.Memory;
  readonly filterAlongRows: (
    ...args: [
      source: Address,
      sourceStride: number,
      rows: number,
      out: Address,
      outStride: number,
      columns: number,
      starts: Address,
      pairs: Address,
      weights: Address,
    ]
  ) => void;
  readonly filterDownColumns: (
    ...args: [
      source: Address,
      sourceStride: number,
      rows: number,
      out: Address,
      rowBytes: number,
      starts: Address,
      pairs: Address,
      weights: Address,
    ]
  ) => void;
  readonly transpose: (...args: [source: Address, width: number, height: number, out: Address]) => void;
  readonly fillPlanes: (
    ...args: [source: Address, width: number, height: number, mirrored: number, out: Address, scale: Address]
  ) => void;
}

/** The module with memory for one call. Areas are free again when the call ends. */
export interface PixelModule extends Omit<ModuleExports, 'memory'> {
  /** Allocates a multiple of 16 bytes, aligned to 16. The functions may read and overwrite a little beyond the area. */
  take(bytes: number): Address;
  put(values: Uint8Array | Int16Array | Int32Array | Float32Array): Address;
  readonly bytes: Uint8Array;
}

const PAGE_BYTES = 65_536;
/** The compiler may use the memory below this address. */
const FIRST_ADDRESS = 1_024;
/** The functions read and write whole blocks, so they may go a little past the end of an area. */
const SLACK_BYTES = 64;
/** Memory of an instance never shrinks, so a huge picture gets an instance of its own that is discarded afterwards. */
const MAX_KEPT_BYTES = 32 * 2 ** 20;

const compiled = new WebAssembly.Module(Buffer.from(PIXEL_MODULE_BASE64, 'base64'));
let kept: ModuleExports | undefined;

/** Calls `use` with a module whose memory has room for `bytes` in total, in at most 16 areas. */
export function withPixelModule<T>(bytes: number, use: (module: PixelModule) => T): T {
  const needed = FIRST_ADDRESS + bytes + 16 * SLACK_BYTES;
  const exports = needed > MAX_KEPT_BYTES ? instantiate() : (kept ??= instantiate());
  const missing = needed - exports.memory.buffer.byteLength;
  if (missing > 0) exports.memory.grow(Math.ceil(missing / PAGE_BYTES));
  return use(moduleOn(exports));
}

function instantiate(): ModuleExports {
  const { exports } = new WebAssembly.Instance(compiled);
  if (!isWhole(exports))
    throw new Error('The functions of scripts/pixel-module/pixels.as are missing from the compiled module');
  return exports;
}

function isWhole(exports: object): exports is ModuleExports {
  return ['memory', 'filterAlongRows', 'filterDownColumns', 'transpose', 'fillPlanes'].every((name) => name in exports);
}

function moduleOn(exports: ModuleExports): PixelModule {
  const bytes = new Uint8Array(exports.memory.buffer);
  let next = FIRST_ADDRESS;
  const take = (count: number): Address => {
    const at = next;
    next += (count + SLACK_BYTES) & ~15;
    return at;
  };
  return {
    filterAlongRows: exports.filterAlongRows,
    filterDownColumns: exports.filterDownColumns,
    transpose: exports.transpose,
    fillPlanes: exports.fillPlanes,
    bytes,
    take,
    put(values) {
      const at = take(values.byteLength);
      bytes.set(new Uint8Array(values.buffer, values.byteOffset, values.byteLength), at);
      return at;
    },
  };
}

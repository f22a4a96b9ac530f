/** The loops over pixels, in WebAssembly: 128 bits at a time, several times faster than JavaScript's. */
import { KERNEL_BASE64 } from './kernel-bytes.ts';

/** An index into the kernel's memory. */
export type Address = number;

/** What scripts/kernels/pixels.as exports; its comments say what is read and written. */
interface KernelExports {
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
  readonly fillPlanes: (
    ...args: [source: Address, width: number, height: number, mirrored: number, out: Address, scale: Address]
  ) => void;
}

/** The kernel with room for one call: areas are taken one after the other and end with the call. */
export interface PixelKernel extends Omit<KernelExports, 'memory'> {
  /** Sets room aside, a multiple of 16 bytes from a multiple of 16 on; more follows it that may be read and overwritten. */
  take(bytes: number): Address;
  /** Copies into the kernel's memory and returns where to. */
  put(values: Uint8Array | Int16Array | Int32Array | Float32Array): Address;
  /** The memory, as bytes. */
  readonly bytes: Uint8Array;
}

const PAGE_BYTES = 65_536;
/** What the compiler may use itself. */
const FIRST_ADDRESS = 1_024;
/** Kernels read and write whole blocks, a little past the end of what they are given. */
const SLACK_BYTES = 64;
/** A memory never shrinks: what a huge picture needs is taken from an instance that is thrown away afterwards. */
const MAX_KEPT_BYTES = 32 * 2 ** 20;

const compiled = new WebAssembly.Module(Buffer.from(KERNEL_BASE64, 'base64'));
let kept: KernelExports | undefined;

/** Calls `use` with a kernel whose memory has room for `bytes` in all, in at most 16 areas. */
export function withKernel<T>(bytes: number, use: (kernel: PixelKernel) => T): T {
  const needed = FIRST_ADDRESS + bytes + 16 * SLACK_BYTES;
  const exports = needed > MAX_KEPT_BYTES ? instantiate() : (kept ??= instantiate());
  const missing = needed - exports.memory.buffer.byteLength;
  if (missing > 0) exports.memory.grow(Math.ceil(missing / PAGE_BYTES));
  return use(kernelOn(exports));
}

function instantiate(): KernelExports {
  const { exports } = new WebAssembly.Instance(compiled);
  if (!isKernel(exports)) throw new Error('Expected the functions of scripts/kernels/pixels.as but they are not there');
  return exports;
}

function isKernel(exports: object): exports is KernelExports {
  return ['memory', 'filterAlongRows', 'filterDownColumns', 'fillPlanes'].every((name) => name in exports);
}

function kernelOn(exports: KernelExports): PixelKernel {
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

import zlib from 'node:zlib';
import { snappyUncompress } from 'hyparquet';

/** Decompresses a page, or a part of one. It takes no more memory than `size` bytes. @throws Error if it has another size */
export function decompressed(codec: string, bytes: Uint8Array, size: number): Uint8Array {
  const page = unpacked(codec, bytes, size);
  if (page.length === size) return page;
  throw new Error(`a page has ${page.length} bytes but its header says ${size}`);
}

function unpacked(codec: string, bytes: Uint8Array, size: number): Uint8Array {
  const limit = { maxOutputLength: Math.max(1, size) };
  if (size === 0) return new Uint8Array();
  if (codec === 'UNCOMPRESSED') return bytes;
  if (codec === 'GZIP') return zlib.gunzipSync(bytes, limit);
  if (codec === 'BROTLI') return zlib.brotliDecompressSync(bytes, limit);
  if (codec !== 'SNAPPY') throw new Error(`parquet unsupported compression codec: ${codec}`);
  requireShortLiterals(bytes);
  const output = new Uint8Array(size);
  snappyUncompress(bytes, output);
  return output;
}

/** The library takes a literal of more than 2 GB for a negative length, and then reads the same bytes for ever. */
function requireShortLiterals(bytes: Uint8Array): void {
  let at = 0;
  while ((bytes[at] ?? 0) >= 128) at += 1;
  at += 1;
  while (at < bytes.length) {
    const tag = bytes[at] ?? 0;
    const kind = tag & 3;
    const lengthBytes = kind === 0 ? Math.max(0, (tag >>> 2) - 59) : 0;
    let length = [1 + (tag >>> 2), 1, 2, 4][kind] ?? 0;
    if (lengthBytes > 0) length = 1;
    for (let i = 0; i < lengthBytes; i += 1) length += (bytes[at + 1 + i] ?? 0) * 256 ** i;
    if (length > bytes.length) throw new Error('a Snappy literal is longer than its page');
    at += 1 + lengthBytes + length;
  }
}

import { crc32, deflateSync } from 'node:zlib';

export interface PngSpec {
  readonly width: number;
  readonly height: number;
  readonly bitDepth: 1 | 2 | 4 | 8 | 16;
  readonly colour: keyof typeof COLOUR_TYPES;
  /** The packed bytes of all rows, without filter bytes. */
  readonly rows: Uint8Array;
  /** Chunks between header and data. */
  readonly extra?: readonly Buffer[];
}

const COLOUR_TYPES = { grey: 0, rgb: 2, palette: 3, greyAlpha: 4, rgba: 6 } as const;
export const PNG_SIGNATURE = Buffer.from('89504e470d0a1a0a', 'hex');

/** A PNG written by hand, so that its content is known from the specification and not from another library. */
export function pngFile(spec: PngSpec): Buffer {
  const rowBytes = spec.rows.length / spec.height;
  const filtered = Array.from({ length: spec.height }, (_, y) =>
    Buffer.concat([Buffer.of(0), spec.rows.subarray(y * rowBytes, (y + 1) * rowBytes)]),
  );
  return Buffer.concat([
    PNG_SIGNATURE,
    pngHeader(spec),
    ...(spec.extra ?? []),
    pngChunk('IDAT', deflateSync(Buffer.concat(filtered))),
    pngChunk('IEND', Buffer.alloc(0)),
  ]);
}

export function pngHeader(spec: Pick<PngSpec, 'width' | 'height' | 'bitDepth' | 'colour'>): Buffer {
  const content = Buffer.alloc(13);
  content.writeUInt32BE(spec.width, 0);
  content.writeUInt32BE(spec.height, 4);
  content.set([spec.bitDepth, COLOUR_TYPES[spec.colour], 0, 0, 0], 8);
  return pngChunk('IHDR', content);
}

export function pngChunk(type: string, content: Uint8Array): Buffer {
  const body = Buffer.concat([Buffer.from(type, 'latin1'), content]);
  const length = Buffer.alloc(4);
  length.writeUInt32BE(content.length);
  const checksum = Buffer.alloc(4);
  checksum.writeUInt32BE(crc32(body));
  return Buffer.concat([length, body, checksum]);
}

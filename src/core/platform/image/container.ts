/** The structure of a file tells a cut one from a damaged one. Some decoders decode a cut file silently. */
import type { PhotoFormat } from './inspection.ts';
import type { Size } from './raster.ts';

export interface Container {
  /** `cut`: the bytes end before the file does. `odd`: the walk failed, but a decoder may succeed. */
  readonly extent: 'whole' | 'cut' | 'odd';
  readonly isAnimated: boolean;
}

/** The bytes must begin with the signature of `format`. */
export function readContainer(format: PhotoFormat, bytes: Buffer): Container {
  switch (format) {
    case 'jpeg':
      return { extent: jpegExtent(bytes), isAnimated: false };
    case 'png':
      return readPng(bytes);
    case 'webp':
      return readWebp(bytes);
    default:
      return format satisfies never;
  }
}

/** True if a JPEG has four components: CMYK, or YCCK, which decoders turn into CMYK. Reads only up to its frame. */
export function isCmykJpeg(bytes: Buffer): boolean {
  for (const { marker, contentStart } of jpegSegments(bytes)) {
    // A frame begins with length, precision, height and width; the number of components follows.
    if (isStartOfFrame(marker)) return bytes[contentStart + 7] === 4;
  }
  return false;
}

/** The size of a JPEG with one frame and no Exif that might rotate it. Undefined: ask a decoder. */
export function plainJpegSize(bytes: Buffer): Size | undefined {
  let size: Size | undefined;
  for (const { marker, contentStart, isAfterStrayBytes } of jpegSegments(bytes)) {
    if (marker === SOS) return size;
    if (isAfterStrayBytes || marker === APP1) return undefined;
    if (!isStartOfFrame(marker)) continue;
    if (size !== undefined || contentStart + 7 > bytes.length) return undefined;
    size = { height: bytes.readUInt16BE(contentStart + 3), width: bytes.readUInt16BE(contentStart + 5) };
    // A width of 0 is damage. A height of 0 means that it follows the first scan.
    if (size.height * size.width === 0) return undefined;
  }
  return undefined;
}

/** Width times height, as the first header of the file states them; 0 if it states none. */
export function statedPixels(format: PhotoFormat, bytes: Buffer): number {
  switch (format) {
    case 'jpeg':
      return jpegPixels(bytes);
    case 'png':
      // The first chunk is IHDR (ISO/IEC 15948, 11.2.2): a length, its name, width and height.
      return bytes.length < 24 ? 0 : bytes.readUInt32BE(16) * bytes.readUInt32BE(20);
    case 'webp':
      return webpPixels(bytes);
    default:
      return format satisfies never;
  }
}

function jpegPixels(bytes: Buffer): number {
  for (const { marker, contentStart } of jpegSegments(bytes)) {
    if (!isStartOfFrame(marker) || contentStart + 7 > bytes.length) continue;
    return bytes.readUInt16BE(contentStart + 3) * bytes.readUInt16BE(contentStart + 5);
  }
  return 0;
}

/** RFC 9649, 2.5 to 2.7, and RFC 6386, 9.1: sides of 14 or 24 bits; only the lossy format does not store them less one. */
function webpPixels(bytes: Buffer): number {
  if (bytes.length < 30) return 0;
  switch (bytes.toString('latin1', 12, 16)) {
    case 'VP8 ':
      return (bytes.readUInt16LE(26) & 0x3fff) * (bytes.readUInt16LE(28) & 0x3fff);
    case 'VP8L': {
      const sides = bytes.readUInt32LE(21);
      return ((sides & 0x3fff) + 1) * (((sides >>> 14) & 0x3fff) + 1);
    }
    case 'VP8X':
      return (bytes.readUIntLE(24, 3) + 1) * (bytes.readUIntLE(27, 3) + 1);
    default:
      return 0;
  }
}

export interface Segment {
  readonly marker: number;
  /** Index of the two bytes of length that follow the marker. */
  readonly contentStart: number;
  /** True if bytes outside any segment precede the marker. Decoders skip them. */
  readonly isAfterStrayBytes: boolean;
}

const MARKER_START = 0xff;
/** Not a real marker: the bytes end before the next marker. */
const NO_MARKER = 0;
export const EOI = 0xd9;
export const SOS = 0xda;
const APP1 = 0xe1;

/** If the end is missing after stray bytes, the file is more likely damaged than cut. */
function jpegExtent(bytes: Buffer): Container['extent'] {
  let hasStrayBytes = false;
  for (const { marker, isAfterStrayBytes } of jpegSegments(bytes)) {
    if (marker === EOI) return 'whole';
    hasStrayBytes ||= isAfterStrayBytes;
  }
  return hasStrayBytes ? 'odd' : 'cut';
}

/** ITU-T T.81, annex B. Walking by length, not by marker, skips the EOI of an embedded thumbnail. */
export function* jpegSegments(bytes: Buffer): Generator<Segment> {
  let marker = NO_MARKER;
  let at = 2;
  do {
    const index = indexOfMarker(bytes, at);
    const isAfterStrayBytes = marker !== SOS && at < bytes.length && bytes[at] !== MARKER_START;
    marker = bytes[index + 1] ?? NO_MARKER;
    const contentStart = index + 2;
    yield { marker, contentStart, isAfterStrayBytes };
    at = contentStart + 2 <= bytes.length ? contentStart + bytes.readUInt16BE(contentStart) : bytes.length;
  } while (marker !== NO_MARKER && marker !== EOI);
}

/** C0 to CF, except DHT, JPG and DAC. */
function isStartOfFrame(marker: number): boolean {
  return marker >= 0xc0 && marker <= 0xcf && ![0xc4, 0xc8, 0xcc].includes(marker);
}

/** The next FF that begins a marker, or the end. Not FF 00 (data), FF FF (padding) and FF D0 to D7 (restarts). */
function indexOfMarker(bytes: Buffer, from: number): number {
  // Buffer's own search is several times faster than a loop, and compressed data have an FF about every 256 bytes.
  for (let at = bytes.indexOf(MARKER_START, from); at !== -1; at = bytes.indexOf(MARKER_START, at + 1)) {
    const next = bytes[at + 1] ?? 0;
    if (next !== 0 && next !== MARKER_START && (next < 0xd0 || next > 0xd7)) return at;
  }
  return bytes.length;
}

interface Chunk {
  /** Four bytes: letters, if the file is sound. */
  readonly type: string;
  readonly start: number;
  /** Index after the checksum; beyond the bytes if they are cut. */
  readonly end: number;
}

/** ISO/IEC 15948, 5.3: chunks of a length, a type of four letters, content and a checksum, up to IEND. */
export function* pngChunks(bytes: Buffer): Generator<Chunk> {
  let type = '';
  for (let start = 8; start + 8 <= bytes.length && type !== 'IEND';) {
    const end = start + 12 + bytes.readUInt32BE(start);
    type = bytes.toString('latin1', start + 4, start + 8);
    yield { type, start, end };
    start = end;
  }
}

function readPng(bytes: Buffer): Container {
  let isAnimated = false;
  let hasData = false;
  for (const { type, end } of pngChunks(bytes)) {
    if (!/^[A-Za-z]{4}$/.test(type)) return { isAnimated, extent: 'odd' };
    hasData ||= type === 'IDAT';
    // An animation control chunk counts only before the first data chunk.
    isAnimated ||= type === 'acTL' && !hasData;
    if (type === 'IEND') return { isAnimated, extent: end <= bytes.length ? 'whole' : 'cut' };
  }
  return { isAnimated, extent: 'cut' };
}

/** RFC 9649, 2.4 and 2.7: the RIFF header has the length of the file, and a flag of VP8X says that it is animated. */
function readWebp(bytes: Buffer): Container {
  const length = bytes.readUInt32LE(4) + 8;
  const isExtended = bytes.toString('latin1', 12, 16) === 'VP8X';
  const isAnimated = isExtended && ((bytes[20] ?? 0) & 0b10) !== 0;
  if (length <= 12) return { isAnimated, extent: 'odd' };
  return { isAnimated, extent: bytes.length < length ? 'cut' : 'whole' };
}

import { EOI, jpegSegments, pngChunks, SOS, type Segment } from './container.ts';
import { photoFormatOf } from './sniff.ts';

/**
 * The picture without its metadata: of a JPEG, only JFIF (without its thumbnail), Adobe's colour transform and the colour
 * profile stay of the application segments; of a PNG, only the chunks that decide pixels or colours. What follows the end of
 * the picture is removed too. Returns `bytes` itself if there is nothing to remove, and `null` for WebP and for a file whose
 * structure is not fully understood. `assets/fetch.py` does the same in Python.
 */
export function withoutMetadata(bytes: Buffer): Buffer | null {
  const format = photoFormatOf(bytes);
  const parts = format === 'jpeg' ? jpegParts(bytes) : format === 'png' ? pngParts(bytes) : null;
  if (parts === null) return null;
  const kept = Buffer.concat(parts);
  return kept.equals(bytes) ? bytes : kept;
}

const APP0 = 0xe0;
const APP2 = 0xe2;
const APP14 = 0xee;
const APP15 = 0xef;
const COM = 0xfe;
/** Slices of the bytes, and rewritten segments. Null if anything but fill bytes stands between segments, or the end is missing. */
function jpegParts(bytes: Buffer): Buffer[] | null {
  const parts: Buffer[] = [];
  let keptFrom = 0;
  let previous = { marker: 0, end: 2 };
  for (const segment of jpegSegments(bytes)) {
    const { marker, contentStart } = segment;
    const start = contentStart - 2;
    if (previous.marker !== SOS && !isFill(bytes, previous.end, start)) return null;
    if (marker === EOI) return [...parts, bytes.subarray(keptFrom, contentStart)];
    const end = endOf(bytes, segment);
    if (end === null) return null;
    if (!isOfPicture(marker)) {
      parts.push(bytes.subarray(keptFrom, start), keptOf(marker, bytes.subarray(contentStart + 2, end)));
      keptFrom = end;
    }
    previous = { marker, end };
  }
  return null;
}

/** Null if the marker is unknown here, or the segment is not complete. */
function endOf(bytes: Buffer, { marker, contentStart }: Segment): number | null {
  const isKnown = isOfPicture(marker) || (marker >= APP0 && marker <= APP15) || marker === COM;
  if (!isKnown || contentStart + 2 > bytes.length) return null;
  const length = bytes.readUInt16BE(contentStart);
  const end = contentStart + length;
  return length < 2 || end > bytes.length ? null : end;
}

/** Frames, tables, scans, DNL and DRI (ITU-T T.81, table B.1), without JPG, DHP and EXP. */
function isOfPicture(marker: number): boolean {
  return (marker >= 0xc0 && marker <= 0xcf && marker !== 0xc8) || (marker >= SOS && marker <= 0xdd);
}

function isFill(bytes: Buffer, from: number, to: number): boolean {
  return bytes.subarray(from, to).every((byte) => byte === 0xff);
}

/** The segment that stays of an application segment or comment, with its marker. Decoders read no more of JFIF and Adobe's. */
function keptOf(marker: number, content: Buffer): Buffer {
  if (marker === APP0 && startsWith(content, 'JFIF\0') && content.length >= 14)
    return segmentOf(marker, Buffer.concat([content.subarray(0, 12), Buffer.of(0, 0)]));
  if (marker === APP14 && startsWith(content, 'Adobe')) return segmentOf(marker, content.subarray(0, 12));
  if (marker === APP2 && startsWith(content, 'ICC_PROFILE\0')) return segmentOf(marker, content);
  return Buffer.alloc(0);
}

function segmentOf(marker: number, content: Buffer): Buffer {
  const length = content.length + 2;
  return Buffer.concat([Buffer.of(0xff, marker, length >> 8, length & 0xff), content]);
}

function startsWith(content: Buffer, text: string): boolean {
  return content.toString('latin1', 0, text.length) === text;
}

/** The critical chunks, and those that say how samples become colours or how large a pixel is (ISO/IEC 15948, 11). */
const PNG_KEPT = new Set('IHDR PLTE IDAT IEND tRNS gAMA cHRM sRGB iCCP cICP mDCV cLLI sBIT pHYs'.split(' '));

/** Null if a chunk is cut, or a critical chunk is unknown. */
function pngParts(bytes: Buffer): Buffer[] | null {
  const parts = [bytes.subarray(0, 8)];
  for (const { type, start, end } of pngChunks(bytes)) {
    if (end > bytes.length) return null;
    if (PNG_KEPT.has(type)) parts.push(bytes.subarray(start, end));
    else if (!/^[a-z][A-Za-z]{3}$/.test(type)) return null;
    if (type === 'IEND') return parts;
  }
  return null;
}

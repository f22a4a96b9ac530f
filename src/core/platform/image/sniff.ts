import { fileTypeFromBuffer } from 'file-type';
import type { PhotoFormat } from './inspection.ts';

/** Tells the kind of a file by its content alone, because names and media types from servers are often wrong. */

/** `mediaType` is a guess for messages. It is plain words if there is no such type. */
export type Sniffed =
  | { readonly kind: 'photo'; readonly format: PhotoFormat }
  /** The file ends within the signature of a photo. */
  | { readonly kind: 'cut-photo'; readonly format: PhotoFormat }
  | { readonly kind: 'other-picture'; readonly mediaType: string }
  | { readonly kind: 'no-picture'; readonly mediaType: string };

interface Signature {
  readonly format: PhotoFormat;
  /** The first bytes; null stands for any. */
  readonly bytes: readonly (number | null)[];
  /** A file shorter than the signature counts as a cut photo from this length on. */
  readonly tellingLength: number;
}

/** JPEG: SOI and the start of any marker. PNG: ISO/IEC 15948, 5.2. WebP: RFC 9649, 2.4 (the four open bytes are a size). */
const SIGNATURES: readonly Signature[] = [
  { format: 'jpeg', bytes: [0xff, 0xd8, 0xff], tellingLength: 2 },
  { format: 'png', bytes: [0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a], tellingLength: 2 },
  {
    format: 'webp',
    bytes: [0x52, 0x49, 0x46, 0x46, null, null, null, null, 0x57, 0x45, 0x42, 0x50],
    tellingLength: 9,
  },
];
/** JPEG-LS shares the signature of JPEG; its SOF55 marker comes at once. */
const JPEG_LS_MARKER = 0xf7;
/** The most bytes that `file-type` needs (its `reasonableDetectionSizeInBytes`). */
const HEAD_BYTES = 4_100;
/** Page descriptions, which people see as pictures although their media types do not say so. */
const PAGE_TYPES: ReadonlySet<string> = new Set(['application/pdf', 'application/eps', 'application/postscript']);

/** Looks at no more than the first 4,100 bytes. Never rejects. */
export async function sniff(bytes: Uint8Array): Promise<Sniffed> {
  if (bytes.length === 0) return { kind: 'no-picture', mediaType: 'an empty file' };
  const format = photoFormatOf(bytes);
  if (format !== undefined) return { kind: 'photo', format };
  const cut = SIGNATURES.find(
    (signature) =>
      bytes.length >= signature.tellingLength &&
      bytes.length < signature.bytes.length &&
      startsLike(bytes, signature.bytes),
  );
  if (cut !== undefined) return { kind: 'cut-photo', format: cut.format };
  return sniffOther(bytes.subarray(0, HEAD_BYTES));
}

/** The accepted format whose signature the bytes begin with, or undefined. */
export function photoFormatOf(bytes: Uint8Array): PhotoFormat | undefined {
  if (bytes[3] === JPEG_LS_MARKER) return undefined;
  return SIGNATURES.find((signature) => bytes.length >= signature.bytes.length && startsLike(bytes, signature.bytes))
    ?.format;
}

async function sniffOther(head: Uint8Array): Promise<Sniffed> {
  const mediaType = await mediaTypeOf(head);
  if (mediaType !== undefined && (mediaType.startsWith('image/') || PAGE_TYPES.has(mediaType))) {
    return { kind: 'other-picture', mediaType };
  }
  if (isSvg(head)) return { kind: 'other-picture', mediaType: 'image/svg+xml' };
  return { kind: 'no-picture', mediaType: mediaType ?? (head.includes(0) ? 'unknown content' : 'text') };
}

async function mediaTypeOf(head: Uint8Array): Promise<string | undefined> {
  try {
    const mediaType = (await fileTypeFromBuffer(head))?.mime;
    // `file-type` takes any text that begins with 'BM' for a bitmap. A bitmap's header has many zeros.
    return mediaType === 'image/bmp' && !head.includes(0) ? undefined : mediaType;
  } catch {
    // Its parsers may fail on hostile bytes, so the kind is unknown.
    return undefined;
  }
}

/** True if the bytes and the signature are equal up to the end of the shorter one. */
function startsLike(bytes: Uint8Array, signature: Signature['bytes']): boolean {
  return signature.slice(0, bytes.length).every((byte, i) => byte === null || byte === bytes[i]);
}

/** Parts that may stand before the root element or the doctype, by how they open and close. */
const OPENINGS = [
  ['<?', '?>'],
  ['<!--', '-->'],
] as const;

/** True if the root element or doctype is `svg`. An HTML page that contains a drawing is not one. */
function isSvg(head: Uint8Array): boolean {
  const root = skipProlog(decodeText(head));
  return /^<(?:!doctype\s+)?(?:[\w-]+:)?svg[\s/>]/i.test(root);
}

/** Decodes UTF-8 unless the byte order mark says UTF-16. Other bytes become characters with which no markup begins. */
function decodeText(head: Uint8Array): string {
  const mark = (head[0] ?? 0) * 256 + (head[1] ?? 0);
  const encoding = mark === 0xff_fe ? 'utf-16le' : mark === 0xfe_ff ? 'utf-16be' : 'utf-8';
  return new TextDecoder(encoding).decode(head);
}

/** The text from the first tag on, or nothing if it ends before. */
function skipProlog(text: string): string {
  let rest = text.trimStart();
  for (;;) {
    const skipped = OPENINGS.find(([open]) => rest.startsWith(open));
    if (skipped === undefined) return rest;
    const [open, close] = skipped;
    const end = rest.indexOf(close, open.length);
    if (end < 0) return '';
    rest = rest.slice(end + close.length).trimStart();
  }
}

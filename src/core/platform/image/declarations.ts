/** Finds what a picture file declares about its origin and its use. Nothing is inferred from pixels. */
import type { PhotoFormat } from './inspection.ts';
import { jpegSegments, pngChunks, SOS } from './container.ts';

/** IPTC's digital source types of generated pictures, as an address (also in C2PA), an XML attribute or element. */
const GENERATED =
  /digitalsourcetype(?:\/|\s*=\s*["']|\s*>\s*)(trainedAlgorithmicMedia|compositeWithTrainedAlgorithmicMedia|algorithmicMedia)(?![a-z])/i;

/** The property Data Mining of PLUS in XMP: a term of its vocabulary in an attribute or element, under any prefix. */
const DATA_MINING = /DataMining(?:\s|[="'>])[^<>]{0,200}?\b(DMI-[A-Z-]{3,60})/;

export interface Declarations {
  /** The digital source type of a generated picture, in XMP or C2PA. */
  readonly generatedAs: string | null;
  /** `DMI-PROHIBITED` and others (https://ns.useplus.org/LDF/ldf-XMPSpecification). */
  readonly dataMining: string | null;
}

/** Reads metadata only. */
export function declarationsOf(format: PhotoFormat, bytes: Buffer): Declarations {
  const metadata = METADATA_OF[format](bytes).toString('latin1');
  return {
    generatedAs: GENERATED.exec(metadata)?.[1] ?? null,
    dataMining: DATA_MINING.exec(metadata)?.[1] ?? null,
  };
}

const METADATA_OF: Readonly<Record<PhotoFormat, (bytes: Buffer) => Buffer>> = {
  jpeg: ofJpeg,
  png: ofPng,
  webp: ofWebp,
};

const APP1 = 0xe1;
const APP11 = 0xeb;
const EXTENDED_XMP = 'http://ns.adobe.com/xmp/extension/\0';
/** The name, a GUID, the length of the whole and the offset of this part (XMP specification, part 3, 1.1.3.1). */
const EXTENDED_XMP_HEADER_BYTES = EXTENDED_XMP.length + 32 + 8;
/** Bytes before the content of a C2PA box: identifier, instance, number, length and type (ISO/IEC 19566-5, annex D). */
const BOX_HEADER_BYTES = 16;

/** XMP and boxes longer than a segment continue in the next one, so their parts are joined without their headers. */
function ofJpeg(bytes: Buffer): Buffer {
  const xmp: Buffer[] = [];
  const boxes: Buffer[] = [];
  for (const { marker, contentStart } of jpegSegments(bytes)) {
    if (marker === SOS) break;
    if ((marker !== APP1 && marker !== APP11) || contentStart + 2 > bytes.length) continue;
    const content = bytes.subarray(contentStart + 2, contentStart + bytes.readUInt16BE(contentStart));
    if (marker === APP11) boxes.push(content.subarray(BOX_HEADER_BYTES));
    else if (content.toString('latin1', 0, EXTENDED_XMP.length) === EXTENDED_XMP)
      xmp.push(content.subarray(EXTENDED_XMP_HEADER_BYTES));
    else xmp.push(content);
  }
  return Buffer.concat([...xmp, ...boxes]);
}

function ofPng(bytes: Buffer): Buffer {
  const parts: Buffer[] = [];
  for (const { type, start, end } of pngChunks(bytes))
    if (type === 'iTXt' || type === 'caBX') parts.push(bytes.subarray(start + 8, end - 4));
  return Buffer.concat(parts);
}

/** RFC 9649, 2.3: chunks of a name, a length and content, padded to an even length. */
function ofWebp(bytes: Buffer): Buffer {
  const parts: Buffer[] = [];
  for (let start = 12; start + 8 <= bytes.length;) {
    const type = bytes.toString('latin1', start, start + 4);
    const length = bytes.readUInt32LE(start + 4);
    if (type === 'XMP ' || type === 'C2PA') parts.push(bytes.subarray(start + 8, start + 8 + length));
    start += 8 + length + (length % 2);
  }
  return Buffer.concat(parts);
}

import sharp from 'sharp';
import { OPEN_OPTIONS } from './decode.ts';

/** The beginning of the EXIF text that says when a photo was taken, such as `2019:05:01`. '' if there is none. */
export async function exifTaken(bytes: Buffer): Promise<string> {
  try {
    const { exif } = await sharp(bytes, OPEN_OPTIONS).metadata();
    return exif === undefined ? '' : dateTimeOriginal(exif.subarray(exif.indexOf('Exif\0\0') === 0 ? 6 : 0));
  } catch {
    // A file that cannot be read is reported when it is fetched. Damaged EXIF tells nothing.
    return '';
  }
}

const EXIF_IFD = 0x8769;
const DATE_TIME_ORIGINAL = 0x9003;

/** CIPA DC-008 (Exif 2.32), 4.5 and 4.6.5: directories of TIFF, whose entries of 12 bytes end with a value or its place. */
function dateTimeOriginal(tiff: Buffer): string {
  const isLittle = tiff.toString('latin1', 0, 2) === 'II';
  const short = (at: number): number => (isLittle ? tiff.readUInt16LE(at) : tiff.readUInt16BE(at));
  const long = (at: number): number => (isLittle ? tiff.readUInt32LE(at) : tiff.readUInt32BE(at));
  const valueOf = (directory: number, tag: number): number | undefined => {
    const entries = Array.from({ length: short(directory) }, (_, i) => directory + 2 + 12 * i);
    const entry = entries.find((at) => short(at) === tag);
    return entry === undefined ? undefined : long(entry + 8);
  };
  const photo = valueOf(long(4), EXIF_IFD);
  const taken = photo === undefined ? undefined : valueOf(photo, DATE_TIME_ORIGINAL);
  return taken === undefined ? '' : tiff.toString('latin1', taken, taken + 10);
}

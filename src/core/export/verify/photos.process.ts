import { GiveUpOnItem } from '../../kernel/errors.ts';
import { sha256Of } from '../../tools/sha256.ts';
import { keepsMetadata } from '../protocol.ts';
import type { PhotoRow } from '../select/photo-row.ts';
import type { Split } from '../select/select.ts';
import { checkHash } from './checksums.process.ts';
import type { ExportContent } from './content.process.ts';
import { photoPath, PROTOCOL } from '../layout.ts';
import { fingerprintOf } from '../../photo/hashes/fingerprint-index.ts';
import { plainSize } from '../../platform/image/exported-picture.ts';
import { decodeRgb, inspectPhoto } from '../../platform/image/inspect.ts';
import { withoutMetadata } from '../../platform/image/strip.ts';

/** Larger than any photo that winnow fetches. */
const MAX_PHOTO_BYTES = 512 * 1024 * 1024;

interface PhotoOptions {
  readonly split: Split;
  readonly maxPixels: number;
  /** Takes a photo whose bytes are those of its row. It may wait until there is room for more. */
  readonly take: (row: PhotoRow, bytes: Buffer) => Promise<void>;
  readonly onProgress: (done: number) => void;
}

/** Reads each photo once. A photo costs about 150 bytes of memory, to find equal pictures. */
export async function checkPhotos(content: ExportContent, options: PhotoOptions): Promise<void> {
  const { findings, folder, protocol, signal } = content;
  const [rows, stated] =
    options.split === 'test' ? [content.rows, protocol.bytes] : [content.controls, protocol.control?.bytes ?? 0];
  const pictures = new Map<string, string>();
  let [done, totalBytes] = [0, 0];
  for await (const { row } of rows.all(signal)) {
    const path = photoPath(row.file_name, options.split);
    if (folder.files.has(path)) {
      const bytes = await readPhoto(content, path);
      totalBytes += bytes?.length ?? 0;
      if (bytes !== null) await checkPhoto(content, { path, row, bytes }, { ...options, pictures });
    } else {
      findings.breach('missing-file', path, `Expected the photo of a row of ${rows.file} but there is none`);
    }
    done += 1;
    options.onProgress(done);
  }
  findings.breaches('count', PROTOCOL, [
    totalBytes !== stated &&
      `Expected ${stated} for the bytes of all photos of ${options.split}/ but there are ${totalBytes}`,
  ]);
}

async function readPhoto({ folder, findings }: ExportContent, path: string): Promise<Buffer | null> {
  try {
    return await folder.read(path, MAX_PHOTO_BYTES);
  } catch (error) {
    if (!(error instanceof GiveUpOnItem)) throw error;
    findings.breach('metadata', path, error.message);
    return null;
  }
}

interface Photo {
  readonly path: string;
  readonly row: PhotoRow;
  readonly bytes: Buffer;
}

async function checkPhoto(
  content: ExportContent,
  { path, row, bytes }: Photo,
  { maxPixels, take, pictures }: PhotoOptions & { readonly pictures: Map<string, string> },
): Promise<void> {
  const { findings, checksums } = content;
  const sha256 = sha256Of(bytes);
  checkHash(findings, checksums, { path, sha256 });
  findings.breaches('metadata', path, [
    sha256 !== row.sha256 && `Expected the SHA-256 ${row.sha256} of its row but the file has ${sha256}`,
  ]);
  const seen = await look(bytes, maxPixels);
  if (typeof seen === 'string') {
    findings.breach('metadata', path, seen);
    return;
  }
  findings.breaches('metadata', path, [
    ...pictureProblems(row, seen),
    seen.hasMetadata &&
      !keepsMetadata(content.protocol) &&
      'Expected a picture without metadata but it has EXIF, XMP, IPTC, comments or other parts',
  ]);
  const twin = await findTwin(content, { path, bytes, seen }, pictures);
  if (twin !== null) findings.breach('duplicate', path, `Expected each picture once but it has the pixels of ${twin}`);
  if (sha256 === row.sha256) await take(row, bytes);
}

type SeenPicture = Exclude<Awaited<ReturnType<typeof look>>, string>;

/**
 * Decodes a picture, or says why that fails. `isPlain`: an upright 8-bit JPEG or PNG without alpha, in which every reader
 * sees the same pixels. `hasMetadata`: it holds more than pixels and their colour data, or has an unknown structure.
 */
async function look(bytes: Buffer, maxPixels: number) {
  const limits = { maxPixels, minSidePixels: 1, maxAspectRatio: Infinity };
  const inspection = await inspectPhoto(bytes, limits, fingerprintOf);
  if (!inspection.ok) return inspection.detail;
  const isPlain = (await plainSize(bytes)) !== null;
  return { ...inspection, isPlain, hasMetadata: withoutMetadata(bytes) !== bytes };
}

/** How a picture differs from its row, and from what loaders that apply no orientation and no alpha can read. */
function pictureProblems(
  { file_name, width, height }: Pick<PhotoRow, 'file_name' | 'width' | 'height'>,
  seen: SeenPicture,
): (string | false)[] {
  const format = file_name.endsWith('.png') ? 'png' : 'jpeg';
  return [
    seen.format !== format && `Expected a ${format} by its name but it is a ${seen.format}`,
    (seen.width !== width || seen.height !== height) &&
      `Expected ${width} x ${height} pixels but it has ${seen.width} x ${seen.height}`,
    seen.exifOrientation !== 1 && `Expected an upright picture but its EXIF orientation is ${seen.exifOrientation}`,
    seen.exifOrientation === 1 &&
      !seen.isPlain &&
      'Expected 8 bits a channel, no transparency and no other orientation in its texts but it has one of them',
  ];
}

/** Pictures of one size and hash are compared pixel by pixel, so nothing is reported that only looks alike. */
async function findTwin(
  { folder }: ExportContent,
  { path, bytes, seen }: { readonly path: string; readonly bytes: Buffer; readonly seen: SeenPicture },
  pictures: Map<string, string>,
): Promise<string | null> {
  const key = `${seen.perceptualHash} ${seen.width} ${seen.height}`;
  const earlier = pictures.get(key);
  if (earlier === undefined) {
    pictures.set(key, path);
    return null;
  }
  const other = await folder.read(earlier, MAX_PHOTO_BYTES);
  return (await arePixelsEqual(bytes, other)) ? earlier : null;
}

async function arePixelsEqual(one: Buffer, other: Buffer): Promise<boolean> {
  const [a, b] = [await decodeRgb(one), await decodeRgb(other)];
  return a.width === b.width && Buffer.from(a.data).equals(b.data);
}

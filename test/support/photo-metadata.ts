import { execFile } from 'node:child_process';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { promisify } from 'node:util';
import { PYTHON } from './export-python.ts';

const run = promisify(execFile);

/** The problem of exiftool; empty if it can be used. */
export async function lacksExiftool(): Promise<string> {
  return run('exiftool', ['-ver']).then(
    () => '',
    () => 'there is no exiftool (Debian: libimage-exiftool-perl)',
  );
}

/** Texts that `addPrivateFacts` writes. None may be in an exported file. */
export const PRIVATE_FACTS = ['SN-4711-secret', 'Ada Private', 'ada@private.example', 'Canon-maker-secret', '52.5163'];

const TAGS = [
  '-GPSLatitude=52.5163',
  '-GPSLatitudeRef=N',
  '-GPSLongitude=13.3777',
  '-GPSLongitudeRef=E',
  '-EXIF:SerialNumber=SN-4711-secret',
  '-EXIF:Artist=Ada Private',
  '-XMP:Creator=Ada Private',
  '-XMP:GPSLatitude=52.5163',
  '-XMP-photoshop:Instructions=ada@private.example',
  '-Comment=ada@private.example',
];

/** The picture with a position, serial number, names and comments in EXIF, XMP, IPTC (JPEG) and text, as cameras and editors write them. */
export async function addPrivateFacts(bytes: Buffer, ...more: readonly string[]): Promise<Buffer> {
  const tags = bytes[0] === 0xff ? [...TAGS, '-IPTC:By-line=Ada Private'] : TAGS;
  return inFolder(async (folder) => {
    const file = path.join(folder, 'picture');
    await writeFile(file, bytes[0] === 0xff ? withMakerNote(bytes) : bytes);
    await run('exiftool', ['-q', '-m', '-overwrite_original', ...tags, ...more, file]);
    return readFile(file);
  });
}

/** The groups of exiftool's tags that describe the file and its pixels, not people. */
const OF_PIXELS = new Set([
  'SourceFile',
  'ExifTool',
  'System',
  'File',
  'JFIF',
  'APP14',
  'Adobe',
  'ICC_Profile',
  'PNG',
  'PNG-pHYs',
  'Composite',
]);

/** The tags of a picture that do not describe its pixels, as exiftool names them: `GPS:GPSLatitude`. */
export async function privateTags(bytes: Buffer): Promise<string[]> {
  return inFolder(async (folder) => {
    const file = path.join(folder, 'picture');
    await writeFile(file, bytes);
    const { stdout } = await run('exiftool', ['-j', '-G1', '-a', '-u', '-U', '-e', file], { maxBuffer: 2 ** 26 });
    const [tags = {}] = JSON.parse(stdout) as Record<string, unknown>[];
    const isOther = (tag: string): boolean => !OF_PIXELS.has(/^[^:]+/.exec(tag)?.[0] ?? '') && !tag.startsWith('ICC');
    return Object.keys(tags).filter((tag) => isOther(tag) || /:(?:Comment|ModifyDate|Warning|Trailer)/.test(tag));
  });
}

/** The pixels as Pillow reads them, upright and in their own mode: a hash for each picture. */
export async function pillowPixels(pictures: readonly Buffer[]): Promise<string[]> {
  return inFolder(async (folder) => {
    const files = pictures.map((_, i) => path.join(folder, String(i)));
    await Promise.all(files.map((file, i) => writeFile(file, pictures[i] ?? '')));
    const { stdout } = await run(PYTHON, ['-c', PILLOW, ...files]);
    return stdout.trimEnd().split('\n');
  });
}

const PILLOW = `
import hashlib, sys
from PIL import Image, ImageOps
for file in sys.argv[1:]:
    picture = ImageOps.exif_transpose(Image.open(file))
    print(picture.size, picture.mode, hashlib.sha256(picture.tobytes()).hexdigest())
`;

async function inFolder<T>(use: (folder: string) => Promise<T>): Promise<T> {
  const folder = await mkdtemp(path.join(tmpdir(), 'winnow-metadata-'));
  try {
    return await use(folder);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

/** The JPEG as a phone and an editor leave it: with a maker note, a name in a comment, and a second picture after the end. */
export function withCameraFacts(jpeg: Buffer): Buffer {
  const commented = insertSegment(jpeg, 0xfe, Buffer.from('Ada Private'));
  return Buffer.concat([withMakerNote(commented), jpeg]);
}

/** The JPEG with an Exif segment that has a maker note, which exiftool does not write from nothing. */
function withMakerNote(jpeg: Buffer): Buffer {
  const note = Buffer.from('Canon-maker-secret\0\0');
  const exif = Buffer.concat([
    Buffer.from('Exif\0\0MM\0*', 'latin1'),
    Buffer.from([0, 0, 0, 8]),
    // IFD0 with the address of the Exif IFD, which has one entry of undefined bytes.
    Buffer.from([0, 1, 0x87, 0x69, 0, 4, 0, 0, 0, 1, 0, 0, 0, 26, 0, 0, 0, 0]),
    Buffer.from([0, 1, 0x92, 0x7c, 0, 7, 0, 0, 0, note.length, 0, 0, 0, 44, 0, 0, 0, 0]),
    note,
  ]);
  return insertSegment(jpeg, 0xe1, exif);
}

export function insertSegment(jpeg: Buffer, marker: number, content: Buffer): Buffer {
  const length = Buffer.alloc(2);
  length.writeUInt16BE(content.length + 2);
  return Buffer.concat([jpeg.subarray(0, 2), Buffer.of(0xff, marker), length, content, jpeg.subarray(2)]);
}

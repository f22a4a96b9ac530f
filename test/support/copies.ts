import { mkdir, readdir, readFile, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { sha256Of } from './sha256.ts';

const SAMPLES = fileURLToPath(new URL('../fixtures/samples/photos/', import.meta.url));

export interface Copy {
  /** Below the folder: `<wnid>/<name>-<number>.jpg`. */
  readonly file: string;
  readonly wnid: string;
  readonly sha256: string;
  readonly bytes: number;
}

/**
 * Writes `count` distinct copies of the photos of test/fixtures/samples, taken in turn, as `<folder>/<wnid>/...`. Each has
 * bytes of its own but decodes to the picture that it was made of, so copies of one photo are decided alike and are
 * near-duplicates. The same count gives the same bytes. One photo is in memory at a time.
 */
export async function makeCopies(
  folder: string,
  count: number,
  options: { readonly wnids?: readonly string[]; readonly onCopy?: (copy: Copy) => void } = {},
): Promise<void> {
  const samples: { wnid: string; name: string }[] = [];
  for (const wnid of options.wnids ?? (await readdir(SAMPLES)).toSorted()) {
    for (const name of (await readdir(path.join(SAMPLES, wnid))).toSorted()) samples.push({ wnid, name });
  }
  if (samples.length === 0) throw new RangeError(`Expected samples of ${options.wnids?.join(', ')} but there are none`);
  for (let number = 0; number < count; number += 1) {
    const sample = samples[number % samples.length];
    if (sample === undefined) continue;
    const bytes = withComment(await readFile(path.join(SAMPLES, sample.wnid, sample.name)), `copy ${number}`);
    const file = path.join(sample.wnid, `${path.parse(sample.name).name}-${number}.jpg`);
    await mkdir(path.join(folder, sample.wnid), { recursive: true });
    await writeFile(path.join(folder, file), bytes);
    options.onCopy?.({ file, wnid: sample.wnid, sha256: sha256Of(bytes), bytes: bytes.length });
  }
}

const START_OF_IMAGE = 0xffd8;
const APPLICATION_MARKER = 0xffe0;
const COMMENT_MARKER = 0xfffe;

/**
 * The JPEG with a comment segment (ITU-T T.81, B.2.4.5): other bytes, the same picture. A JFIF segment keeps its place
 * right after the start, where some programs look for the letters.
 */
export function withComment(jpeg: Buffer, comment: string): Buffer {
  if (jpeg.readUInt16BE(0) !== START_OF_IMAGE) throw new RangeError('Expected a JPEG file');
  const at = jpeg.readUInt16BE(2) === APPLICATION_MARKER ? 4 + jpeg.readUInt16BE(4) : 2;
  const text = Buffer.from(comment, 'latin1');
  const segment = Buffer.alloc(4);
  segment.writeUInt16BE(COMMENT_MARKER, 0);
  segment.writeUInt16BE(text.length + 2, 2);
  return Buffer.concat([jpeg.subarray(0, at), segment, text, jpeg.subarray(at)]);
}

import { mkdir, readdir, readFile, writeFile } from 'node:fs/promises';
import path from 'node:path';
import sharp from 'sharp';

/** Six different copies of a photo: parts of it, mirrored, lighter and darker. */
const COPIES: readonly ((
  side: { readonly width: number; readonly height: number },
  bytes: Buffer,
) => Promise<Buffer>)[] = [
  (_, bytes) => sharp(bytes).jpeg().toBuffer(),
  (_, bytes) => sharp(bytes).flop().jpeg().toBuffer(),
  (_, bytes) => sharp(bytes).modulate({ brightness: 1.3 }).jpeg().toBuffer(),
  (side, bytes) =>
    sharp(bytes)
      .extract(part(side, 0.02, 0.05))
      .modulate({ brightness: 0.8 })
      .jpeg()
      .toBuffer(),
  (side, bytes) =>
    sharp(bytes)
      .extract(part(side, 0.12, 0.1))
      .jpeg()
      .toBuffer(),
  (side, bytes) =>
    sharp(bytes)
      .flop()
      .extract(part(side, 0.05, 0.15))
      .jpeg()
      .toBuffer(),
];

/** Four fifths of a photo. */
function part({ width, height }: { readonly width: number; readonly height: number }, left: number, top: number) {
  return {
    left: Math.round(left * width),
    top: Math.round(top * height),
    width: Math.round(0.8 * width),
    height: Math.round(0.8 * height),
  };
}

/** Writes six copies of each photo: four to train with, and two to test. */
export async function writeCopies(
  from: string,
  to: { readonly train: string; readonly test: string },
  classes: readonly string[],
): Promise<void> {
  for (const name of classes) {
    for (const folder of [to.train, to.test]) await mkdir(path.join(folder, name), { recursive: true });
    for (const file of await readdir(path.join(from, name))) {
      const bytes = await sharp(await readFile(path.join(from, name, file)))
        .rotate()
        .jpeg()
        .toBuffer();
      const { width, height } = await sharp(bytes).metadata();
      for (const [i, copy] of COPIES.entries()) {
        const folder = i < 4 ? to.train : to.test;
        await writeFile(
          path.join(folder, name, `${path.parse(file).name}-${i}.jpg`),
          await copy({ width, height }, bytes),
        );
      }
    }
  }
}

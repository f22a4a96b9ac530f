import { readFile } from 'node:fs/promises';
import path from 'node:path';
import sharp, { type Region } from 'sharp';
import { repositoryRoot } from './winnow.ts';

const PHOTOS = path.join(repositoryRoot, 'test', 'fixtures', 'samples', 'photos');

/** Parts of two bundled photos, an avocado and a kiwi: round on a plain ground, so their 64-bit hashes are 4 bits apart. */
export async function lookAlikes(): Promise<{ readonly avocado: Buffer; readonly kiwi: Buffer }> {
  return {
    avocado: await part('n07583066/avocado.jpg', { left: 17, top: 62, width: 371, height: 214 }),
    kiwi: await part('n07753113/kiwi.jpg', { left: 17, top: 98, width: 248, height: 173 }),
  };
}

async function part(name: string, region: Region): Promise<Buffer> {
  return sharp(await readFile(path.join(PHOTOS, name)))
    .extract(region)
    .png()
    .toBuffer();
}

import { readFileSync } from 'node:fs';
import sharp from 'sharp';
import { describe, expect, it } from 'vitest';
import { decodeRgb } from '../../../../../src/core/platform/image/inspect.ts';
import { smallWebp } from '../../../../../src/core/platform/image/thumbnail.ts';
import { fingerprintOf } from '../../../../../src/core/photo/hashes/fingerprint-index.ts';
import { parseHash } from '../../../../../src/core/photo/hashes/perceptual-hash.ts';
import { hammingDistance } from '../../../../support/hamming-distance.ts';
import { pngFile } from './png-file.ts';

const OPTIONS = { maxSidePixels: 128, quality: 75 };
const fixture = (name: string): Buffer =>
  readFileSync(new URL(`../../../../fixtures/preprocess/${name}`, import.meta.url));

describe('smallWebp', () => {
  it.each([
    ['large.jpg', 128, 121],
    ['tall.jpg', 27, 128],
    ['exif-orientation-6.jpg', 86, 128],
    ['alpha.png', 128, 94],
    ['webp.webp', 128, 86],
    ['cmyk.jpg', 128, 96],
    ['tiny-17x31.png', 17, 31],
  ])('fits %s, upright, into the square as %i x %i', async (name, width, height) => {
    const metadata = await sharp(await smallWebp(fixture(name), OPTIONS)).metadata();
    expect(metadata).toMatchObject({ format: 'webp', width, height, channels: 3 });
  });

  it('never enlarges a photo', async () => {
    const { data } = await decodeRgb(fixture('tiny-17x31.png'));
    const copy = await smallWebp(fixture('tiny-17x31.png'), { maxSidePixels: 1_600, quality: 82 });
    expect(await decodeRgb(copy)).toMatchObject({ width: 17, height: 31, data: { length: data.length } });
  });

  it.each(['exif-orientation-6.jpg', 'large.jpg', 'alpha.png', 'webp.webp'])('looks like %s', async (name) => {
    const thumbnail = await decodeRgb(await smallWebp(fixture(name), OPTIONS));
    const photo = await decodeRgb(fixture(name));
    const [one, other] = [thumbnail, photo].map((image) => parseHash(fingerprintOf(image).perceptualHash));
    expect(one && other && hammingDistance(one, other)).toBeLessThanOrEqual(4);
  });

  it('lays transparent pixels on white', async () => {
    const file = pngFile({ width: 8, height: 8, bitDepth: 8, colour: 'rgba', rows: Buffer.alloc(256) });
    const { data } = await decodeRgb(await smallWebp(file, OPTIONS));
    expect(new Set(data)).toEqual(new Set([255]));
  });

  it('keeps nothing that the camera or its owner wrote', async () => {
    const photo = await sharp(fixture('large.jpg'))
      .withExif({ IFD0: { Artist: 'A. Photographer' }, IFD3: { GPSLatitude: '51/1 30/1 0/1' } })
      .jpeg()
      .toBuffer();
    expect((await sharp(photo).metadata()).exif?.toString('latin1')).toContain('A. Photographer');
    const { exif, icc, xmp, iptc, orientation } = await sharp(await smallWebp(photo, OPTIONS)).metadata();
    expect([exif, icc, xmp, iptc, orientation]).toEqual(Array.from({ length: 5 }));
  });

  it('refuses what is no photo', async () => {
    const drawing = Buffer.from('<svg xmlns="http://www.w3.org/2000/svg" width="9" height="9"/>');
    await expect(smallWebp(drawing, OPTIONS)).rejects.toMatchObject({ code: 'unsupported-format' });
    const cut = fixture('large.jpg').subarray(0, 9_000);
    await expect(smallWebp(cut, OPTIONS)).rejects.toMatchObject({ name: 'GiveUpOnItem', code: 'unreadable' });
  });
});

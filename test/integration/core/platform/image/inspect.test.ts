import { sha256Of } from '../../../../support/sha256.ts';
import { readFileSync } from 'node:fs';
import { deflateSync } from 'node:zlib';
import sharp, { type SharpOptions } from 'sharp';
import { describe, expect, it } from 'vitest';
import type { AcceptedPhoto, Inspection, InspectionLimits } from '../../../../../src/core/platform/image/inspection.ts';
import type { LumaImage, RgbImage } from '../../../../../src/core/platform/image/raster.ts';
import { fineSimilarity, parseFineHash } from '../../../../../src/core/photo/hashes/fine-hash.ts';
import { fingerprintOf } from '../../../../../src/core/photo/hashes/fingerprint-index.ts';
import { parseHash } from '../../../../../src/core/photo/hashes/perceptual-hash.ts';
import { hammingDistance } from '../../../../support/hamming-distance.ts';
import { decodeRgb, inspectPhoto } from '../../../../../src/core/platform/image/inspect.ts';
import { noiseBytes } from '../../../../unit/core/photo/pixels/noise.ts';
import { PNG_SIGNATURE, pngChunk, pngFile, pngHeader } from './png-file.ts';

const LIMITS: InspectionLimits = { maxPixels: 50_000_000, minSidePixels: 1, maxAspectRatio: 100 };
const fixture = (name: string): Buffer =>
  readFileSync(new URL(`../../../../fixtures/preprocess/${name}`, import.meta.url));
const inspect = (bytes: Buffer, limits: Partial<InspectionLimits> = {}): Promise<Inspection> =>
  inspectPhoto(bytes, { ...LIMITS, ...limits }, fingerprintOf);
function accepted(inspection: Inspection): AcceptedPhoto {
  if (inspection.ok) return inspection;
  throw new Error(`Expected the photo to be accepted but it was refused: ${inspection.detail}`);
}
function similarityOf(one: string, other: string): number {
  return fineSimilarity(parseFineHash(Buffer.from(one, 'hex')), parseFineHash(Buffer.from(other, 'hex')));
}
/** Comparing the numbers of large arrays one by one takes seconds. */
const pixelsOf = (image: RgbImage | LumaImage) => ({
  width: image.width,
  height: image.height,
  sha256: sha256Of('data' in image ? image.data : image.luma),
});
const EVERY_KIND = [
  'large.jpg',
  'progressive.jpg',
  'cmyk.jpg',
  'grey.jpg',
  'exif-orientation-6.jpg',
  'alpha.png',
  'palette.png',
  'tiny-17x31.png',
  'webp.webp',
];
const smallPng = pngFile({ width: 6, height: 4, bitDepth: 8, colour: 'rgb', rows: noiseBytes(72) });

describe('inspectPhoto of good photos', () => {
  it('answers format, upright size, orientation, and a picture that tells the fingerprint of the upright pixels', async () => {
    const bytes = fixture('exif-orientation-6.jpg');
    const { perceptualHash: hash, fineHash, ...answer } = accepted(await inspect(bytes));
    expect(answer).toEqual({ ok: true, format: 'jpeg', width: 147, height: 219, exifOrientation: 6 });
    const again = fingerprintOf(await decodeRgb(bytes)).perceptualHash;
    expect(hammingDistance(parseHash(hash), parseHash(again))).toBeLessThanOrEqual(2);
    expect(fineHash).toMatch(/^[0-9a-f]{510}$/);
  });

  it('takes the fingerprint of the pixels of decodeRgb for other formats, and where libjpeg-turbo warns', async () => {
    const turned = fixture('exif-orientation-6.jpg');
    const small = await sharp(fixture('large.jpg')).resize({ width: 100 }).jpeg().toBuffer();
    const stray = insert(small, small.indexOf(Buffer.of(0xff, 0xc4)), Buffer.of(0, 17, 34));
    for (const bytes of [turned, stray, fixture('alpha.png'), fixture('webp.webp'), fixture('cmyk.jpg')]) {
      const seen: (RgbImage | LumaImage)[] = [];
      accepted(await inspectPhoto(bytes, LIMITS, (image) => (seen.push(image), fingerprintOf(image))));
      expect(seen.map(pixelsOf)).toEqual([pixelsOf(await decodeRgb(bytes))]);
    }
  });

  it('takes the fingerprint of the luma of JPEGs of up to 2^20 pixels, which is nearly that of decodeRgb', async () => {
    const photo = sharp(fixture('large.jpg'));
    const jpegs = [fixture('grey.jpg'), fixture('progressive.jpg')];
    for (const width of [17, 100, 640, 1_000]) jpegs.push(await photo.clone().resize({ width }).jpeg().toBuffer());
    for (const bytes of jpegs) {
      let isLuma = false;
      const { perceptualHash: hash } = accepted(
        await inspectPhoto(bytes, LIMITS, (image) => {
          isLuma = 'luma' in image;
          return fingerprintOf(image);
        }),
      );
      expect(isLuma).toBe(true);
      const again = fingerprintOf(await decodeRgb(bytes)).perceptualHash;
      expect(hammingDistance(parseHash(hash), parseHash(again))).toBeLessThanOrEqual(2);
    }
  });

  it('answers what the decoder says of the header, wherever Exif stands in it', async () => {
    const turned = fixture('exif-orientation-6.jpg');
    const exifAt = turned.indexOf(Buffer.from('Exif')) - 4;
    const exifEnd = exifAt + 2 + turned.readUInt16BE(exifAt + 2);
    const exif = turned.subarray(exifAt, exifEnd);
    const plain = Buffer.concat([turned.subarray(0, exifAt), turned.subarray(exifEnd)]);
    // Behind the frame, where only the last segments before the scan are.
    const late = insert(plain, plain.indexOf(Buffer.of(0xff, 0xda)), exif);
    const jpegs = EVERY_KIND.filter((name) => name.endsWith('.jpg')).map(fixture);
    for (const bytes of [...jpegs, plain, late]) {
      const { autoOrient, orientation = 1 } = await sharp(bytes).metadata();
      expect(await inspect(bytes)).toMatchObject({ ...autoOrient, exifOrientation: orientation });
    }
    expect(await inspect(late)).toMatchObject({ width: 147, height: 219, exifOrientation: 6 });
  });

  it('leaves a JPEG that says nothing of its size to the decoder', async () => {
    for (const at of [3, 5]) {
      const bytes = fixture('large.jpg');
      const frame = bytes.indexOf(Buffer.of(0xff, 0xc0));
      bytes.writeUInt16BE(0, frame + 2 + at);
      expect(await inspect(bytes)).toMatchObject({ ok: false, reason: 'unreadable' });
    }
  });

  it('takes an orientation that EXIF does not define for none', async () => {
    const bytes = fixture('exif-orientation-6.jpg');
    const tag = bytes.indexOf(Buffer.from('01120003', 'hex'));
    const littleEndianTag = bytes.indexOf(Buffer.from('12010300', 'hex'));
    const value = tag >= 0 ? tag + 9 : littleEndianTag + 8;
    expect(bytes[value]).toBe(6);
    bytes[value] = 9;
    expect(await inspect(bytes)).toMatchObject({ ok: true, width: 219, height: 147, exifOrientation: 1 });
  });

  it.each([
    [
      'stray bytes before a marker',
      (bytes: Buffer) => insert(bytes, bytes.indexOf(Buffer.of(0xff, 0xdb)), Buffer.of(0, 17, 34)),
    ],
    [
      'filling before a marker',
      (bytes: Buffer) => insert(bytes, bytes.indexOf(Buffer.of(0xff, 0xdb)), Buffer.of(0xff, 0xff)),
    ],
    ['stray bytes before the end', (bytes: Buffer) => insert(bytes, bytes.length - 2, Buffer.of(18, 52, 86))],
    ['garbage after the end', (bytes: Buffer) => Buffer.concat([bytes, noiseBytes(3_000)])],
    ['a second photo after the end', (bytes: Buffer) => Buffer.concat([bytes, bytes.subarray(0, 900)])],
  ])('accepts a JPEG with %s and decodes it alike', async (_, spoil) => {
    const bytes = fixture('large.jpg');
    const { perceptualHash, fineHash, ...answer } = accepted(await inspect(spoil(bytes)));
    const intact = accepted(await inspect(bytes));
    expect(intact).toMatchObject(answer);
    expect(hammingDistance(parseHash(perceptualHash), parseHash(intact.perceptualHash))).toBeLessThanOrEqual(2);
    expect(similarityOf(fineHash, intact.fineHash)).toBeGreaterThan(0.99);
    const pixels = await decodeRgb(spoil(bytes));
    expect(Buffer.from(pixels.data).equals((await decodeRgb(bytes)).data)).toBe(true);
  });

  it.each([
    ['png', smallPng],
    ['webp', fixture('webp.webp')],
  ])('accepts a %s with bytes after its end', async (format, bytes) => {
    expect(await inspect(Buffer.concat([bytes, noiseBytes(99)]))).toMatchObject({ ok: true, format });
  });
});

describe('inspectPhoto of cut files', () => {
  it.each(EVERY_KIND)(
    'calls %s truncated when cut at 50 %%, at 99 %%, within its header and at its last byte',
    async (name) => {
      const bytes = fixture(name);
      for (const length of [12, 25, bytes.length / 2, bytes.length * 0.99, bytes.length - 1]) {
        const inspection = await inspect(bytes.subarray(0, Math.floor(length)));
        expect(inspection).toMatchObject({ ok: false, state: 'failed', reason: 'truncated' });
      }
    },
  );

  it.each([
    ['exif-orientation-6.jpg', 2],
    ['tiny-17x31.png', 2],
    ['webp.webp', 9],
  ])('calls every beginning of %s truncated from %i bytes on', async (name, telling) => {
    const bytes = fixture(name);
    const reasons = new Map<string, number>();
    for (let length = 0; length < bytes.length; length++) {
      const inspection = await inspect(bytes.subarray(0, length));
      const reason = inspection.ok ? 'accepted' : inspection.reason;
      reasons.set(reason, (reasons.get(reason) ?? 0) + 1);
    }
    expect(Object.fromEntries(reasons)).toEqual({ 'not-an-image': telling, truncated: bytes.length - telling });
  });

  it('does not take the end of an embedded thumbnail for the end of the photo', async () => {
    const thumbnail = fixture('tall.jpg');
    const segment = Buffer.concat([
      Buffer.of(0xff, 0xe1, (thumbnail.length + 2) >> 8, (thumbnail.length + 2) & 255),
      thumbnail,
    ]);
    const whole = insert(fixture('large.jpg'), 2, segment);
    expect(await inspect(whole)).toMatchObject({ ok: true, width: 448 });
    expect(await inspect(whole.subarray(0, whole.length / 2))).toMatchObject({ reason: 'truncated' });
    expect(await inspect(whole.subarray(0, segment.length))).toMatchObject({ reason: 'truncated' });
  });
});

describe('inspectPhoto of damaged files', () => {
  it.each([
    ['a PNG with a changed data byte', changed(fixture('alpha.png'), 20_000)],
    ['a PNG with a wrong checksum', changed(smallPng, smallPng.length - 14)],
    ['a PNG with too little data', withoutLastRows()],
    ['a PNG of no width', pngFile({ width: 0, height: 1, bitDepth: 8, colour: 'grey', rows: Buffer.of(1) })],
    ['a PNG that goes on as noise', Buffer.concat([smallPng.subarray(0, 33), noiseBytes(400)])],
    ['a WebP with changed data', changed(fixture('webp.webp'), 25)],
    ['a WebP of length zero', Buffer.concat([Buffer.from('RIFF\0\0\0\0WEBPVP8 '), noiseBytes(400)])],
    ['a JPEG without tables', Buffer.from('ffd8ffc0000b080010001001011100ffda0008010100003f00aaffd9', 'hex')],
    ['a JPEG that is two markers', Buffer.from('ffd8ffd9', 'hex')],
  ])('calls %s unreadable', async (_, bytes) => {
    expect(await inspect(bytes)).toMatchObject({ ok: false, state: 'failed', reason: 'unreadable' });
  });

  it('answers for every file however it was changed', async () => {
    const noise = noiseBytes(600);
    const answers: Inspection[] = [];
    for (const name of ['tiny-17x31.png', 'tall.jpg', 'webp.webp']) {
      for (let round = 0; round < 100; round++) {
        const bytes = fixture(name);
        for (let i = 0; i < 3; i++) {
          const at = ((noise[round + i * 100] ?? 0) * 256 + (noise[round + 300] ?? 0)) % bytes.length;
          bytes[at] = noise[round + i * 150] ?? 0;
        }
        answers.push(await inspect(bytes));
      }
    }
    const details = answers.flatMap((answer) => (answer.ok ? [] : [answer.detail]));
    expect(details.length).toBeGreaterThan(50);
    expect(details.filter((detail) => !/^Expected .* received/s.test(detail))).toEqual([]);
  });
});

describe('inspectPhoto of other kinds of files', () => {
  it.each([
    ['an animated WebP', animated('webp')],
    ['an animated PNG', Promise.resolve(insert(smallPng, 33, pngChunk('acTL', Buffer.of(0, 0, 0, 2, 0, 0, 0, 0))))],
    ['a GIF', animated('gif')],
    ['an SVG drawing', Promise.resolve(Buffer.from('<svg xmlns="http://www.w3.org/2000/svg" width="9" height="9"/>'))],
    ['a PDF', Promise.resolve(Buffer.from('%PDF-1.4\n'))],
  ])('refuses %s as an unsupported format', async (_, bytes) => {
    const inspection = await inspect(await bytes);
    expect(inspection).toMatchObject({ ok: false, state: 'failed', reason: 'unsupported-format' });
  });

  it('finds the animation of a PNG behind any amount of other chunks', async () => {
    const profile = pngChunk('prVt', noiseBytes(9_000));
    const control = pngChunk('acTL', Buffer.of(0, 0, 0, 2, 0, 0, 0, 0));
    expect(await inspect(insert(smallPng, 33, Buffer.concat([profile, control])))).toMatchObject({
      reason: 'unsupported-format',
    });
  });

  it.each([
    ['nothing', Buffer.alloc(0)],
    ['text', Buffer.from('Not Found')],
    ['HTML', Buffer.from('<!DOCTYPE html><html><img src="a.jpg"></html>')],
    ['a zip', Buffer.from('PK\x03\x04\x14\0\0\0\0\0\0\0\0\0\0\0\0\0')],
  ])('says that %s is not an image', async (_, bytes) => {
    expect(await inspect(bytes)).toMatchObject({ ok: false, state: 'failed', reason: 'not-an-image' });
  });
});

describe('inspectPhoto of photos beyond the limits', () => {
  it('refuses a decompression bomb from its header, at no cost of memory', async () => {
    const side = 30_000;
    const bomb = Buffer.concat([
      PNG_SIGNATURE,
      pngHeader({ width: side, height: side, bitDepth: 1, colour: 'grey' }),
      pngChunk('IDAT', deflateSync(Buffer.alloc(side * (1 + side / 8)), { level: 9 })),
      pngChunk('IEND', Buffer.alloc(0)),
    ]);
    const before = process.memoryUsage().rss;
    const inspection = await inspect(bomb);
    const grownBytes = process.memoryUsage().rss - before;
    expect(inspection).toMatchObject({ ok: false, state: 'failed', reason: 'too-many-pixels' });
    expect(grownBytes).toBeLessThan(20_000_000);
  });

  it('counts pixels and not sides', async () => {
    expect(await inspect(smallPng, { maxPixels: 24 })).toMatchObject({ ok: true });
    expect(await inspect(smallPng, { maxPixels: 23 })).toMatchObject({
      reason: 'too-many-pixels',
      detail: 'Expected at most 23 pixels but received 6 x 4',
    });
  });

  it('drops photos whose shorter side is too small, and no others', async () => {
    expect(await inspect(smallPng, { minSidePixels: 4 })).toMatchObject({ ok: true });
    expect(await inspect(smallPng, { minSidePixels: 5 })).toMatchObject({ state: 'dropped', reason: 'too-small' });
  });

  it('drops photos that are too long, standing or lying, and no others', async () => {
    for (const name of ['tall.jpg', 'wide.jpg']) {
      expect(await inspect(fixture(name), { maxAspectRatio: 6 })).toMatchObject({ ok: true });
      expect(await inspect(fixture(name), { maxAspectRatio: 4 })).toMatchObject({
        state: 'dropped',
        reason: 'aspect-ratio',
      });
    }
  });
});

function insert(bytes: Buffer, at: number, added: Uint8Array): Buffer {
  return Buffer.concat([bytes.subarray(0, at), added, bytes.subarray(at)]);
}

function changed(bytes: Buffer, at: number): Buffer {
  const copy = Buffer.from(bytes);
  copy[at] = (copy[at] ?? 0) ^ 0x55;
  return copy;
}

/** A header that promises more rows than follow. */
function withoutLastRows(): Buffer {
  const header = pngHeader({ width: 6, height: 40, bitDepth: 8, colour: 'rgb' });
  return Buffer.concat([PNG_SIGNATURE, header, smallPng.subarray(33)]);
}

function animated(format: 'gif' | 'webp'): Promise<Buffer> {
  const frames = ['red', 'blue'].map((background) => ({
    create: { width: 8, height: 8, channels: 3, background },
  })) satisfies SharpOptions[];
  return Promise.all(frames.map((frame) => sharp(frame).png().toBuffer())).then((pngs) =>
    sharp(pngs, { join: { animated: true } })
      .toFormat(format)
      .toBuffer(),
  );
}

import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import sharp from 'sharp';
import { describe, expect, it } from 'vitest';
import { fingerprintOf } from '../../../../../src/core/photo/hashes/fingerprint-index.ts';
import type { Fingerprint } from '../../../../../src/core/platform/image/inspection.ts';
import type { LumaImage, RgbImage } from '../../../../../src/core/platform/image/raster.ts';
import { decodeRgb, useForFingerprint, type Header } from '../../../../../src/core/platform/image/decode.ts';
import { noiseBytes } from '../../../../unit/core/photo/pixels/noise.ts';
import { pngChunk, pngFile, type PngSpec } from './png-file.ts';

const WIDTH = 13;
const HEIGHT = 7;
const PIXELS = WIDTH * HEIGHT;
const fixture = (name: string): Buffer =>
  readFileSync(new URL(`../../../../fixtures/preprocess/${name}`, import.meta.url));

describe('decodeRgb of PNG', () => {
  it('takes the high byte of 16-bit colours', async () => {
    const samples = noiseBytes(PIXELS * 6);
    const image = await decode({ bitDepth: 16, colour: 'rgb', rows: samples });
    expect(image.data).toEqual(everySecond(samples));
  });

  it('takes the high byte of 16-bit grey, three times', async () => {
    const samples = noiseBytes(PIXELS * 2);
    const image = await decode({ bitDepth: 16, colour: 'grey', rows: samples });
    expect(image.data).toEqual(threeTimes(everySecond(samples)));
  });

  it('takes the high byte of 16-bit colours and alpha, and then blends', async () => {
    const samples = noiseBytes(PIXELS * 8);
    const image = await decode({ bitDepth: 16, colour: 'rgba', rows: samples });
    expect(image.data).toEqual(onWhite(everySecond(samples)));
  });

  it('takes the high byte of 16-bit grey and alpha, and then blends', async () => {
    const samples = noiseBytes(PIXELS * 4);
    const image = await decode({ bitDepth: 16, colour: 'greyAlpha', rows: samples });
    const high = everySecond(samples);
    const rgba = Array.from({ length: PIXELS * 4 }, (_, i) => high[(i >> 2) * 2 + (i % 4 === 3 ? 1 : 0)] ?? 0);
    expect(image.data).toEqual(onWhite(Uint8Array.from(rgba)));
  });

  it('compares all 16 bits with the transparent colour, not just the high byte', async () => {
    const rows = Uint8Array.of(0x12, 0x34, 0x12, 0x35);
    const extra = [pngChunk('tRNS', Uint8Array.of(0x12, 0x34))];
    const image = await decodeRgb(pngFile({ width: 2, height: 1, bitDepth: 16, colour: 'grey', rows, extra }));
    expect([...image.data]).toEqual([255, 255, 255, 0x12, 0x12, 0x12]);
  });

  it('rounds half-transparent colours to the nearest level', async () => {
    const rgba = noiseBytes(PIXELS * 4);
    const image = await decode({ bitDepth: 8, colour: 'rgba', rows: rgba });
    expect(image.data).toEqual(onWhite(rgba));
  });

  it('looks up a palette and its transparent entries', async () => {
    const rows = Uint8Array.of(0, 1, 2, 3);
    const extra = [
      pngChunk('PLTE', Uint8Array.of(10, 20, 30, 40, 50, 60, 70, 80, 90, 100, 110, 120)),
      pngChunk('tRNS', Uint8Array.of(255, 0, 128)),
    ];
    const image = await decodeRgb(pngFile({ width: 4, height: 1, bitDepth: 8, colour: 'palette', rows, extra }));
    expect([...image.data]).toEqual([10, 20, 30, 255, 255, 255, 162, 167, 172, 100, 110, 120]);
  });

  it.each([
    { bitDepth: 1, packed: 0b0110_0000, levels: [0, 255, 255, 0] },
    { bitDepth: 2, packed: 0b0001_1011, levels: [0, 85, 170, 255] },
  ] as const)('spreads grey of $bitDepth bits over all levels', async ({ bitDepth, packed, levels }) => {
    const file = pngFile({ width: 4, height: 1, bitDepth, colour: 'grey', rows: Uint8Array.of(packed) });
    expect((await decodeRgb(file)).data).toEqual(threeTimes(Uint8Array.from(levels)));
  });

  it('ignores what the file says of gamma, primaries and profiles', async () => {
    const rows = noiseBytes(PIXELS * 3);
    const gamma = pngChunk('gAMA', Uint8Array.of(0, 1, 0x86, 0xa0));
    expect((await decode({ bitDepth: 8, colour: 'rgb', rows, extra: [gamma] })).data).toEqual(rows);
    const withProfile = await sharp(rows, { raw: { width: WIDTH, height: HEIGHT, channels: 3 } })
      .png()
      .withIccProfile('p3', { attach: true })
      .toBuffer();
    const stored = await sharp(withProfile, { ignoreIcc: true }).raw().toBuffer();
    // A decoder that applies the profile returns other pixels.
    expect(await sharp(withProfile).raw().toBuffer()).not.toEqual(stored);
    expect(Buffer.from((await decodeRgb(withProfile)).data)).toEqual(stored);
  });
});

/** Orientation 3 as other programs than cameras write it into a PNG. */
const XMP = '<x:xmpmeta xmlns:x="adobe:ns:meta/"><rdf:Description tiff:Orientation="3"/></x:xmpmeta>';
const EXIF_IN_HEX = '4578696600004d4d002a00000008000101120003000000010003000000000000';

describe('an orientation that is not in EXIF', () => {
  // As in torchvision's ImageFolder. Applying it would change pixels whose evidence is stored already.
  it.each([
    ['XMP', 'iTXt', `XML:com.adobe.xmp\0\0\0\0\0${XMP}`],
    ['a text chunk', 'tEXt', `Raw profile type exif\0\nexif\n      32\n${EXIF_IN_HEX}\n`],
  ])('is ignored: %s', async (_place, type, text) => {
    const rows = noiseBytes(PIXELS * 3);
    const image = await decode({
      bitDepth: 8,
      colour: 'rgb',
      rows,
      extra: [pngChunk(type, Buffer.from(text, 'latin1'))],
    });
    expect(image.data).toEqual(rows);
  });
});

describe('decodeRgb of rotated photos', () => {
  /** Where pixel (x, y) of the upright picture lies in the stored one of `width` x `height` (EXIF 2.32, 4.6.4, tag 0112). */
  const SOURCES: Readonly<Record<number, (x: number, y: number, stored: Size) => readonly [number, number]>> = {
    1: (x, y) => [x, y],
    2: (x, y, { width }) => [width - 1 - x, y],
    3: (x, y, { width, height }) => [width - 1 - x, height - 1 - y],
    4: (x, y, { height }) => [x, height - 1 - y],
    5: (x, y) => [y, x],
    6: (x, y, { height }) => [y, height - 1 - x],
    7: (x, y, { width, height }) => [width - 1 - y, height - 1 - x],
    8: (x, y, { width }) => [width - 1 - y, x],
  };
  interface Size {
    readonly width: number;
    readonly height: number;
  }

  for (const format of ['jpeg', 'png', 'webp'] as const) {
    it.each([1, 2, 3, 4, 5, 6, 7, 8])(`puts a ${format} of EXIF orientation %i upright`, async (orientation) => {
      const raw = sharp(noiseBytes(PIXELS * 3), { raw: { width: WIDTH, height: HEIGHT, channels: 3 } });
      const file = await raw.toFormat(format).withMetadata({ orientation }).toBuffer();
      const stored = await sharp(file).raw().toBuffer();
      const turns = orientation >= 5;
      const upright = await decodeRgb(file);
      expect([upright.width, upright.height]).toEqual(turns ? [HEIGHT, WIDTH] : [WIDTH, HEIGHT]);
      const wanted = Array.from({ length: PIXELS }, (_, i) => {
        const [x = 0, y = 0] =
          SOURCES[orientation]?.(i % upright.width, Math.floor(i / upright.width), { width: WIDTH, height: HEIGHT }) ??
          [];
        return [...stored.subarray((y * WIDTH + x) * 3, (y * WIDTH + x + 1) * 3)];
      });
      expect([...upright.data]).toEqual(wanted.flat());
    });
  }
});

describe('decodeRgb of four inks', () => {
  /**
   * The same compressed data read in three ways, by the transform byte of its Adobe segment and by leaving the segment
   * out. SHA-256 of `Image.open(file).convert('RGB').tobytes()` of Pillow 13.0.0.
   */
  it.each([
    {
      kind: 'CMYK of an Adobe file',
      change: (file: Buffer) => file,
      sha256: '981347741b2981796ef2eac2bd7bfb0a15dad01744d4e51230f80f50289b9aa0',
    },
    {
      kind: 'YCCK of an Adobe file',
      change: asYcck,
      sha256: 'ae7a36f3ecc6a906f7f0aac3394777a27a9ed476a5df5ebc378d9a990f39225a',
    },
    {
      kind: 'CMYK without an Adobe segment',
      change: withoutAdobe,
      sha256: '981347741b2981796ef2eac2bd7bfb0a15dad01744d4e51230f80f50289b9aa0',
    },
  ])('equals Pillow for $kind', async ({ change, sha256 }) => {
    const image = await decodeRgb(change(fixture('cmyk.jpg')));
    expect(sha256Of(image)).toBe(sha256);
  });

  it('puts rotated CMYK upright as well', async () => {
    const flat = await decodeRgb(fixture('cmyk.jpg'));
    const turned = await decodeRgb(withOrientation(fixture('cmyk.jpg'), 3));
    const backwards = Uint8Array.from(flat.data, (_, i) => flat.data.at(-3 - (i - (i % 3)) + (i % 3)) ?? 0);
    expect(sha256Of(turned)).toBe(sha256Of({ ...flat, data: backwards }));
  });
});

describe('useForFingerprint', () => {
  const DAMAGES = 128;

  it('refuses the same damaged JPEGs as decodeRgb, be they damaged in their headers or in their data', async () => {
    const small = sharp(fixture('large.jpg')).resize({ width: 320 });
    const intact = [
      fixture('large.jpg'),
      fixture('progressive.jpg'),
      await small.clone().jpeg().toBuffer(),
      await small.clone().jpeg({ progressive: true }).toBuffer(),
    ];
    const counts = { refused: 0, luma: 0 };
    const countingLuma = (image: RgbImage | LumaImage): Fingerprint => {
      if ('luma' in image) counts.luma += 1;
      return fingerprintOf(image);
    };
    for (let i = 0; i < DAMAGES; i++) {
      const damaged = damage(intact[i % intact.length] ?? Buffer.alloc(0), i);
      const header = await headerOf(damaged);
      // Inspection stops at a header that cannot be read, or that claims too much.
      if (header === null || header.width * header.height > 10_000_000) continue;
      const [full, answer] = await Promise.all([
        outcomeOf(decodeRgb(damaged)),
        outcomeOf(useForFingerprint(damaged, header, countingLuma)),
      ]);
      expect(answer === null, `damage ${i}`).toBe(full === null);
      if (full === null) counts.refused += 1;
    }
    expect(counts.refused).toBeGreaterThan(5);
    expect(counts.luma).toBeGreaterThan(5);
  });

  it('refuses the same kinds of JPEG as decodeRgb', async () => {
    const small = sharp(fixture('large.jpg')).resize({ width: 320 });
    const baseline = await small.clone().jpeg().toBuffer();
    const frame = baseline.indexOf(Buffer.of(0xff, 0xc0));
    // Extended, progressive, lossless, arithmetic, progressive arithmetic (ITU-T T.81, table B.1): each with baseline data.
    const byFrame = [0xc1, 0xc2, 0xc3, 0xc9, 0xca].map((marker) => withByte(baseline, frame + 1, marker));
    const jpegs = [
      ...byFrame,
      withByte(baseline, frame + 4, 12),
      await small.clone().jpeg({ chromaSubsampling: '4:4:4' }).toBuffer(),
      await small.clone().greyscale().toColourspace('b-w').jpeg().toBuffer(),
      await small.clone().toColourspace('cmyk').jpeg().toBuffer(),
    ];
    const { width, height } = await decodeRgb(baseline);
    for (const [i, jpeg] of jpegs.entries()) {
      const full = await outcomeOf(decodeRgb(jpeg));
      const answer = await outcomeOf(useForFingerprint(jpeg, { width, height, exifOrientation: 1 }, fingerprintOf));
      expect(answer === null, `kind ${i}`).toBe(full === null);
    }
  });

  function withByte(bytes: Buffer, at: number, value: number): Buffer {
    const changed = Buffer.from(bytes);
    changed[at] = value;
    return changed;
  }

  /** A few bytes changed, always the same for the same seed; every other time within the first kilobyte. */
  function damage(jpeg: Buffer, seed: number): Buffer {
    const bytes = Buffer.from(jpeg);
    const noise = noiseBytes(12 * (seed + 1)).subarray(12 * seed);
    const reach = seed % 4 < 2 ? 1_000 : bytes.length - 2;
    for (let at = 0; at < 12; at += 4) {
      const position = (noise[at] ?? 0) * 65_536 + (noise[at + 1] ?? 0) * 256 + (noise[at + 2] ?? 0);
      bytes[2 + (position % reach)] = noise[at + 3] ?? 0;
    }
    return bytes;
  }

  async function headerOf(bytes: Buffer): Promise<Header | null> {
    return sharp(bytes)
      .metadata()
      .then(({ autoOrient, orientation }) => ({ ...autoOrient, exifOrientation: orientation ?? 1 }))
      .catch(() => null);
  }

  /** Null if the picture is refused. */
  async function outcomeOf<T>(work: Promise<T>): Promise<T | null> {
    return work.catch(() => null);
  }
});

describe('decodeRgb of other bytes', () => {
  it.each([
    ['nothing', Buffer.alloc(0)],
    [
      'a drawing that libvips could render',
      Buffer.from('<svg xmlns="http://www.w3.org/2000/svg" width="9" height="9"/>'),
    ],
    ['a GIF', Buffer.from('GIF89a\x01\0\x01\0\0\0\0;', 'latin1')],
  ])('refuses %s without asking libvips', async (_, bytes) => {
    await expect(decodeRgb(bytes)).rejects.toMatchObject({ name: 'GiveUpOnItem', code: 'unsupported-format' });
  });

  it('names what is wrong with a photo that cannot be decoded', async () => {
    const broken = Buffer.concat([Buffer.from([0xff, 0xd8, 0xff, 0xdb]), noiseBytes(500)]);
    await expect(decodeRgb(broken)).rejects.toMatchObject({ name: 'GiveUpOnItem', code: 'unreadable' });
  });

  it('decodes many photos at once and each as if alone', async () => {
    const names = ['large.jpg', 'palette.png', 'alpha.png', 'webp.webp', 'cmyk.jpg', 'exif-orientation-6.jpg'];
    const alone: string[] = [];
    for (const name of names) alone.push(sha256Of(await decodeRgb(fixture(name))));
    const together = await Promise.all([...names, ...names].map((name) => decodeRgb(fixture(name))));
    expect(together.map(sha256Of)).toEqual([...alone, ...alone]);
  });
});

/** The high bytes of big-endian 16-bit samples. */
function everySecond(samples: Uint8Array): Uint8Array {
  return samples.filter((_, i) => i % 2 === 0);
}

function threeTimes(levels: Uint8Array): Uint8Array {
  return Uint8Array.from({ length: levels.length * 3 }, (_, i) => levels[Math.floor(i / 3)] ?? 0);
}

/** The nearest level to `alpha * colour + (1 - alpha) * white`; whole numbers over 255 are never half way. */
function onWhite(rgba: Uint8Array): Uint8Array {
  return Uint8Array.from({ length: (rgba.length / 4) * 3 }, (_, i) => {
    const pixel = Math.floor(i / 3) * 4;
    const alpha = rgba[pixel + 3] ?? 0;
    return Math.round(((rgba[pixel + (i % 3)] ?? 0) * alpha + 255 * (255 - alpha)) / 255);
  });
}

async function decode(spec: Omit<PngSpec, 'width' | 'height'>): Promise<RgbImage> {
  const image = await decodeRgb(pngFile({ width: WIDTH, height: HEIGHT, ...spec }));
  expect([image.width, image.height]).toEqual([WIDTH, HEIGHT]);
  return image;
}

function adobeSegment(file: Buffer): { start: number; end: number } {
  const start = file.indexOf('Adobe') - 4;
  return { start, end: start + 2 + file.readUInt16BE(start + 2) };
}

function asYcck(file: Buffer): Buffer {
  const copy = Buffer.from(file);
  copy[adobeSegment(file).end - 1] = 2;
  return copy;
}

function withoutAdobe(file: Buffer): Buffer {
  const { start, end } = adobeSegment(file);
  return Buffer.concat([file.subarray(0, start), file.subarray(end)]);
}

/** After SOI an APP1 segment with an EXIF block of that one tag, big-endian. */
function withOrientation(file: Buffer, orientation: number): Buffer {
  const tag = Buffer.from([0x01, 0x12, 0, 3, 0, 0, 0, 1, 0, orientation, 0, 0]);
  const exif = Buffer.concat([Buffer.from('Exif\0\0MM\0\x2a\0\0\0\x08\0\x01', 'latin1'), tag, Buffer.alloc(4)]);
  const head = Buffer.from([0xff, 0xe1, 0, exif.length + 2]);
  return Buffer.concat([file.subarray(0, 2), head, exif, file.subarray(2)]);
}

function sha256Of(image: RgbImage): string {
  return createHash('sha256').update(image.data).digest('hex');
}

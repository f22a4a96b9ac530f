import { readFileSync } from 'node:fs';
import sharp from 'sharp';
import { beforeAll, describe, expect, it } from 'vitest';
import { decodeRgb } from '../../../../../src/core/platform/image/decode.ts';
import { exportedPicture } from '../../../../../src/core/platform/image/exported-picture.ts';
import { withoutMetadata } from '../../../../../src/core/platform/image/strip.ts';
import { lacksModules } from '../../../../support/export-python.ts';
import {
  addPrivateFacts,
  insertSegment,
  lacksExiftool,
  pillowPixels,
  PRIVATE_FACTS,
  privateTags,
} from '../../../../support/photo-metadata.ts';
import { seededRandom } from '../../../../support/random.ts';
import { noiseBytes } from '../../../../unit/core/photo/pixels/noise.ts';
import { pngChunk, pngFile } from './png-file.ts';

const fixture = (name: string): Buffer =>
  readFileSync(new URL(`../../../../fixtures/preprocess/${name}`, import.meta.url));
const size = { width: 48, height: 40 };
const noise = sharp(noiseBytes(48 * 40 * 3), { raw: { ...size, channels: 3 } });
const TURNED = ['-n', '-Orientation=6'];
const SECRET = Buffer.from('a secret of the photographer');

/** The picture that follows the first one in the files of many phones. */
const secondPicture = async (): Promise<Buffer> => noise.clone().resize(16).jpeg().toBuffer();

const PICTURES: Record<string, { make: () => Promise<Buffer>; becomes: 'stripped' | 'reencoded' }> = {
  'a JPEG': { make: async () => fixture('large.jpg'), becomes: 'stripped' },
  'a grey JPEG': { make: async () => fixture('grey.jpg'), becomes: 'stripped' },
  'a CMYK JPEG': { make: async () => fixture('cmyk.jpg'), becomes: 'stripped' },
  'a progressive JPEG': { make: async () => noise.clone().jpeg({ progressive: true }).toBuffer(), becomes: 'stripped' },
  'a JPEG with a colour profile': {
    make: async () => noise.clone().withIccProfile('p3').jpeg().toBuffer(),
    becomes: 'stripped',
  },
  'a JPEG with a second picture': {
    make: async () => Buffer.concat([await noise.clone().jpeg().toBuffer(), await secondPicture()]),
    becomes: 'stripped',
  },
  'a turned JPEG': { make: async () => fixture('exif-orientation-6.jpg'), becomes: 'reencoded' },
  'a PNG': { make: async () => noise.clone().png().toBuffer(), becomes: 'stripped' },
  'a PNG with a palette and profile': {
    make: async () => noise.clone().withIccProfile('p3').png({ palette: true }).toBuffer(),
    becomes: 'stripped',
  },
  'a WebP': { make: async () => noise.clone().webp({ lossless: true }).toBuffer(), becomes: 'reencoded' },
};

const originals = new Map<string, Buffer>();
let missing = '';

beforeAll(async () => {
  missing = await lacksExiftool();
  if (missing !== '') return;
  for (const [name, { make }] of Object.entries(PICTURES))
    originals.set(name, await addPrivateFacts(await make(), ...(name === 'a turned JPEG' ? TURNED : [])));
});

describe('exported pictures', () => {
  it.for(Object.entries(PICTURES))(
    'have the pixels of %s and none of its metadata',
    async ([name, { becomes }], context) => {
      context.skip(missing !== '', missing);
      const original = originals.get(name) ?? Buffer.alloc(0);
      expect(original.includes('SN-4711-secret')).toBe(true);
      const { bytes, change } = await exportedPicture(original, { keepMetadata: false });
      expect(change).toBe(becomes);
      expect(await privateTags(bytes)).toEqual([]);
      for (const fact of PRIVATE_FACTS) expect([fact, bytes.includes(fact)]).toEqual([fact, false]);
      expect(await arePixelsEqual(bytes, original)).toBe(true);
      const [before, after] = await Promise.all(
        [original, bytes].map(async (each) => (await sharp(each).metadata()).icc),
      );
      expect(after).toEqual(becomes === 'stripped' ? before : undefined);
      expect(await exportedPicture(bytes, { keepMetadata: false })).toMatchObject({ change: 'unchanged' });
      const kept = await exportedPicture(original, { keepMetadata: true });
      expect(kept.change).toBe(becomes === 'stripped' ? 'unchanged' : 'reencoded');
    },
  );

  it('have the pixels that Pillow reads in the originals', async (context) => {
    const lacking = missing + (await lacksModules('PIL'));
    context.skip(lacking !== '', lacking);
    const exported = [...originals.values()].map((original) => exportedPicture(original, { keepMetadata: false }));
    const files = (await Promise.all(exported)).map(({ bytes }) => bytes);
    expect(await pillowPixels(files)).toEqual(await pillowPixels([...originals.values()]));
  });
});

async function arePixelsEqual(one: Buffer, other: Buffer): Promise<boolean> {
  const [a, b] = await Promise.all([decodeRgb(one), decodeRgb(other)]);
  return a.width === b.width && Buffer.from(a.data).equals(b.data);
}

describe('withoutMetadata', () => {
  it('keeps the restart markers of a scan', async () => {
    const one = await sharp({ create: { width: 8, height: 8, channels: 3, background: '#777' } })
      .greyscale()
      .jpeg()
      .toBuffer();
    const scan = one.indexOf(Buffer.of(0xff, 0xda));
    const data = one.subarray(scan + 2 + one.readUInt16BE(scan + 2), -2);
    const header = Buffer.from(one.subarray(0, scan));
    header.writeUInt16BE(16, header.indexOf(Buffer.of(0xff, 0xc0)) + 7);
    const interval = Buffer.of(0xff, 0xdd, 0, 4, 0, 1);
    const end = Buffer.of(0xff, 0xd9);
    const two = Buffer.concat([header, interval, one.subarray(scan, -2), Buffer.of(0xff, 0xd0), data, end]);
    const dirty = Buffer.concat([insertSegment(two, 0xed, SECRET), SECRET]);
    expect((await decodeRgb(two)).width).toBe(16);
    expect(withoutMetadata(dirty)?.equals(two)).toBe(true);
  });

  it('returns the same bytes of a picture that has no metadata', async () => {
    for (const bytes of [await noise.clone().jpeg().toBuffer(), await noise.clone().png().toBuffer()])
      expect(withoutMetadata(bytes)).toBe(bytes);
  });

  it('removes segments and comments between the scans, keeps fill bytes, and cuts after the end', async () => {
    const jpeg = fixture('progressive.jpg');
    const clean = withoutMetadata(jpeg) ?? Buffer.alloc(0);
    const lastScan = clean.lastIndexOf(Buffer.of(0xff, 0xda));
    const comment = Buffer.concat([Buffer.of(0xff, 0xff, 0xff, 0xfe, 0, SECRET.length + 2), SECRET]);
    const mixed = Buffer.concat([clean.subarray(0, lastScan), comment, clean.subarray(lastScan), SECRET]);
    const result = withoutMetadata(mixed) ?? Buffer.alloc(0);
    expect(result.includes(SECRET)).toBe(false);
    expect(await arePixelsEqual(result, jpeg)).toBe(true);
    expect(withoutMetadata(result)).toBe(result);
  });

  it('takes the thumbnail and hidden bytes out of the JFIF and Adobe segments', async () => {
    const jfif = Buffer.concat([Buffer.from('JFIF\0\x01\x02\0\0\x01\0\x01\x01\x01', 'latin1'), SECRET]);
    const adobe = Buffer.concat([Buffer.from('Adobe\0d\0\0\0\0\x01', 'latin1'), SECRET]);
    const jpeg = withoutJfif(await noise.clone().jpeg().toBuffer());
    const result = withoutMetadata(insertSegment(insertSegment(jpeg, 0xee, adobe), 0xe0, jfif)) ?? Buffer.alloc(0);
    expect(result.includes(SECRET)).toBe(false);
    expect(result.subarray(2, 20).toString('latin1')).toBe('\xff\xe0\0\x10JFIF\0\x01\x02\0\0\x01\0\x01\0\0');
    expect(await arePixelsEqual(result, jpeg)).toBe(true);
  });

  it('removes unknown, private and animation chunks of a PNG, and cuts after its end', async () => {
    const extra = ['tEXt', 'zTXt', 'iTXt', 'eXIf', 'caBX', 'prVt', 'oFFs', 'vpAg'].map((type) =>
      pngChunk(type, SECRET),
    );
    const spec = { ...size, bitDepth: 8, colour: 'rgb', rows: noiseBytes(48 * 40 * 3) } as const;
    const kept = [pngChunk('gAMA', Buffer.of(0, 0, 0xb1, 0x8f)), pngChunk('sRGB', Buffer.of(0))];
    const dirty = Buffer.concat([pngFile({ ...spec, extra: [...extra, ...kept] }), SECRET]);
    expect(withoutMetadata(dirty)).toEqual(pngFile({ ...spec, extra: kept }));
  });

  it('refuses what it does not understand, and the picture is then written as PNG without metadata', async () => {
    const jpeg = await noise.clone().jpeg().toBuffer();
    const table = jpeg.indexOf(Buffer.of(0xff, 0xc4));
    const stray = Buffer.concat([jpeg.subarray(0, table), SECRET, jpeg.subarray(table)]);
    const zeros = Buffer.concat([jpeg.subarray(0, table), Buffer.of(0xff, 0), SECRET, jpeg.subarray(table)]);
    const restart = Buffer.concat([jpeg.subarray(0, table), Buffer.of(0xff, 0xd0), SECRET, jpeg.subarray(table)]);
    for (const bytes of [stray, zeros, restart]) {
      expect(withoutMetadata(bytes)).toBeNull();
      const { change, bytes: png } = await exportedPicture(bytes, { keepMetadata: false });
      expect([change, png.includes(SECRET)]).toEqual(['reencoded', false]);
    }
    expect(withoutMetadata(jpeg.subarray(0, -2))).toBeNull();
    const cut = fixture('palette.png').subarray(0, -3);
    expect(withoutMetadata(cut)).toBeNull();
    const unknown = pngFile({
      ...size,
      bitDepth: 8,
      colour: 'grey',
      rows: noiseBytes(48 * 40),
      extra: [pngChunk('CgBI', SECRET)],
    });
    expect(withoutMetadata(unknown)).toBeNull();
  });

  it('removes any segments that are inserted anywhere between the segments of a JPEG', async () => {
    const random = seededRandom(27);
    for (const name of ['large.jpg', 'progressive.jpg', 'cmyk.jpg', 'grey.jpg']) {
      const clean = withoutMetadata(fixture(name)) ?? Buffer.alloc(0);
      const starts = segmentStarts(clean);
      for (let round = 0; round < 50; round += 1) {
        let bytes = clean;
        for (const start of random
          .shuffle(starts)
          .slice(0, 3)
          .toSorted((a, b) => b - a)) {
          const content = Buffer.concat([SECRET, noiseBytes(random.below(400))]);
          const marker = random.pick([0xe0, 0xe1, 0xe2, 0xe5, 0xeb, 0xed, 0xee, 0xef, 0xfe]);
          const segment = insertSegment(Buffer.alloc(2), marker, content).subarray(2);
          bytes = Buffer.concat([bytes.subarray(0, start), segment, bytes.subarray(start)]);
        }
        expect(withoutMetadata(bytes)?.equals(clean)).toBe(true);
      }
    }
  });

  it('neither throws nor returns anything but a fixed point for cut and random bytes', async () => {
    const random = seededRandom(4);
    const seeds = ['large.jpg', 'progressive.jpg', 'cmyk.jpg', 'palette.png', 'webp.webp'].map(fixture);
    let understood = 0;
    const unstable: string[] = [];
    const check = (bytes: Buffer): void => {
      const once = withoutMetadata(bytes);
      if (once === null) return;
      understood += 1;
      if (withoutMetadata(once) !== once) unstable.push(bytes.toString('hex'));
    };
    for (const seed of seeds) {
      for (let round = 0; round < 400; round += 1) {
        check(seed.subarray(0, random.below(seed.length)));
        const damaged = Buffer.from(seed.subarray(0, 4_000));
        for (let i = 0; i < 6; i += 1)
          damaged[random.below(damaged.length)] = random.pick([0, 0xff, 0xd9, 0xda, 0xe1, 2]);
        check(Buffer.concat([damaged, seed.subarray(4_000)]));
      }
    }
    for (let round = 0; round < 2_000; round += 1) {
      const words = Array.from({ length: random.below(60) }, () => [
        0xff,
        random.pick([0xd8, 0xd9, 0xda, 0xe0, 0xe1, 0xfe, 0xc0, 0xff, 0, 0xd0]),
        0,
        random.below(12),
      ]);
      check(Buffer.from([0xff, 0xd8, 0xff, ...words.flat()]));
    }
    expect(unstable).toEqual([]);
    expect(understood).toBeGreaterThan(50);
  });
});

/** Where the markers of the segments start, without those of restarts. */
function segmentStarts(jpeg: Buffer): number[] {
  const starts: number[] = [];
  for (let at = jpeg.indexOf(0xff, 2); at !== -1; at = jpeg.indexOf(0xff, at)) {
    const marker = jpeg[at + 1] ?? 0;
    if (marker === 0 || marker === 0xff || (marker >= 0xd0 && marker <= 0xd7)) {
      at += 1;
      continue;
    }
    starts.push(at);
    at += marker === 0xd9 ? 2 : 2 + jpeg.readUInt16BE(at + 2);
  }
  return starts;
}

function withoutJfif(jpeg: Buffer): Buffer {
  const at = jpeg.indexOf(Buffer.of(0xff, 0xe0));
  return at === -1 ? jpeg : Buffer.concat([jpeg.subarray(0, at), jpeg.subarray(at + 2 + jpeg.readUInt16BE(at + 2))]);
}

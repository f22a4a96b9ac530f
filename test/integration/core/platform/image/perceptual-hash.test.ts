import { readdirSync, readFileSync } from 'node:fs';
import sharp, { type Sharp } from 'sharp';
import { beforeAll, describe, expect, it } from 'vitest';
import { parseHash } from '../../../../../src/core/photo/hashes/perceptual-hash.ts';
import { hammingDistance } from '../../../../support/hamming-distance.ts';
import { inspect } from '../../../../../src/core/photo/inspect.process.ts';

const PHOTOS = new URL('../../../../fixtures/samples/photos/', import.meta.url);
/** `policy.nearDuplicateDistance` of the default settings: what the shortlist takes for the same photo. */
const NEAR_DUPLICATE_BITS = 6;

interface Hashed {
  readonly name: string;
  readonly bytes: Buffer;
  readonly hash: string;
}

/** As a crawl makes it. */
async function fingerprint(bytes: Buffer): Promise<string> {
  const inspection = await inspect(bytes, { maxPixels: 50_000_000, minSidePixels: 1, maxAspectRatio: 100 });
  if (!inspection.ok) throw new Error(inspection.detail);
  return inspection.perceptualHash;
}

/** One photo of each class, so that no two show the same thing. */
async function hashSamples(): Promise<Hashed[]> {
  const names = readdirSync(PHOTOS).flatMap((wnid) => {
    const [first] = readdirSync(new URL(`${wnid}/`, PHOTOS)).toSorted();
    return first === undefined ? [] : [`${wnid}/${first}`];
  });
  return Promise.all(
    names.map(async (name) => {
      const bytes = readFileSync(new URL(name, PHOTOS));
      return { name, bytes, hash: await fingerprint(bytes) };
    }),
  );
}

describe('perceptualHash of photos', () => {
  let photos: readonly Hashed[] = [];
  let everySecond: readonly Hashed[] = [];
  beforeAll(async () => {
    photos = await hashSamples();
    everySecond = photos.filter((_, i) => i % 2 === 0);
  });

  it.each([
    ['saved as JPEG of quality 40', (photo: Sharp) => photo.jpeg({ quality: 40 })],
    ['saved as WebP of quality 60', (photo: Sharp) => photo.webp({ quality: 60 })],
    ['doubled in size', (photo: Sharp) => photo.resize({ width: 600 }).jpeg({ quality: 90 })],
    ['reduced to 120 pixels', (photo: Sharp) => photo.resize({ width: 120 }).jpeg({ quality: 90 })],
    ['a little lighter', (photo: Sharp) => photo.modulate({ brightness: 1.08 }).jpeg({ quality: 90 })],
  ])('hardly changes when they are %s', async (_, edit) => {
    const distances = await Promise.all(
      everySecond.map(async ({ bytes, hash }) => {
        const edited = await edit(sharp(bytes)).toBuffer();
        return hammingDistance(parseHash(hash), parseHash(await fingerprint(edited)));
      }),
    );
    const near = distances.filter((distance) => distance <= NEAR_DUPLICATE_BITS).length;
    console.log(`near-duplicates found: ${near} of ${distances.length}, farthest ${Math.max(...distances)} bits`);
    expect(distances.length).toBeGreaterThan(100);
    expect(near / distances.length).toBeGreaterThan(0.97);
  });

  it('is far apart for photos of different things', () => {
    const hashes = photos.map(({ hash }) => parseHash(hash));
    expect(hashes.length).toBeGreaterThan(200);
    const distances = hashes.flatMap((a, i) => hashes.slice(i + 1).map((b) => hammingDistance(a, b)));
    const mean = distances.reduce((sum, distance) => sum + distance, 0) / distances.length;
    const near = distances.filter((distance) => distance <= NEAR_DUPLICATE_BITS).length;
    console.log(
      `${distances.length} pairs: ${mean.toFixed(1)} bits apart in the mean, ${near} taken for near-duplicates`,
    );
    expect(mean).toBeGreaterThan(26);
    expect(near / distances.length).toBeLessThan(0.001);
  });
});

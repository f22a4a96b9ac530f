import { readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import sharp, { type Sharp } from 'sharp';
import {
  FINE_HASH_BYTES,
  fineHashOf,
  fineSimilarity,
  LEAST_SIMILARITY,
  parseFineHash,
} from '../../src/photo/fine-hash.ts';
import type { ParsedFingerprint } from '../../src/photo/fingerprint-index.ts';
import { frequenciesOf } from '../../src/photo/frequencies.ts';
import { countOnes, hashOfFrequencies, hammingDistance, parseHash } from '../../src/photo/perceptual-hash.ts';
import type { RgbImage } from '../../src/photo/rgb-image.ts';
import { inspect } from '../../src/app/photos/inspect.ts';
import { decodeRgb } from '../../src/platform/image/inspect.ts';
import { seededRandom, type Random } from '../../test/support/random.ts';
import { normalTail } from './statistics.ts';

/** How well hashes tell copies of a photo from other photos. */
export interface HashQuality {
  readonly photos: number;
  readonly bytesAPhoto: number;
  readonly unrelated: UnrelatedPairs;
  readonly copies: readonly CopiesFound[];
}

export interface UnrelatedPairs {
  /** Regions of photos. Each counts as a picture. */
  readonly pictures: number;
  /** Regions that are almost uniform and are left out. */
  readonly blank: number;
  /** Pairs of pictures from different photos. All of them are compared. */
  readonly pairs: number;
  readonly byDistance: readonly UnrelatedMatches[];
}

/** Unrelated pairs that the 64-bit hash takes for the same picture. */
export interface UnrelatedMatches {
  /** Largest distance in bits. */
  readonly distance: number;
  readonly matches: number;
  /** Matches that the finer hash confirms: false matches. */
  readonly falseMatches: number;
  /** Similarity of the most similar pair, -1..1; null without a match. */
  readonly mostSimilar: number | null;
  /** The photos of that pair. */
  readonly closest: readonly string[];
  /** Mean and deviation of atanh(similarity), which the extrapolation uses. */
  readonly mean: number;
  readonly deviation: number;
  /**
   * The chance that a pair of unrelated pictures is a false match. Extrapolated, not measured. Null if there are too few
   * matches.
   */
  readonly extrapolated: number | null;
}

export interface CopiesFound {
  readonly kind: string;
  readonly copies: number;
  /** Found by the 64-bit hash. */
  readonly matched: number;
  /** Found by the 64-bit hash and confirmed by the finer one. */
  readonly confirmed: number;
}

export interface HashQualityOptions {
  /** Bits. */
  readonly distance: number;
  /** Number of regions that are cut out of each photo. */
  readonly regions: number;
  /** A folder of photos in addition to the samples, or null. No two of its photos may show the same scene. */
  readonly more: string | null;
  readonly signal: AbortSignal;
}

const SAMPLES = fileURLToPath(new URL('../../assets/samples/photos/', import.meta.url));
const PICTURE_NAME = /\.(jpe?g|png|webp)$/i;
const NO_LIMITS = { maxPixels: 1e9, minSidePixels: 1, maxAspectRatio: Number.POSITIVE_INFINITY };
/** Least standard deviation of the green channel, of 255 levels. Below it, a picture shows a patch of sky or of paper. */
const LEAST_CONTRAST = 8;
/**
 * Least share of the photo's sides that a region has, so that it shows most of the photo. Smaller regions are corners of
 * things on white.
 */
const LEAST_SHARE = 0.6;
/** Number of matches that an extrapolation needs. */
const LEAST_MATCHES = 20;

/** Compares every pair of regions of different photos, and every photo with its copies. */
export async function measureHashQuality(options: HashQualityOptions): Promise<HashQuality> {
  const files = [...picturesBelow(SAMPLES), ...(options.more === null ? [] : picturesBelow(options.more))];
  const unrelated = await compareUnrelated(files, options);
  const copies: CopiesFound[] = [];
  for (const [kind, copy] of COPIES) copies.push(await findCopies(files, { kind, copy, options }));
  return { photos: files.length, bytesAPhoto: 8 + FINE_HASH_BYTES, unrelated, copies };
}

function picturesBelow(folder: string): string[] {
  return readdirSync(folder, { recursive: true, encoding: 'utf8' })
    .filter((name) => PICTURE_NAME.test(name))
    .toSorted()
    .map((name) => path.join(folder, name));
}

function fingerprint(image: RgbImage): ParsedFingerprint {
  const frequencies = frequenciesOf(image);
  return { hash: parseHash(hashOfFrequencies(frequencies)), fineHash: fineHashOf(frequencies) };
}

interface Region extends ParsedFingerprint {
  /** Position of the photo that it is cut from. */
  readonly photo: number;
}

async function compareUnrelated(
  files: readonly string[],
  { distance, regions: ofEach, signal }: HashQualityOptions,
): Promise<UnrelatedPairs> {
  const random = seededRandom(1);
  const regions: Region[] = [];
  let blank = 0;
  for (const [photo, file] of files.entries()) {
    signal.throwIfAborted();
    const image = await decodeRgb(readFileSync(file));
    for (let i = 0; i < ofEach; i += 1) {
      const region = i === 0 ? image : regionOf(image, random);
      if (contrastOf(region) < LEAST_CONTRAST) blank += 1;
      else regions.push({ photo, ...fingerprint(region) });
    }
  }
  const { pairs, matches } = matchesAmong(regions, distance + 4);
  const distances = [distance, distance + 2, distance + 4];
  const byDistance = distances.map((most) => summaryOf(matches, most, { pairs, files }));
  return { pictures: regions.length, blank, pairs, byDistance };
}

/** A random part of a picture, of about the same shape, at least `LEAST_SHARE` wide and high. */
function regionOf(image: RgbImage, random: Random): RgbImage {
  const share = LEAST_SHARE + (1 - LEAST_SHARE) * random.next();
  const shareDown = Math.min(1, Math.max(LEAST_SHARE, share * (0.75 + 0.5 * random.next())));
  const width = Math.max(1, Math.round(image.width * share));
  const height = Math.max(1, Math.round(image.height * shareDown));
  const left = random.below(image.width - width + 1);
  const top = random.below(image.height - height + 1);
  const data = new Uint8Array(width * height * 3);
  for (let y = 0; y < height; y += 1) {
    const from = ((top + y) * image.width + left) * 3;
    data.set(image.data.subarray(from, from + width * 3), y * width * 3);
  }
  return { width, height, data };
}

function contrastOf({ width, height, data }: RgbImage): number {
  let [sum, squares] = [0, 0];
  for (let i = 1; i < data.length; i += 3) {
    const green = data[i] ?? 0;
    sum += green;
    squares += green * green;
  }
  const mean = sum / (width * height);
  return Math.sqrt(squares / (width * height) - mean * mean);
}

interface Match {
  /** Bits. */
  readonly distance: number;
  readonly similarity: number;
  /** Positions of the two photos. */
  readonly photos: readonly [number, number];
}

function matchesAmong(regions: readonly Region[], maxDistance: number): { pairs: number; matches: Match[] } {
  const words = Int32Array.from(regions.flatMap(({ hash }) => [hash.hi, hash.lo]));
  const photos = Int32Array.from(regions, ({ photo }) => photo);
  const matches: Match[] = [];
  let pairs = 0;
  for (let i = 0; i < regions.length; i += 1) {
    const [hi = 0, lo = 0] = words.subarray(2 * i);
    for (let j = i + 1; j < regions.length; j += 1) {
      if (photos[i] === photos[j]) continue;
      pairs += 1;
      const distance = countOnes(hi ^ (words[2 * j] ?? 0)) + countOnes(lo ^ (words[2 * j + 1] ?? 0));
      if (distance > maxDistance) continue;
      const similarity = similarityOf(regions[i], regions[j]);
      matches.push({ distance, similarity, photos: [photos[i] ?? -1, photos[j] ?? -1] });
    }
  }
  return { pairs, matches };
}

function similarityOf(a: ParsedFingerprint | undefined, b: ParsedFingerprint | undefined): number {
  const [ofA, ofB] = [a?.fineHash ?? null, b?.fineHash ?? null];
  if (ofA === null || ofB === null) throw new Error('Expected the finer hash of both pictures but one is missing');
  return fineSimilarity(ofA, ofB);
}

/**
 * The tail of a normal distribution. Similarities are correlations, and Fisher's transformation (atanh) makes those of
 * matches about normal.
 */
function summaryOf(
  all: readonly Match[],
  distance: number,
  { pairs, files }: { pairs: number; files: readonly string[] },
): UnrelatedMatches {
  const near = all.filter((match) => match.distance <= distance).toSorted((a, b) => b.similarity - a.similarity);
  const matches = near.map(({ similarity }) => similarity);
  const counts = {
    distance,
    matches: matches.length,
    falseMatches: matches.filter((similarity) => similarity >= LEAST_SIMILARITY).length,
    mostSimilar: matches[0] ?? null,
    closest: (near[0]?.photos ?? []).map((photo) => path.basename(files[photo] ?? '')),
  };
  const values = matches.map((similarity) => Math.atanh(similarity));
  const mean = values.reduce((sum, value) => sum + value, 0) / values.length;
  const deviation = Math.sqrt(values.reduce((sum, value) => sum + (value - mean) ** 2, 0) / (values.length - 1));
  const tail = normalTail((Math.atanh(LEAST_SIMILARITY) - mean) / deviation);
  const extrapolated = matches.length < LEAST_MATCHES ? null : (matches.length / pairs) * tail;
  return { ...counts, mean, deviation, extrapolated };
}

interface Size {
  readonly width: number;
  readonly height: number;
}

/** Cuts a share of the picture off each of its four sides. */
const cropped =
  (share: number) =>
  (photo: Sharp, { width, height }: Size): Sharp => {
    const [left, top] = [Math.round(width * share), Math.round(height * share)];
    return photo.extract({ left, top, width: width - 2 * left, height: height - 2 * top }).jpeg({ quality: 90 });
  };

const COPIES: readonly (readonly [kind: string, copy: (photo: Sharp, size: Size) => Sharp])[] = [
  ['half the size', (photo, { width }) => photo.resize({ width: Math.ceil(width / 2) }).jpeg({ quality: 90 })],
  ['PNG', (photo) => photo.png()],
  ['JPEG of quality 70', (photo) => photo.jpeg({ quality: 70 })],
  ['JPEG of quality 40', (photo) => photo.jpeg({ quality: 40 })],
  ['WebP of quality 60', (photo) => photo.webp({ quality: 60 })],
  ['grey', (photo) => photo.greyscale().jpeg({ quality: 90 })],
  ['brighter by 20 %', (photo) => photo.modulate({ brightness: 1.2 }).jpeg({ quality: 90 })],
  ['contrast up by 20 %', (photo) => photo.linear(1.2, -25).jpeg({ quality: 90 })],
  ['1 % cut off each side', cropped(0.01)],
  ['2 % cut off each side', cropped(0.02)],
  ['mirrored', (photo) => photo.flop().jpeg({ quality: 90 })],
];

/** Hashes a picture as a crawl does. */
async function crawled(bytes: Buffer): Promise<ParsedFingerprint & Size> {
  const inspection = await inspect(bytes, NO_LIMITS);
  if (!inspection.ok) throw new Error(inspection.detail);
  const { width, height, perceptualHash, fineHash } = inspection;
  return { width, height, hash: parseHash(perceptualHash), fineHash: parseFineHash(Buffer.from(fineHash, 'hex')) };
}

async function findCopies(
  files: readonly string[],
  { kind, copy, options }: { kind: string; copy: (photo: Sharp, size: Size) => Sharp; options: HashQualityOptions },
): Promise<CopiesFound> {
  let [matched, confirmed] = [0, 0];
  for (const file of files) {
    options.signal.throwIfAborted();
    const bytes = readFileSync(file);
    const original = await crawled(bytes);
    const copied = await crawled(await copy(sharp(bytes).autoOrient(), original).toBuffer());
    if (hammingDistance(original.hash, copied.hash) > options.distance) continue;
    matched += 1;
    if (similarityOf(original, copied) >= LEAST_SIMILARITY) confirmed += 1;
  }
  return { kind, copies: files.length, matched, confirmed };
}

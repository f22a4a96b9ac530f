import { readFile } from 'node:fs/promises';
import path from 'node:path';
import { crc32 } from 'node:zlib';
import type { FoundCard } from '../../../core/collection/cards/model-card.process.ts';
import type { ModelClasses } from '../../../core/collection/cards/model-classes.ts';
import { messageOf, throwIfInterrupted } from '../../../core/kernel/errors.ts';
import { toSha256, type Sha256 } from '../../../core/kernel/ids.ts';
import { sha256Of } from '../../../core/tools/sha256.ts';
import { FINE_HASH_BYTES } from '../../../core/photo/hashes/fine-hash.ts';
import type { Fingerprint } from '../../../core/platform/image/inspection.ts';
import type { PhotoSet, SetPhoto } from '../set/photo-set.ts';
import { preprocessingOf } from '../../../core/models/engine/ensemble.process.ts';
import { makeDataFolder } from '../../../core/platform/disk/folders.ts';
import { hashOf } from '../../../core/models/library/store.process.ts';
import type { App } from '../../../core/runtime/open/app.process.ts';
import { runOnCentreCrops, UnreadablePhotos, type RunOptions } from '../folder-photos.process.ts';
import { cachedFile, keepCached } from '../../../core/photo/photo-cache.process.ts';

const FLOAT_BYTES = 4;
const CHECKSUM_BYTES = 4;
const PERCEPTUAL_HASH_BYTES = 8;
const HASH_BYTES = PERCEPTUAL_HASH_BYTES + FINE_HASH_BYTES;
/** Increased whenever the features or the hashes of a photo change. */
const VERSION = 2;

export interface FeatureOptions extends RunOptions {
  readonly dataDir: string;
  readonly log: App['log'];
  readonly onProgress: (done: number) => void;
}

export interface Backbone {
  readonly card: FoundCard;
  readonly classes: ModelClasses;
}

interface Computed extends Fingerprint {
  readonly features: Float32Array;
}

export interface PhotoFeatures extends Computed, SetPhoto {
  readonly sha256: Sha256;
}

/**
 * The features of centre crops and the hashes of pictures, in the order of the set.
 * @throws UsageError `unreadable-photo` with the first few files, after all others were cached
 */
export async function featuresOfSet(
  backbone: Backbone,
  set: PhotoSet,
  options: FeatureOptions,
): Promise<PhotoFeatures[]> {
  const unreadable = new UnreadablePhotos();
  const report = (file: string, why: string): void => {
    unreadable.add(file, why);
    options.log.warn({ file, reason: why }, 'a photo cannot be used');
  };
  const hashes = await hashesOf(set, options.signal, report);
  const known = new Map<Sha256, Computed>();
  const lacking = new Map<Sha256, SetPhoto>();
  for (const [photo, sha256] of hashes) {
    if (known.has(sha256) || lacking.has(sha256)) continue;
    const cached = await readFeatures(fileOf(backbone, sha256, options));
    // A file that changes meanwhile is reported, because its bytes have another hash.
    if (cached === null) lacking.set(sha256, { ...photo, sha256 });
    else known.set(sha256, cached);
  }
  options.onProgress(known.size);
  if (lacking.size > 0) await compute(backbone, { ...set, photos: [...lacking.values()] }, { options, known, report });
  unreadable.refuse({ dir: set.dir, photos: set.photos.length });
  return [...hashes].map(([photo, sha256]) => {
    const computed = known.get(sha256);
    if (computed === undefined) throw new Error(`Expected features of the photo ${sha256}`);
    return { ...photo, ...computed, sha256 };
  });
}

async function hashesOf(
  { root, photos }: PhotoSet,
  signal: AbortSignal,
  report: (file: string, why: string) => void,
): Promise<ReadonlyMap<SetPhoto, Sha256>> {
  const hashes = new Map<SetPhoto, Sha256>();
  for (const photo of photos) {
    throwIfInterrupted(signal);
    try {
      hashes.set(photo, toSha256(await hashOf(path.join(root, photo.file))));
    } catch (error) {
      report(photo.file, messageOf(error));
    }
  }
  return hashes;
}

interface Computing {
  readonly options: FeatureOptions;
  readonly known: Map<Sha256, Computed>;
  readonly report: (file: string, why: string) => void;
}

async function compute(
  backbone: Backbone,
  set: Pick<PhotoSet, 'root' | 'photos'>,
  { options, known, report }: Computing,
): Promise<void> {
  // If this fails, storing the first file of the cache logs the reason.
  await makeDataFolder(options.dataDir).catch(() => undefined);
  const { card } = backbone;
  const run = runOnCentreCrops({ ...options, card, output: 'features', set, onUnreadable: report });
  for await (const { picture, values: features } of run) {
    const { sha256, perceptualHash, fineHash } = picture;
    known.set(sha256, { features, perceptualHash, fineHash });
    await keepCached(options, fileOf(backbone, sha256, options), bytesOf({ features, perceptualHash, fineHash }));
    options.onProgress(known.size);
  }
}

function fileOf({ card, classes }: Backbone, sha256: Sha256, { dataDir, provider }: FeatureOptions): string {
  const text = JSON.stringify([card.sha256, preprocessingOf(card, classes), card.outputs.features, provider]);
  const key = sha256Of(text).slice(0, 16);
  return cachedFile(dataDir, { kind: `features-v${VERSION}`, sha256, end: `-${key}.f32` });
}

/** Both hashes of the picture, little-endian float32 numbers, and the CRC-32 of these. */
function bytesOf({ features, perceptualHash, fineHash }: Computed): Buffer {
  const numbers = Buffer.alloc(FLOAT_BYTES * features.length);
  for (const [i, value] of features.entries()) numbers.writeFloatLE(value, FLOAT_BYTES * i);
  const content = Buffer.concat([Buffer.from(perceptualHash + fineHash, 'hex'), numbers]);
  const checksum = Buffer.alloc(CHECKSUM_BYTES);
  checksum.writeUInt32LE(crc32(content));
  return Buffer.concat([content, checksum]);
}

/** Null if the file is absent, or was cut by a crash. */
async function readFeatures(file: string): Promise<Computed | null> {
  const bytes = await readFile(file).catch(() => null);
  const count = ((bytes?.length ?? 0) - HASH_BYTES - CHECKSUM_BYTES) / FLOAT_BYTES;
  if (bytes === null || !Number.isInteger(count) || count < 1) return null;
  const content = bytes.subarray(0, -CHECKSUM_BYTES);
  if (bytes.readUInt32LE(content.length) !== crc32(content)) return null;
  return {
    perceptualHash: content.toString('hex', 0, PERCEPTUAL_HASH_BYTES),
    fineHash: content.toString('hex', PERCEPTUAL_HASH_BYTES, HASH_BYTES),
    features: Float32Array.from({ length: count }, (_, i) => content.readFloatLE(HASH_BYTES + FLOAT_BYTES * i)),
  };
}

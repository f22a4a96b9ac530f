import { readFile, stat } from 'node:fs/promises';
import path from 'node:path';
import type { ModelCard } from '../../core/collection/cards/model-card.ts';
import type { ModelClasses } from '../../core/collection/cards/model-classes.ts';
import { firstOf } from '../../core/collection/first-of.ts';
import { runOnPictures } from '../../core/filter/engine/run-backbone.process.ts';
import type { ExecutionProvider } from '../../core/kernel/execution-provider.ts';
import { CENTRE_CROP } from '../../core/models/evidence/evidence.ts';
import { quote } from '../../core/tools/quote.ts';
import { messageOf, throwIfInterrupted, UsageError } from '../../core/kernel/errors.ts';
import { type Sha256 } from '../../core/kernel/ids.ts';
import { sha256Of } from '../../core/tools/sha256.ts';
import { fingerprintOf } from '../../core/photo/hashes/fingerprint-index.ts';
import type { Fingerprint } from '../../core/platform/image/inspection.ts';
import { inspectPhoto } from '../../core/platform/image/inspect.ts';

/** Larger than any photo may be that winnow fetches. */
const MAX_PHOTO_BYTES = 512 * 1024 * 1024;
const NAMED = 5;

interface FolderPhoto {
  /** Relative to the folder, with slashes. */
  readonly file: string;
  /** The required hash of its bytes. Null for any. */
  readonly sha256: Sha256 | null;
}

interface PhotoRead extends Fingerprint {
  readonly sha256: Sha256;
  readonly bytes: Buffer;
}

/** How a model runs on photos of a folder. */
export interface RunOptions {
  readonly threads: number;
  readonly cropsPerPass: number;
  readonly provider: ExecutionProvider;
  /** A picture with more is refused. Width times height. */
  readonly maxPixels: number;
  readonly signal: AbortSignal;
}

interface CentreCrops<P> extends RunOptions {
  readonly card: ModelCard;
  readonly classes?: ModelClasses;
  readonly output: 'logits' | 'features';
  readonly set: { readonly root: string; readonly photos: readonly P[] };
  /** Photos for which another thread is worth its start. */
  readonly photosPerThread?: number;
  /**
   * Called for each photo without an output. It cannot be read, a decoder would show only a part of it, or the model gives
   * numbers that are not finite (`isOfModel`).
   */
  readonly onUnreadable: (file: string, why: string, isOfModel: boolean) => void;
}

/** Runs a model on the centre crops of photos, in order. @throws as `runOnPictures` */
export async function* runOnCentreCrops<P extends FolderPhoto>({
  output,
  set,
  maxPixels,
  photosPerThread = 8,
  onUnreadable,
  ...run
}: CentreCrops<P>): AsyncGenerator<{ readonly picture: P & PhotoRead; readonly values: Float32Array }> {
  const pictures = readPhotos(set, { maxPixels, signal: run.signal, onUnreadable });
  const threads = Math.min(run.threads, Math.ceil(set.photos.length / photosPerThread));
  const results = runOnPictures({ ...run, pictures, outputs: [output], crops: [CENTRE_CROP], threads });
  for await (const { picture, outputs } of results) {
    if (outputs.problem === null) {
      const values = outputs.crops[0]?.[output];
      if (values !== undefined) yield { picture, values };
    } else if (outputs.problem.kind === 'not-finite') onUnreadable(picture.file, outputs.problem.said, true);
    else onUnreadable(picture.file, outputs.problem.detail, false);
  }
}

async function* readPhotos<P extends FolderPhoto>(
  { root, photos }: CentreCrops<P>['set'],
  { maxPixels, signal, onUnreadable }: Pick<CentreCrops<P>, 'maxPixels' | 'signal' | 'onUnreadable'>,
): AsyncGenerator<P & PhotoRead, void, undefined> {
  for (const photo of photos) {
    throwIfInterrupted(signal);
    const read = await readPhoto(root, photo, maxPixels);
    if (typeof read === 'string') onUnreadable(photo.file, read, false);
    else yield { ...photo, ...read };
  }
}

async function readPhoto(
  root: string,
  { file, sha256: expected }: FolderPhoto,
  maxPixels: number,
): Promise<PhotoRead | string> {
  const absolute = path.join(root, file);
  try {
    const { size } = await stat(absolute);
    if (size > MAX_PHOTO_BYTES) return `it has ${size} bytes, more than ${MAX_PHOTO_BYTES}`;
    const bytes = await readFile(absolute);
    const sha256 = sha256Of(bytes);
    if (expected !== null && sha256 !== expected) return 'its SHA-256 is not the one that was expected';
    const limits = { maxPixels, minSidePixels: 1, maxAspectRatio: Infinity };
    const inspection = await inspectPhoto(bytes, limits, fingerprintOf);
    if (!inspection.ok) return inspection.detail;
    const { perceptualHash, fineHash } = inspection;
    return { sha256, bytes, perceptualHash, fineHash };
  } catch (error) {
    return messageOf(error);
  }
}

/** The photos of a folder that cannot be used. They are gathered, so that one message names them. */
export class UnreadablePhotos {
  readonly #named: string[] = [];

  get count(): number {
    return this.#named.length;
  }

  add(file: string, why: string): void {
    this.#named.push(`${quote(file)} (${why})`);
  }

  /** @throws UsageError `unreadable-photo` with the first few files of `dir`, if there are any */
  refuse({ dir, photos }: { readonly dir: string; readonly photos: number }): void {
    if (this.count === 0) return;
    throw new UsageError(
      `${this.count} of ${photos} photos of ${quote(dir)} cannot be used: ${firstOf(this.#named, NAMED).join(', ')}. Repair or remove them: no photo is left out`,
      { code: 'unreadable-photo' },
    );
  }
}

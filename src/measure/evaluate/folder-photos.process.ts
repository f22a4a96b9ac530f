import { readFile, stat } from 'node:fs/promises';
import path from 'node:path';
import { firstOf } from '../../core/collection/first-of.ts';
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

export type ReadPhoto<P> = P & PhotoRead;

export interface ReadOptions {
  readonly maxPixels: number;
  readonly signal?: AbortSignal;
  /** Called for each photo that cannot be read, or that a decoder would show only in part. It is left out. */
  readonly onUnreadable: (file: string, why: string) => void;
}

/** Reads photos one by one, as they are asked for. Throws Interrupted. */
export async function* readFolderPhotos<P extends FolderPhoto>(
  root: string,
  photos: Iterable<P>,
  { maxPixels, signal, onUnreadable }: ReadOptions,
): AsyncGenerator<ReadPhoto<P>, void, undefined> {
  for (const photo of photos) {
    throwIfInterrupted(signal);
    const read = await readPhoto(root, photo, maxPixels);
    if (typeof read === 'string') onUnreadable(photo.file, read);
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

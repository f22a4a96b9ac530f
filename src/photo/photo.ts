import type { Sha256 } from '../kernel/ids.ts';
import type { Fingerprint } from './fingerprint.ts';

/** A photo to store: bytes that decode, stored once under their SHA-256. */
export interface NewPhoto extends Fingerprint {
  readonly sha256: Sha256;
  readonly format: 'jpeg' | 'png' | 'webp';
  /** Pixels, after EXIF orientation is applied. */
  readonly width: number;
  /** Pixels, after EXIF orientation is applied. */
  readonly height: number;
  readonly bytes: number;
  /** 1..8. */
  readonly exifOrientation: number;
}

/**
 * Whether a photo has its bytes. `pruning`: they are being deleted, or `winnow prune` was interrupted while it deleted
 * them.
 */
export type BytesState = 'stored' | 'pruning' | 'pruned';

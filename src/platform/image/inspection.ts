/**
 * Checks that downloaded bytes must pass to count as a photo. This is the port that `src/platform/image` implements.
 */
import type { DroppedReason, FailedReason } from '../../kernel/reasons.ts';

/** The accepted formats, for still pictures only. */
export type PhotoFormat = 'jpeg' | 'png' | 'webp';

export interface InspectionLimits {
  /**
   * Maximum number of pixels (width times height). More is `too-many-pixels`, which the header shows before anything is
   * decoded.
   */
  readonly maxPixels: number;
  /** Minimum length of the shorter side in pixels. Less is `too-small`. */
  readonly minSidePixels: number;
  /** Maximum ratio of the long side to the short side. More is `aspect-ratio`. */
  readonly maxAspectRatio: number;
}

/** The hashes that identify a picture, as they are stored. */
export interface Fingerprint {
  /** 64-bit DCT hash as 16 hex digits. Searches use it. */
  readonly perceptualHash: string;
  /** The finer hash as 510 hex digits. It confirms a match. */
  readonly fineHash: string;
}

/** A usable photo, which was decoded completely. */
export interface AcceptedPhoto extends Fingerprint {
  readonly ok: true;
  readonly format: PhotoFormat;
  /** Pixels, after `exifOrientation` was applied. */
  readonly width: number;
  /** Pixels, after `exifOrientation` was applied. */
  readonly height: number;
  /** 1 to 8 as in EXIF; 1 if the file has no orientation or an invalid one. */
  readonly exifOrientation: number;
}

/** The bytes are not a readable photo (`failed`), or a limit refuses it (`dropped`). */
export type RefusedPhoto = {
  readonly ok: false;
  /** A sentence for people that says what was expected and what was received. */
  readonly detail: string;
} & (
  | { readonly state: 'failed'; readonly reason: FailedReason }
  | { readonly state: 'dropped'; readonly reason: DroppedReason }
);

export type Inspection = AcceptedPhoto | RefusedPhoto;

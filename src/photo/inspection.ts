/** What is asked of downloaded bytes before they count as a photo: the port that `src/platform/image` implements. */
import type { DroppedReason, FailedReason } from '../kernel/reasons.ts';
import type { Fingerprint } from './fingerprint.ts';

/** The formats that are accepted, still pictures only. */
export type PhotoFormat = 'jpeg' | 'png' | 'webp';

export interface InspectionLimits {
  /** Pixels in all, width times height; more are `too-many-pixels`, told from the header before anything is decoded. */
  readonly maxPixels: number;
  /** Pixels; a shorter side below this is `too-small`. */
  readonly minSidePixels: number;
  /** Long side divided by short side; more is `aspect-ratio`. */
  readonly maxAspectRatio: number;
}

/** A photo that can be used: all of it was decoded. */
export interface AcceptedPhoto extends Fingerprint {
  readonly ok: true;
  readonly format: PhotoFormat;
  /** Pixels, after `exifOrientation` was applied. */
  readonly width: number;
  /** Pixels, after `exifOrientation` was applied. */
  readonly height: number;
  /** 1 to 8 as in EXIF; 1 if the file says nothing or another number. */
  readonly exifOrientation: number;
}

/** The bytes are no photo that can be read (`failed`), or a limit refuses it (`dropped`). */
export type RefusedPhoto = {
  readonly ok: false;
  /** A sentence for people: what was expected and what came. */
  readonly detail: string;
} & (
  | { readonly state: 'failed'; readonly reason: FailedReason }
  | { readonly state: 'dropped'; readonly reason: DroppedReason }
);

export type Inspection = AcceptedPhoto | RefusedPhoto;

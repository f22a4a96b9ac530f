import type { DroppedReason, FailedReason } from '../../kernel/reasons.ts';
import type { Size } from './raster.ts';

export type PhotoFormat = 'jpeg' | 'png' | 'webp';

export interface InspectionLimits {
  /** Width times height. If the header states more, nothing is decoded (`too-many-pixels`). */
  readonly maxPixels: number;
  readonly minSidePixels: number;
  readonly maxAspectRatio: number;
}

export interface Fingerprint {
  /** 64-bit DCT hash as 16 hex digits. Searches use it. */
  readonly perceptualHash: string;
  /** The finer hash as 510 hex digits. It confirms a match. */
  readonly fineHash: string;
}

/** Its size is that after `exifOrientation` was applied. */
export interface AcceptedPhoto extends Fingerprint, Size {
  readonly ok: true;
  readonly format: PhotoFormat;
  /** 1 to 8 as in EXIF; 1 if the file has no orientation or an invalid one. */
  readonly exifOrientation: number;
  /** The property Data Mining of its XMP, such as `DMI-PROHIBITED`. */
  readonly dataMining?: string | null;
}

/** The bytes are not a readable photo (`failed`), or a limit refuses it (`dropped`). */
export type RefusedPhoto = {
  readonly ok: false;
  readonly detail: string;
  readonly dataMining?: string | null;
} & (
  | { readonly state: 'failed'; readonly reason: FailedReason }
  | { readonly state: 'dropped'; readonly reason: DroppedReason }
);

export type Inspection = AcceptedPhoto | RefusedPhoto;

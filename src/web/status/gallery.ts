import type { SourceRights } from '../../core/crawl/sources/source.ts';
import type { Sha256, Wnid } from '../../core/kernel/ids.ts';
import type { Mode } from '../../core/kernel/mode.ts';
import type { PhotoState } from '../../core/kernel/photo-filter.ts';

/** The JSON protocol between the server and the gallery. All paths are below `/c/NAME/api/photos`. */

/** `GET ?FILTER&after=ID` or `&before=ID`: the candidates that match beside one of them, in order. */
export interface GalleryPiece {
  readonly ids: readonly number[];
  readonly hasBefore: boolean;
  readonly hasAfter: boolean;
}

/** `GET ?FILTER`: the first ones, or those around the photo of the filter. */
export interface GalleryIndex extends GalleryPiece {
  /** All that match. */
  readonly total: number;
}

/** Candidates in a piece, so that it is read and sent at once. */
export const PIECE = 10_000;

/** `POST rows {ids}`: one candidate. Its outcome is that of its photo if it brought the photo first. */
export interface GalleryTile extends SourceRights {
  readonly id: number;
  /** Null without a photo. */
  readonly sha256: Sha256 | null;
  /** True if the photo's bytes are stored. */
  readonly hasBytes: boolean;
  readonly wnid: Wnid;
  readonly name: string;
  readonly outcome: Outcome;
  readonly reason: string | null;
  readonly detail: string | null;
  readonly isControl: boolean;
  /** 0..1; null without a decision, and in mode O. */
  readonly maxTrueProb: number | null;
  readonly isLowerBound: boolean;
  readonly confusionWnid: Wnid | null;
  readonly confusionName: string | null;
  readonly confusionProb: number | null;
  readonly tags: readonly string[];
  readonly source: string;
  readonly sourceId: string;
  readonly url: string;
  /** ISO 8601. */
  readonly foundAt: string;
  /** Short ids of the revisions that have it, the first one first. */
  readonly revisions: readonly string[];
}

/** A state that excludes the others. `fetched`: what the filter made of it is hidden. */
type Outcome = Exclude<PhotoState, 'found' | 'distinct' | 'pruned' | 'kept' | 'listed'>;

/** `GET choices`: the values that a filter can have. */
export interface GalleryChoices {
  /** True while a blind review is open for the person: then a filter can have values of the crawl only. */
  readonly isCrawlOnly: boolean;
  /** The address of a form that shows everything all the same; null if there is none. */
  readonly showAnyway: string | null;
  readonly mode: Mode;
  readonly threshold: number;
  readonly classes: readonly (readonly [wnid: Wnid, name: string])[];
  readonly seen: readonly (readonly [wnid: Wnid, name: string])[];
  readonly sources: readonly string[];
  readonly licences: readonly string[];
  readonly tags: readonly string[];
}

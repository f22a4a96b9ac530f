import type { DroppedReason, FailedReason } from '../kernel/reasons.ts';

/** Why a photo will not be fetched although its source named it. `detail` is for people. */
export type PhotoProblem =
  | { readonly state: 'dropped'; readonly reason: DroppedReason; readonly detail: string }
  | { readonly state: 'failed'; readonly reason: FailedReason; readonly detail: string };

/** What a source says about who may use a photo. */
export interface Rights {
  /** A normalised id (see licence.ts); `unknown` if the source says nothing. */
  readonly licence: string;
  /** Where the licence can be read, if it is a known one. */
  readonly licenceUrl: string | null;
  /** Whom to credit, as the source writes it. */
  readonly creator: string | null;
  /** The http(s) page that shows the photo, for people. */
  readonly pageUrl: string | null;
}

/**
 * One photo that a source named: what discovery knows before any byte of it is kept.
 *
 * A source yields one of these for everything it saw, also for what it refuses (`problem`), so that the funnel adds up.
 * All texts can be stored as they are: well-formed Unicode without U+0000.
 */
export interface FoundPhoto extends Rights {
  /** The source's name: `folder`, `inaturalist`, ... */
  readonly source: string;
  /** Stable and unique within the source; the picture is fetched once per (source, sourceId). */
  readonly sourceId: string;
  /** The class as the source gives it, a wnid or a name; '' if it gives none. */
  readonly label: string;
  /** Where the bytes are. Only to be fetched if `problem` is null. */
  readonly url: string;
  readonly problem: PhotoProblem | null;
}

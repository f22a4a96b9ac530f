import type { PhotoProblem } from '../../kernel/reasons.ts';
import { UNKNOWN_LICENCE } from '../../collection/licence.ts';

export interface SourceRights {
  /** A normalised id (see licence.ts). `unknown` if the source states none. */
  readonly licence: string;
  readonly licenceUrl: string | null;
  readonly creator: string | null;
  readonly pageUrl: string | null;
}

/**
 * A source yields one for every photo that it saw, including those that it refuses (`problem`), so that the funnel adds up.
 * All strings can be stored as they are: well-formed Unicode without U+0000.
 */
export interface FoundPhoto extends SourceRights, Partial<PhotoFacts> {
  readonly source: string;
  /** Stable and unique within the source. A picture is fetched once per (source, sourceId). */
  readonly sourceId: string;
  /** The class as the source gives it: a wnid or a name. Empty if it gives none. */
  readonly label: string;
  /** The address of the bytes. Fetch it only if `problem` is null. */
  readonly url: string;
  readonly problem: PhotoProblem | null;
  /** `curator`: the source gives no licence, and the curator stated licence and creator. */
  readonly rightsBy?: 'curator';
  /** The creator that the source names, if the curator stated the rights. */
  readonly sourceCreator?: string | null;
}

/** Days, such as 2026-12-02. Null if the source does not tell. */
export interface PhotoDates {
  /** Where it was taken. */
  readonly takenAt: string | null;
  /** In UTC. */
  readonly uploadedAt: string | null;
}

/** Facts of a photo beyond its rights. Null if nobody tells them. */
export interface PhotoFacts extends PhotoDates {
  /** The photo at another source that this one is a copy of, as `flickr:12345`. */
  readonly origin: string | null;
  /** Restrictions other than copyright, such as `personality`, sorted. */
  readonly restrictions: readonly string[] | null;
  /** Statements of the site and the file about use by machines, as they came, sorted. Known once the photo was fetched. */
  readonly signals: readonly string[] | null;
  /** In pixels. The picture may be a scaled one. */
  readonly originalWidth: number | null;
  readonly originalHeight: number | null;
}

export const NO_RIGHTS: SourceRights = { licence: UNKNOWN_LICENCE, licenceUrl: null, creator: null, pageUrl: null };

export function unreadablePhoto(detail: string): PhotoProblem {
  return { state: 'failed', reason: 'unreadable', detail };
}

/** A candidate for a result or a row that is not a photo as documented, so that it is counted. */
export function misfitPhoto({
  detail,
  ...named
}: Pick<FoundPhoto, 'source' | 'sourceId' | 'label'> & { readonly detail: string }): FoundPhoto {
  return { ...named, url: '', ...NO_RIGHTS, problem: unreadablePhoto(detail) };
}

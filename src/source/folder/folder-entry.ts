import type { PhotoProblem, Rights } from '../source.ts';
import { UNKNOWN_LICENCE } from '../licence.ts';
import type { BytePath } from './byte-path.ts';

/** A file that the walk or a row of labels.csv named, before anything of it was read. */
export interface FolderEntry {
  /** Relative to the folder, as found or listed: the first part of the source id. */
  readonly relative: BytePath;
  /** Absolute. Below the real path of the folder unless links remain in it (`mayLink`). */
  readonly path: BytePath;
  /** Whether a part of `path` may be a symbolic link, so that it must be resolved before it is opened. */
  readonly mayLink: boolean;
  readonly label: string;
  readonly rights: Rights;
  /** Where people find it listed ("line 12 of labels.csv"); null if it was found on the disk. */
  readonly origin: string | null;
  readonly problem: PhotoProblem | null;
}

/** What a folder without labels.csv says of its photos. */
export const NO_RIGHTS: Rights = { licence: UNKNOWN_LICENCE, licenceUrl: null, creator: null, pageUrl: null };

export function unreadable(detail: string): PhotoProblem {
  return { state: 'failed', reason: 'unreadable', detail };
}

export function outsideFolder(detail: string): PhotoProblem {
  return { state: 'dropped', reason: 'outside-folder', detail };
}

import type { SourceRights } from '../source.ts';
import type { PhotoProblem } from '../../../kernel/reasons.ts';
import type { BytePath } from './byte-path.ts';

export interface FolderEntry {
  /** The path relative to the folder, as found or listed. It is the first part of the source id. */
  readonly relative: BytePath;
  /** Absolute, and below the real path of the folder unless the path may contain links (`mayLink`). */
  readonly path: BytePath;
  /** True if a part of `path` may be a symbolic link. If so, resolve the path before opening it. */
  readonly mayLink: boolean;
  readonly label: string;
  readonly rights: SourceRights;
  /** Where the file is listed, for people ("line 12 of labels.csv"). Null if it was found on the disk. */
  readonly origin: string | null;
  readonly problem: PhotoProblem | null;
}

export function outsideFolder(detail: string): PhotoProblem {
  return { state: 'dropped', reason: 'outside-folder', detail };
}

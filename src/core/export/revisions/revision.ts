import type { FolderState } from './revision-file.process.ts';
import type { Revision, RevisionPhotos } from './revision.repository.ts';

export interface RevisionChanges {
  readonly since: string;
  readonly added: number;
  readonly removed: number;
  readonly classes: readonly {
    readonly wnid: string;
    readonly name: string;
    readonly added: number;
    readonly removed: number;
    /** `2 were unreviewed, 1 is rejected` */
    readonly why: string;
  }[];
}

export interface RevisionView extends Revision, RevisionPhotos {
  readonly folder: FolderState;
  /** Changes since the previous revision; `null` for the first. */
  readonly changes: RevisionChanges | null;
}

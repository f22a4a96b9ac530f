import type { FolderState } from '../../export/revision-file.process.ts';
import type { Revision, RevisionPhotos } from '../../export/revision.repository.ts';

/** What one revision has and the one before it has not, or the other way round. */
export interface RevisionChanges {
  /** The revision before, by the beginning of its id. */
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

/** A revision as its page shows it. */
export interface RevisionView extends Revision, RevisionPhotos {
  readonly folder: FolderState;
  /** Against the revision before; null: there is none. */
  readonly changes: RevisionChanges | null;
}

import type { QueryTable, OpenDataWalkTable, PermitTable, RobotsTable } from './tables/crawl.ts';
import type { CollectionTable, DecisionTable, ShortlistTable, ShortlistEntryTable } from './tables/decisions.ts';
import type { ClassListTable, MemberTable, EvidenceTable, EvidenceDigestTable } from './tables/evidence.ts';
import type { SuspectTable } from './tables/in-flight.ts';
import type { PictureTable, CandidateTable, PhotoTable, TakedownTable } from './tables/photos.ts';
import type { ReferenceSetTable, ReferencePictureTable, LeakTable } from './tables/references.ts';
import type { CandidateTallyTable, PhotoScopeTable, PhotoTallyTable, PhotoMarkTable } from './tables/tallies.ts';

/**
 * The tables that are used through Kysely's query builder. The migrations have all tables and constraints, with their
 * reasons.
 */
export interface Database {
  photo: PhotoTable;
  picture: PictureTable;
  candidate: CandidateTable;
  class_list: ClassListTable;
  member: MemberTable;
  evidence: EvidenceTable;
  evidence_digest: EvidenceDigestTable;
  collection: CollectionTable;
  decision: DecisionTable;
  shortlist: ShortlistTable;
  shortlist_entry: ShortlistEntryTable;
  candidate_tally: CandidateTallyTable;
  photo_scope: PhotoScopeTable;
  photo_tally: PhotoTallyTable;
  photo_mark: PhotoMarkTable;
  query: QueryTable;
  takedown: TakedownTable;
  permit: PermitTable;
  robots: RobotsTable;
  open_data_walk: OpenDataWalkTable;
  reference_set: ReferenceSetTable;
  reference_picture: ReferencePictureTable;
  leak: LeakTable;
  suspect: SuspectTable;
}

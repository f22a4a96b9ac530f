import type { ColumnType, Generated, Insertable, Selectable } from 'kysely';

/** Row types of the catalogue, one interface a table; the migrations hold the constraints and say why. */
export interface Database {
  photo: PhotoTable;
  picture: PictureTable;
  candidate: CandidateTable;
  class_list: ClassListTable;
  member: MemberTable;
  evidence: EvidenceTable;
  collection: CollectionTable;
  decision: DecisionTable;
  shortlist: ShortlistTable;
  shortlist_entry: ShortlistEntryTable;
}

/** Written by the server's clock unless given. */
type Timestamp = ColumnType<Date, Date | undefined, Date>;

export interface PhotoTable {
  id: Generated<number>;
  /** 32 bytes. */
  sha256: Buffer;
  format: string;
  width: number;
  height: number;
  bytes: number;
  exif_orientation: number;
  /** 8 bytes. */
  perceptual_hash: Buffer;
  stored_at: Timestamp;
}

export interface PictureTable {
  id: Generated<number>;
  source: string;
  source_id: string;
  url: string;
  page_url: string | null;
  creator: string | null;
  licence: string;
  licence_url: string | null;
  state: 'found' | 'fetched' | 'dropped' | 'failed';
  reason: string | null;
  detail: string | null;
  photo_id: number | null;
  found_at: Timestamp;
  settled_at: ColumnType<Date | null, Date | null | undefined, Date | null>;
}

export interface CandidateTable {
  id: Generated<number>;
  picture_id: number;
  wnid: string;
  refusal: string | null;
  refusal_detail: string | null;
  found_at: Timestamp;
}

export interface ClassListTable {
  id: Generated<number>;
  sha256: Buffer;
  wnids: string[];
}

export interface MemberTable {
  id: Generated<number>;
  model_sha256: Buffer;
  model_name: string;
  preprocessing: string;
  class_list_id: number;
}

export interface EvidenceTable {
  photo_id: number;
  member_id: number;
  /** 0..9 in TenCrop order. */
  crop: number;
  top1: number;
  top1_prob: number;
  true_classes: number[];
  true_probs: number[];
  logits: Buffer | null;
}

export interface CollectionTable {
  id: Generated<number>;
  name: string;
  file_sha256: Buffer;
  decision_sha256: Buffer;
  definition: ColumnType<unknown, string, string>;
  updated_at: Timestamp;
}

export interface DecisionTable {
  collection_id: number;
  photo_id: number;
  wnid: string;
  state: 'kept' | 'dropped' | 'failed';
  reason: string | null;
  detail: string | null;
  max_true_prob: number | null;
  is_lower_bound: boolean;
  member_id: number | null;
  crop: number | null;
  confusion_wnid: string | null;
  confusion_prob: number | null;
  decision_sha256: Buffer;
  decided_at: Timestamp;
}

export interface ShortlistTable {
  collection_id: number;
  cap: number;
  near_duplicate_distance: number;
  decision_sha256: Buffer;
  built_at: Timestamp;
}

export interface ShortlistEntryTable {
  collection_id: number;
  wnid: string;
  photo_id: number;
  position: number;
  rank: number | null;
  state: 'listed' | 'left-out';
  reason: string | null;
  twin_photo_id: number | null;
  confusion_wnid: string;
  max_true_prob: number;
  confusion_prob: number;
  also_in: string[];
}

export type DecisionRow = Selectable<DecisionTable>;
export type NewEvidence = Insertable<EvidenceTable>;

import type { ColumnType, Generated } from 'kysely';
import type {
  CandidateTallyTable,
  PhotoMarkTable,
  PhotoPageTable,
  PhotoScopeTable,
  PhotoTallyTable,
} from './tally-tables.ts';

/** Row types of the catalogue, one interface a table; the migrations hold the constraints and say why. */
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
  photo_page: PhotoPageTable;
  photo_mark: PhotoMarkTable;
  query: QueryTable;
  takedown: TakedownTable;
  permit: PermitTable;
  robots: RobotsTable;
  open_data_walk: OpenDataWalkTable;
  reference_set: ReferenceSetTable;
  reference_picture: ReferencePictureTable;
  leak: LeakTable;
  backbone: BackboneTable;
  feature: FeatureTable;
  in_hand: InHandTable;
  suspect: SuspectTable;
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
  /** `pruning`: being deleted. Only what is `stored` is sure to have bytes. */
  bytes_state: Generated<'stored' | 'pruning' | 'pruned'>;
  pruned_at: ColumnType<Date | null, Date | null | undefined, Date | null>;
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
  /** `host:port` that serves it; '' for what is on disk. */
  host: Generated<string>;
  attempts: Generated<number>;
  not_before: ColumnType<Date | null, Date | null | undefined, Date | null>;
  /** The photo whose pruned bytes the picture is fetched once more for. */
  refetch_photo_id: Generated<number | null>;
}

export interface CandidateTable {
  id: Generated<number>;
  picture_id: number;
  wnid: string;
  refusal: string | null;
  refusal_detail: string | null;
  found_at: Timestamp;
  query_id: Generated<number | null>;
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

/** Kept by triggers (migration 0013). */
export interface EvidenceDigestTable {
  photo_id: number;
  member_id: number;
  /** Summaries of the evaluated crops, one after the other. */
  cells: Buffer;
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
  /** The row as it was before a reference set overruled it. */
  overruled: Generated<unknown>;
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
  max_true_prob: number | null;
  confusion_prob: number;
  also_in: string[];
  twin_by: Generated<'hash' | 'cosine' | null>;
}

/** Times in microseconds since the epoch, 0 for never; see `PermitState`. */
export interface PermitTable {
  key: string;
  seen_us: Generated<number>;
  due_us: Generated<number>;
  requests_day: Generated<number[]>;
  bytes_hour: Generated<number[]>;
  bytes_day: Generated<number[]>;
  held_until_us: Generated<number>;
  hold_reason: string | null;
  trips: Generated<number>;
  tripped_until_us: Generated<number>;
  trip_reason: string | null;
  probe_until_us: Generated<number>;
}

/** Times in milliseconds since the epoch, 0 for never; see `StoredRobots`. */
export interface RobotsTable {
  origin: string;
  body: string | null;
  checked_ms: Generated<number>;
  expires_ms: Generated<number>;
  failing_since_ms: number | null;
  retry_ms: Generated<number>;
  claimed_until_ms: Generated<number>;
  failure: string | null;
  etag: string | null;
  last_modified: string | null;
}

export interface QueryTable {
  id: Generated<number>;
  source: string;
  wnid: string;
  kind: 'plan' | 'search';
  key: string;
  title: string;
  params: ColumnType<unknown, string, string>;
  cursor: ColumnType<unknown, string | null | undefined, string | null>;
  pages: Generated<number>;
  state: Generated<'open' | 'done' | 'refused'>;
  total: number | null;
  seen: Generated<number>;
  admitted: Generated<number>;
  problems: Generated<string[]>;
  notes: Generated<string[]>;
  attempts: Generated<number>;
  not_before: ColumnType<Date | null, Date | null | undefined, Date | null>;
  updated_at: Timestamp;
}

export interface TakedownTable {
  id: Generated<number>;
  sha256: Buffer | null;
  source: string | null;
  source_id: string | null;
  url: string | null;
  reason: string;
  created_at: Timestamp;
}

export interface OpenDataWalkTable {
  id: Generated<number>;
  collection: string;
  started_at: Timestamp;
  inputs_sha256: Buffer | null;
  /** By file: see `FileVersion`. */
  dump: ColumnType<unknown, string | undefined, string>;
  stage: Generated<'observations' | 'observers' | 'photos' | 'done'>;
  row_count: Generated<number>;
  /** Candidates that were admitted, by class. */
  admitted: ColumnType<unknown, string | undefined, string>;
  /** By class: see `ClassPlan`. */
  plans: ColumnType<unknown, string | undefined, string>;
  updated_at: Timestamp;
}

export interface ReferenceSetTable {
  id: Generated<number>;
  /** Absolute. */
  folder: string;
  purpose: 'leaks';
  /** Bits, 0..64. */
  distance: number;
  walk: Generated<number>;
  /** Counts by reason. */
  unreadable: ColumnType<Record<string, number>, string | undefined, string>;
  completed_at: ColumnType<Date | null, Date | null | undefined, Date | null>;
  added_at: Timestamp;
}

export interface ReferencePictureTable {
  id: Generated<number>;
  set_id: number;
  /** Relative to the set's folder. */
  path: string;
  bytes: number;
  changed_us: number;
  sha256: Buffer;
  perceptual_hash: Buffer;
  walk: number;
}

export interface LeakTable {
  photo_id: number;
  set_id: number;
  picture_id: number;
  distance: number;
}

export interface BackboneTable {
  id: Generated<number>;
  model_sha256: Buffer;
  model_name: string;
  preprocessing: string;
  output: string;
}

export interface FeatureTable {
  backbone_id: number;
  photo_id: number;
  scale: number;
  vector: Buffer;
}

export interface InHandTable {
  id: Generated<number>;
  backend_pid: number;
  backend_start: Date;
  work: string;
  items: string[];
}

export interface SuspectTable {
  item: string;
  work: string;
  /** See `Death`. */
  deaths: ColumnType<unknown, string | undefined, string>;
  since: Timestamp;
}

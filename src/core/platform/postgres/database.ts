import type { ColumnType, Generated } from 'kysely';

/** The server's clock sets it unless a value is given. */
type Timestamp = ColumnType<Date, Date | undefined, Date>;
/** Null unless a value is given. */
type OptionalTimestamp = ColumnType<Date | null, Date | null | undefined, Date | null>;

/** Tables that the query builder is used on. The migrations have all tables and constraints, with their reasons. */
export interface Database {
  photo: PhotoTable;
  picture: PictureTable;
  licence: LicenceTable;
  evidence: EvidenceTable;
  collection: CollectionTable;
  decision: DecisionTable;
  shortlist: ShortlistTable;
  shortlist_entry: ShortlistEntryTable;
  photo_scope: PhotoScopeTable;
  takedown: TakedownTable;
  robots: RobotsTable;
  open_data_walk: OpenDataWalkTable;
  reference_set: ReferenceSetTable;
  leak: LeakTable;
}

interface PictureTable {
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
  settled_at: OptionalTimestamp;
  /** `host:port` that serves the picture; '' for a file on disk. */
  host: Generated<string>;
  attempts: Generated<number>;
  not_before: OptionalTimestamp;
  /** The photo whose pruned bytes this picture is fetched again for. */
  refetch_photo_id: Generated<number | null>;
  /** `curator`: the source gives no licence, and the curator stated the rights. */
  rights_by: Generated<'source' | 'curator'>;
  /** The creator that the source names, if the curator stated the rights. */
  source_creator: Generated<string | null>;
  /** The photo at another source that this one is a copy of, as `flickr:12345`. */
  origin: Generated<string | null>;
  /** Restrictions other than copyright, such as `personality`. Null if the source names none. */
  restrictions: Generated<readonly string[] | null>;
  /** Statements of the site and the file about use by machines, as they came. Null if there are none. */
  signals: Generated<readonly string[] | null>;
  /** The size of the original in pixels, if the source scales pictures. */
  original_width: Generated<number | null>;
  original_height: Generated<number | null>;
  /** Days, if the source tells them. */
  taken_at: Generated<Date | null>;
  uploaded_at: Generated<Date | null>;
}

interface LicenceTable {
  /** As `picture.licence` has it. */
  name: string;
  /** See `licenceChoices`. */
  choices: readonly string[];
}

interface PhotoTable {
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
  /** 255 bytes. */
  fine_hash: Buffer;
  stored_at: Timestamp;
  /** `pruning`: the bytes are being deleted. Only `stored` guarantees that they exist. */
  bytes_state: Generated<'stored' | 'pruning' | 'pruned'>;
  pruned_at: OptionalTimestamp;
}

interface TakedownTable {
  id: Generated<number>;
  sha256: Buffer | null;
  source: string | null;
  source_id: string | null;
  url: string | null;
  reason: string;
  created_at: Timestamp;
}

interface EvidenceTable {
  photo_id: number;
  member_id: number;
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
  /** Mode O: wnids. */
  allowed_hyponyms: Generated<string[]>;
  updated_at: Timestamp;
  /** The canonical text of the collection file; null until a command has worked on the collection. */
  rules_text: string | null;
  /** The model cards of the members, by name. */
  cards: ColumnType<unknown, string | null, string | null>;
  rules_since: ColumnType<Date | null, Date | null, Date | null>;
  rules_by: string | null;
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
  /** The row before a reference set overruled it. */
  overruled: Generated<unknown>;
}

interface ShortlistTable {
  collection_id: number;
  cap: number;
  near_duplicate_distance: number;
  decision_sha256: Buffer;
  built_at: Timestamp;
  controls: Generated<number>;
}

interface ShortlistEntryTable {
  collection_id: number;
  wnid: string;
  photo_id: number;
  position: number;
  rank: number | null;
  state: 'listed' | 'left-out' | 'control' | 'crawl-sample';
  reason: string | null;
  twin_photo_id: number | null;
  confusion_wnid: string;
  max_true_prob: number | null;
  confusion_prob: number;
  also_in: string[];
  twin_by: Generated<'hash' | 'cosine' | null>;
}

interface OpenDataWalkTable {
  id: Generated<number>;
  collection: string;
  started_at: Timestamp;
  inputs_sha256: Buffer | null;
  /** For each file: see `RemoteVersion`. */
  dump: ColumnType<unknown, string | undefined, string>;
  stage: Generated<'observations' | 'observers' | 'photos' | 'done'>;
  row_count: Generated<number>;
  /** Number of admitted candidates for each class. */
  admitted: ColumnType<unknown, string | undefined, string>;
  /** For each class: see `ClassPlan`. */
  plans: ColumnType<unknown, string | undefined, string>;
  updated_at: Timestamp;
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
  trip_key: string | null;
  probe_until_us: Generated<number>;
}

/** Times in milliseconds since the epoch, 0 for never; see `StoredRobots`. */
interface RobotsTable {
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

export interface ReferenceSetTable {
  id: Generated<number>;
  /** Absolute; or a text that names a head. */
  folder: string;
  /** The only collection that the set counts for; null: all. */
  collection_id: number | null;
  purpose: 'leaks' | 'display';
  /** Bits, 0..64. */
  distance: number;
  walk: Generated<number>;
  ended_walk: Generated<number>;
  /** Counts by reason. */
  unreadable: ColumnType<Record<string, number>, string | undefined, string>;
  completed_at: OptionalTimestamp;
  added_at: Timestamp;
}

interface LeakTable {
  photo_id: number;
  set_id: number;
  picture_id: number;
  distance: number;
}

/** The rules that photos are counted under: see `0001-initial/photo-tally.ts`. */
interface PhotoScopeTable {
  id: Generated<number>;
  collection_id: number;
  sha256: Buffer;
  read_at: Timestamp;
}

import type { ColumnType, Generated } from 'kysely';
import type { Timestamp } from './timestamp.ts';

/** Row types: what collections decide about photos. */

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
  /** The row before a reference set overruled it. */
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

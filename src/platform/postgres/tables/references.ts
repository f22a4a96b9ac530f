import type { ColumnType, Generated } from 'kysely';
import type { OptionalTimestamp, Timestamp } from './timestamp.ts';

/** Row types: pictures that must not be in a test set. */

export interface ReferenceSetTable {
  id: Generated<number>;
  /** Absolute. */
  folder: string;
  purpose: 'leaks';
  /** Bits, 0..64. */
  distance: number;
  walk: Generated<number>;
  ended_walk: Generated<number>;
  /** Counts by reason. */
  unreadable: ColumnType<Record<string, number>, string | undefined, string>;
  completed_at: OptionalTimestamp;
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
  /** 255 bytes. */
  fine_hash: Buffer;
  walk: number;
}

export interface LeakTable {
  photo_id: number;
  set_id: number;
  picture_id: number;
  distance: number;
}

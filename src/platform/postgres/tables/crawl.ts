import type { ColumnType, Generated } from 'kysely';
import type { OptionalTimestamp, Timestamp } from './timestamp.ts';

/** Row types: progress of searches and walks, and what hosts allow. */

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
  not_before: OptionalTimestamp;
  updated_at: Timestamp;
}

export interface OpenDataWalkTable {
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

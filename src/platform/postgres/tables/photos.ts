import type { Generated } from 'kysely';
import type { OptionalTimestamp, Timestamp } from './timestamp.ts';

/** Row types: what sources found and what was fetched. */

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
  settled_at: OptionalTimestamp;
  /** `host:port` that serves the picture; '' for a file on disk. */
  host: Generated<string>;
  attempts: Generated<number>;
  not_before: OptionalTimestamp;
  /** The photo whose pruned bytes this picture is fetched again for. */
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
  /** 255 bytes. */
  fine_hash: Buffer;
  stored_at: Timestamp;
  /** `pruning`: the bytes are being deleted. Only `stored` guarantees that they exist. */
  bytes_state: Generated<'stored' | 'pruning' | 'pruned'>;
  pruned_at: OptionalTimestamp;
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

import type { Generated } from 'kysely';
import type { Timestamp } from './timestamp.ts';

/** Row types: maintained counts of candidates and photos. */

/** Changes of the number of candidates of a kind. The count is their sum (`0001-initial/candidate-tally.ts`). */
export interface CandidateTallyTable {
  id: Generated<number>;
  query_id: number | null;
  /** Null if the candidate was refused because its class is unknown. */
  wnid: string | null;
  source: string;
  licence: string;
  refusal: string | null;
  /** State and reason of the picture. */
  state: 'found' | 'fetched' | 'dropped' | 'failed';
  reason: string | null;
  count: number;
}

/** The rules that photos are counted under (see `0001-initial/photo-tally.ts`, also for the next three tables). */
export interface PhotoScopeTable {
  id: Generated<number>;
  collection_id: number;
  sha256: Buffer;
  read_at: Timestamp;
}

/** Number of photos of a kind in all counted pages. */
export interface PhotoTallyTable {
  scope_id: number;
  kind: number;
  wnid: string | null;
  source: string | null;
  query_id: number | null;
  state: string | null;
  reason: string | null;
  listed: string | null;
  is_pruned: boolean | null;
  count: number;
}

/** A page that has changed since it was counted. */
export interface PhotoMarkTable {
  id: Generated<number>;
  page: number;
}

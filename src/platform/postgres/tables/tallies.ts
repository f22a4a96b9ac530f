import type { Generated } from 'kysely';
import type { Timestamp } from './timestamp.ts';

/** Row types: counts of candidates and photos that are kept. */

/** Changes of the number of candidates of a kind: the count is the sum (`0001-initial/candidate-tally.ts`). */
export interface CandidateTallyTable {
  id: Generated<number>;
  query_id: number | null;
  /** Null for what was refused as being of no known class. */
  wnid: string | null;
  source: string;
  licence: string;
  refusal: string | null;
  /** The picture's, and its reason. */
  state: 'found' | 'fetched' | 'dropped' | 'failed';
  reason: string | null;
  count: number;
}

/** The rules that photos are counted under (`0001-initial/photo-tally.ts`; so are the next three tables). */
export interface PhotoScopeTable {
  id: Generated<number>;
  collection_id: number;
  sha256: Buffer;
  read_at: Timestamp;
}

/** How many photos of a kind there are, in all pages that are counted. */
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

/** A page in which something has changed since it was counted. */
export interface PhotoMarkTable {
  id: Generated<number>;
  page: number;
}

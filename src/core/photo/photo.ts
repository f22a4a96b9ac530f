import type { Sha256 } from '../kernel/ids.ts';
import type { AcceptedPhoto } from '../platform/image/inspection.ts';

export interface NewPhoto extends Omit<AcceptedPhoto, 'ok'> {
  readonly sha256: Sha256;
  readonly bytes: number;
}

/** State of a photo's bytes. `pruning`: they are being deleted, or `winnow prune` was interrupted while it deleted them. */
export type BytesState = 'stored' | 'pruning' | 'pruned';

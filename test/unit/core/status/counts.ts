import type { CandidateCount } from '../../../../src/core/status/funnel.ts';
import type { PhotoCount } from '../../../../src/core/filter/run/photo-counts.repository.ts';

const OF = { wnid: 'n01', source: 'folder', queryId: null, reason: null };

/** So many candidates, by default of one class, from a folder, for no reason. */
export function candidateCount(
  count: number,
  state: CandidateCount['state'],
  changes: Partial<CandidateCount> = {},
): CandidateCount {
  return { ...OF, state, count, ...changes };
}

/** So many photos, by default of one class, from a folder, on no shortlist and with their bytes. */
export function photoCount(count: number, state: PhotoCount['state'], changes: Partial<PhotoCount> = {}): PhotoCount {
  return { ...OF, listed: null, isPruned: false, state, count, ...changes };
}

import { groupBy } from '../kernel/group-by.ts';
import type { PhotoCount } from '../filter/run/photo-counts.repository.ts';
import { emptyTotals, type Funnel, type Totals } from '../kernel/funnel.ts';
import type { VerdictState } from '../review/events/verdict.ts';
import type { Mode } from '../kernel/mode.ts';

export interface CandidateCount {
  /** Null for candidates of no class of the collection. */
  readonly wnid: string | null;
  readonly source: string;
  /** The query that found them; null if a walk found them. */
  readonly queryId: number | null;
  readonly state: 'found' | 'fetched' | 'dropped' | 'failed';
  readonly reason: string | null;
  readonly count: number;
}

export interface VerdictCount extends Pick<PhotoCount, 'wnid' | 'source' | 'queryId' | 'count'> {
  readonly verdict: Exclude<VerdictState, 'unreviewed'>;
  readonly isPending: boolean;
  /** The day (UTC) on which the photos became accepted, as `2026-11-30`; null for other verdicts. */
  readonly day: string | null;
}

export interface FunnelCounts {
  readonly candidates: readonly CandidateCount[];
  readonly photos: readonly PhotoCount[];
  readonly verdicts: readonly VerdictCount[];
}

/** The same counts for a reader who must not know the verdicts of photos whose second verdict is pending. */
export function withoutPending<Counts extends FunnelCounts>(counts: Counts): Counts {
  return { ...counts, verdicts: counts.verdicts.filter(({ isPending }) => !isPending) };
}

export function funnelOf(
  about: { collection: string; mode: Mode; classes: readonly { wnid: string; name: string }[] },
  counts: FunnelCounts,
): Omit<Funnel, 'distinctPhotos'> {
  const { candidates } = counts;
  const totals = sumUp(counts);
  const classOf = rowsBy(counts, ({ wnid }) => wnid);
  const classRows = about.classes.map(({ wnid, name }) => ({ wnid, name, ...classOf(wnid) }));
  const hasStrangers = candidates.some((count) => count.wnid === null);
  const strangerRows = hasStrangers ? [{ wnid: null, name: 'no class of the collection', ...classOf(null) }] : [];
  const sourceOf = rowsBy(counts, ({ source }) => source);
  const sources = [...new Set(candidates.map((count) => count.source))]
    .toSorted()
    .map((source) => ({ source, ...sourceOf(source) }));
  return {
    collection: about.collection,
    mode: about.mode,
    totals,
    classes: [...classRows, ...strangerRows],
    sources,
  };
}

export function rowsBy<Key>(
  counts: FunnelCounts,
  keyOf: (count: CandidateCount | PhotoCount | VerdictCount) => Key,
): (key: Key) => Totals {
  const candidates = groupBy(counts.candidates, keyOf);
  const photos = groupBy(counts.photos, keyOf);
  const verdicts = groupBy(counts.verdicts, keyOf);
  return (key) =>
    sumUp({
      candidates: candidates.get(key) ?? [],
      photos: photos.get(key) ?? [],
      verdicts: verdicts.get(key) ?? [],
    });
}

function sumUp({ candidates, photos, verdicts }: FunnelCounts): Totals {
  const totals = emptyTotals();
  for (const count of candidates) addCandidates(totals, count);
  totals.duplicates = totals.fetched;
  for (const count of photos) {
    addPhotos(totals, count);
    totals.duplicates -= count.count;
  }
  for (const { verdict, count } of verdicts) totals[FIELD_OF[verdict]] += count;
  totals.unreviewed = totals.shortlisted - reviewedOf(totals);
  return totals;
}

const FIELD_OF = { accepted: 'selected', rejected: 'rejected', unsure: 'unsure', disputed: 'disputed' } as const;

function reviewedOf({ selected, rejected, unsure, disputed }: Totals): number {
  return selected + rejected + unsure + disputed;
}

function addCandidates(totals: Totals, { state, reason, count }: CandidateCount): void {
  totals.found += count;
  if (state === 'found') totals.waiting += count;
  else if (state === 'fetched') totals.fetched += count;
  else addReason(totals[state], reason ?? 'unreadable', count);
}

function addReason(counts: Record<string, number>, reason: string, count: number): void {
  counts[reason] = (counts[reason] ?? 0) + count;
}

function addPhotos(totals: Totals, { state, reason, listed, isPruned, count }: PhotoCount): void {
  if (isPruned) totals.pruned += count;
  if (isPruned && state === 'undecided') totals.undecidedPruned += count;
  if (reason === 'poison') totals.poisoned += count;
  if (state === 'dropped') totals.decided[DROPPED_FOR[reason ?? ''] ?? 'confident'] += count;
  else totals.decided[state] += count;
  if (state !== 'kept') return;
  if (listed === 'listed') totals.shortlisted += count;
  else if (listed === null) totals.unlisted += count;
  else totals.leftOut[LEFT_OUT_FIELD[listed]] += count;
}

const LEFT_OUT_FIELD = { cap: 'cap', 'near-duplicate': 'nearDuplicate', target: 'target' } as const;

const DROPPED_FOR: Readonly<Record<string, keyof Totals['decided']>> = {
  correct: 'correct',
  confident: 'confident',
  'not-confident': 'notConfident',
  'other-class': 'otherClass',
  'in-reference-set': 'inReferenceSet',
};

/** The sums that do not add up, each as a sentence; empty if all do. */
export function sumsThatFail(totals: Totals): string[] {
  const { decided, leftOut } = totals;
  const sums: readonly [string, number, number][] = [
    ['found', totals.found, totals.waiting + totals.fetched + sumOf(totals.dropped) + sumOf(totals.failed)],
    ['fetched', totals.fetched, totals.duplicates + sumOf({ ...decided })],
    ['decided.kept', decided.kept, totals.shortlisted + sumOf(leftOut) + totals.unlisted],
    ['shortlisted', totals.shortlisted, reviewedOf(totals) + totals.unreviewed],
    ['duplicates', Math.max(0, totals.duplicates), totals.duplicates],
  ];
  return sums
    .filter(([, whole, parts]) => whole !== parts)
    .map(([name, whole, parts]) => `${name} is ${whole} but its parts sum up to ${parts}`);
}

export function sumOf(counts: Readonly<Record<string, number | undefined>>): number {
  return Object.values(counts).reduce<number>((total, count) => total + (count ?? 0), 0);
}

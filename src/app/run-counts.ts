import type { RefusalCounts } from '../candidate/candidate.ts';
import type { Sha256 } from '../kernel/ids.ts';
import type { FetchOutcome } from '../photo/fetch.process.ts';
import type { EngineWork } from './engine/engine.ts';

/** What one source came to in a run so far. */
export interface SourceCounts {
  /** Photos that the source named, whatever became of them. */
  found: number;
  /** Pictures that were not in the catalogue before. */
  newPictures: number;
  /** Photos passed over since their class had reached the limit. */
  overLimit: number;
  /** Pictures to fetch, as far as is known yet. */
  toFetch: number;
  fetched: number;
  /** Pictures that were settled without bytes: dropped or failed. */
  notFetched: number;
  /** Tries that failed but are made again. */
  putOff: number;
  bytes: number;
  /** By reason: refused as they were found, or once their bytes or headers were seen. */
  readonly dropped: Record<string, number>;
  readonly failed: Record<string, number>;
  /** Whether more may be found. */
  isSearching: boolean;
}

/** Counts of a run so far, for progress and the closing summary. */
export interface RunCounts {
  readonly sources: Map<string, SourceCounts>;
  /** Photos to decide, as far as is known yet. */
  toDecide: number;
  kept: number;
  dropped: number;
  /** Photos that no decision can be made of: they cannot be decoded, or end the process that tries. */
  failed: number;
  /** Those of them that end it. */
  poisoned: number;
  /** Decided photos whose evidence is to be completed; 0 unless every crop is wanted. */
  toComplete: number;
  completed: number;
  /** Crops that ran for that. */
  completedCrops: number;
  /** Photos that have no bytes to run more crops on, none that can be decoded, or no finite numbers of a model. */
  notCompletable: number;
  /** Photos that the filter left out, since their bytes are lost. */
  readonly lost: Sha256[];
  /** What deciding cost; null until the filter has ended. */
  filterWork: EngineWork | null;
  /** Why a source or a host waits. */
  readonly waits: Map<string, RunWait>;
}

export interface RunWait {
  readonly why: string;
  /** Milliseconds since the epoch; null: until it is said otherwise. */
  readonly untilMs: number | null;
}

/** The waits that are not over. */
export function waitsAt({ waits }: RunCounts, nowMs: number): string[] {
  return [...waits.values()].filter(({ untilMs }) => untilMs === null || untilMs > nowMs).map(({ why }) => why);
}

export function noCounts(): RunCounts {
  const numbers = { toDecide: 0, kept: 0, dropped: 0, failed: 0, poisoned: 0 };
  const completing = { toComplete: 0, completed: 0, completedCrops: 0, notCompletable: 0 };
  return { sources: new Map(), ...numbers, ...completing, lost: [], filterWork: null, waits: new Map() };
}

/** The counts of a source, from the first time that it is named. */
export function countsOf({ sources }: RunCounts, source: string): SourceCounts {
  const known = sources.get(source);
  if (known !== undefined) return known;
  const numbers = {
    found: 0,
    newPictures: 0,
    overLimit: 0,
    toFetch: 0,
    fetched: 0,
    notFetched: 0,
    putOff: 0,
    bytes: 0,
  };
  const counts: SourceCounts = { ...numbers, dropped: {}, failed: {}, isSearching: false };
  sources.set(source, counts);
  return counts;
}

/** What was found on a page of results, or a page of a walk. */
export interface FoundPage {
  readonly seen: number;
  readonly newPictures: number;
  readonly overLimit: number;
  readonly refused: RefusalCounts;
}

export function countFound(counts: SourceCounts, { seen, newPictures, overLimit, refused }: FoundPage): void {
  counts.found += seen;
  counts.newPictures += newPictures;
  counts.overLimit += overLimit;
  for (const state of ['dropped', 'failed'] as const)
    for (const [reason, count] of Object.entries(refused[state])) addTo(counts[state], reason, count);
}

export function countOutcome(counts: RunCounts, { outcome, reason, source, bytes }: FetchOutcome): void {
  const of = countsOf(counts, source);
  of.bytes += bytes;
  if (outcome === 'fetched') of.fetched += 1;
  else if (outcome === 'later') of.putOff += 1;
  else {
    of.notFetched += 1;
    addTo(of[outcome], reason ?? 'unreadable', 1);
  }
}

function addTo(counts: Record<string, number>, reason: string, count: number): void {
  counts[reason] = (counts[reason] ?? 0) + count;
}

/** One of the numbers, over all sources. */
export function totalOf(
  { sources }: RunCounts,
  number: 'found' | 'newPictures' | 'overLimit' | 'toFetch' | 'fetched' | 'notFetched' | 'bytes',
): number {
  return [...sources.values()].reduce((total, counts) => total + counts[number], 0);
}

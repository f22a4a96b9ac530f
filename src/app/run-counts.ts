import type { RefusalCounts } from '../candidate/candidate.ts';
import type { Sha256 } from '../kernel/ids.ts';
import type { FetchOutcome } from '../photo/fetch.process.ts';
import type { EngineWork } from './engine/engine.ts';

/** The counts of one source in a run so far. */
export interface SourceCounts {
  /** All photos that the source named. */
  found: number;
  /** Pictures that were not in the catalogue before. */
  newPictures: number;
  /** Photos skipped because their class had reached the limit. */
  overLimit: number;
  /** Pictures to fetch, as far as known. */
  toFetch: number;
  fetched: number;
  /** Pictures that were settled without bytes: dropped or failed. */
  notFetched: number;
  /** Failed tries that are retried. */
  putOff: number;
  bytes: number;
  /** By reason: pictures refused when they were found, or when their headers or bytes were read. */
  readonly dropped: Record<string, number>;
  readonly failed: Record<string, number>;
  /** Whether more may be found. */
  isSearching: boolean;
}

/** The counts of a run so far, for progress and the final summary. */
export interface RunCounts {
  readonly sources: Map<string, SourceCounts>;
  /** Photos to decide, as far as known. */
  toDecide: number;
  kept: number;
  dropped: number;
  /** Photos that cannot be decided: they cannot be decoded, or they kill the process that evaluates them. */
  failed: number;
  /** Those of the failed photos that kill the process. */
  poisoned: number;
  /** Decided photos with incomplete evidence that must be completed. 0 unless every crop is wanted. */
  toComplete: number;
  completed: number;
  /** Crops that ran to complete evidence. */
  completedCrops: number;
  /** Photos whose evidence cannot be completed: no bytes, bytes that cannot be decoded, or a model without finite numbers. */
  notCompletable: number;
  /** Photos that the filter left out because their bytes are lost. */
  readonly lost: Sha256[];
  /** The work of the filter. Null until the filter has ended. */
  filterWork: EngineWork | null;
  /** Why a source or a host waits. */
  readonly waits: Map<string, RunWait>;
}

export interface RunWait {
  readonly why: string;
  /** Milliseconds since the epoch. Null: until further notice. */
  readonly untilMs: number | null;
}

/** The reasons of all waits that are not over. */
export function waitsAt({ waits }: RunCounts, nowMs: number): string[] {
  return [...waits.values()].filter(({ untilMs }) => untilMs === null || untilMs > nowMs).map(({ why }) => why);
}

export function noCounts(): RunCounts {
  const numbers = { toDecide: 0, kept: 0, dropped: 0, failed: 0, poisoned: 0 };
  const completing = { toComplete: 0, completed: 0, completedCrops: 0, notCompletable: 0 };
  return { sources: new Map(), ...numbers, ...completing, lost: [], filterWork: null, waits: new Map() };
}

/** The counts of a source. Creates them on first use. */
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

/** The photos of one page of results or of a walk. */
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

/** The sum of one of the counts over all sources. */
export function totalOf(
  { sources }: RunCounts,
  number: 'found' | 'newPictures' | 'overLimit' | 'toFetch' | 'fetched' | 'notFetched' | 'bytes',
): number {
  return [...sources.values()].reduce((total, counts) => total + counts[number], 0);
}

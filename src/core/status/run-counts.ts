import type { DiscoveredPage } from '../crawl/candidates/discover.process.ts';
import type { Sha256 } from '../kernel/ids.ts';
import type { FetchOutcome } from '../crawl/fetch/fetch.process.ts';
import type { EngineWork } from '../filter/engine/engine-tally.ts';

export class SourceCounts {
  found = 0;
  newPictures = 0;
  overLimit = 0;
  /** Pictures to fetch, as far as known. */
  toFetch = 0;
  fetched = 0;
  /** Pictures that were settled without bytes: dropped or failed. */
  notFetched = 0;
  /** Failed tries that are retried. */
  putOff = 0;
  bytes = 0;
  /** Usable photos without a day of upload. */
  undated = 0;
  /** By reason: pictures refused when they were found, or when their headers or bytes were read. */
  readonly dropped: Record<string, number> = {};
  readonly failed: Record<string, number> = {};
  isSearching = false;

  addPage({ seen, newPictures, overLimit, refused }: Omit<DiscoveredPage, 'wnid'>): void {
    this.found += seen;
    this.newPictures += newPictures;
    this.overLimit += overLimit;
    this.undated += refused.undated;
    for (const state of ['dropped', 'failed'] as const)
      for (const [reason, count] of Object.entries(refused[state])) addTo(this[state], reason, count);
  }

  addOutcome({ outcome, reason, bytes }: FetchOutcome): void {
    this.bytes += bytes;
    if (outcome === 'fetched') this.fetched += 1;
    else if (outcome === 'later') this.putOff += 1;
    else {
      this.notFetched += 1;
      addTo(this[outcome], reason ?? 'unreadable', 1);
    }
  }
}

function addTo(counts: Record<string, number>, reason: string, count: number): void {
  counts[reason] = (counts[reason] ?? 0) + count;
}

export class RunCounts {
  readonly sources = new Map<string, SourceCounts>();
  toDecide = 0;
  kept = 0;
  dropped = 0;
  /** Photos that cannot be decided: they cannot be decoded, or they kill the process that evaluates them. */
  failed = 0;
  poisoned = 0;
  /** Decided photos with incomplete evidence that must be completed. 0 unless every crop is wanted. */
  toComplete = 0;
  completed = 0;
  completedCrops = 0;
  /** Photos whose evidence cannot be completed: no bytes, bytes that cannot be decoded, or a model without finite numbers. */
  notCompletable = 0;
  readonly lost: Sha256[] = [];
  filterWork: EngineWork | null = null;
  /** Why a source or a host waits, and until when, in milliseconds since the epoch. Null if the end is unknown. */
  readonly waits = new Map<string, { readonly why: string; readonly untilMs: number | null }>();

  of(source: string): SourceCounts {
    const counts = this.sources.get(source) ?? new SourceCounts();
    this.sources.set(source, counts);
    return counts;
  }

  total(number: 'found' | 'newPictures' | 'overLimit' | 'fetched' | 'notFetched'): number {
    return [...this.sources.values()].reduce((total, counts) => total + counts[number], 0);
  }

  noteWait(source: string, why: string | null): void {
    if (why === null) this.waits.delete(source);
    else this.waits.set(source, { why, untilMs: null });
  }

  waitsAt(nowMs: number): string[] {
    return [...this.waits.values()].filter(({ untilMs }) => untilMs === null || untilMs > nowMs).map(({ why }) => why);
  }
}

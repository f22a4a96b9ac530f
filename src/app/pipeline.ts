import { countWaitingPictures } from '../candidate/candidate.repository.ts';
import type { CandidateRules } from '../candidate/candidate.ts';
import { countUndecided } from '../decision/decision.repository.ts';
import { crawlFolder, type CrawlSummary } from './crawl-folder.ts';
import { startFetch } from './fetch-stage.ts';
import { startFilter } from './filter-stage.ts';
import type { Stage } from './stage.ts';
import type { Workspace } from './workspace.ts';

export type StageName = 'discover' | 'fetch' | 'filter' | 'shortlist';

/** What follows what: the one place that knows. A stage hands on ids, never jobs of another stage. */
export const PIPELINE: readonly { readonly stage: StageName; readonly next: StageName | null }[] = [
  { stage: 'discover', next: 'fetch' },
  { stage: 'fetch', next: 'filter' },
  { stage: 'filter', next: 'shortlist' },
  { stage: 'shortlist', next: null },
];

/** Counts of a run so far, for progress. */
export interface RunCounts {
  found: number;
  /** Pictures to fetch, as far as is known yet. */
  toFetch: number;
  fetched: number;
  notFetched: number;
  /** Photos to decide, as far as is known yet. */
  toDecide: number;
  kept: number;
  dropped: number;
  undecodable: number;
}

export function noCounts(): RunCounts {
  return { found: 0, toFetch: 0, fetched: 0, notFetched: 0, toDecide: 0, kept: 0, dropped: 0, undecodable: 0 };
}

export interface PipelineOptions {
  /** Which stages this run works; work that a stage makes for one outside stays in the catalogue. */
  readonly stages: ReadonlySet<StageName>;
  /** Where the photos are; needed for `discover`. */
  readonly from: string | null;
  readonly rules: CandidateRules;
  readonly limitPerClass: number | null;
  readonly signal: AbortSignal;
  /** Updated as the run goes on. */
  readonly counts: RunCounts;
}

export interface PipelineResult {
  /** Null if nothing was discovered in this run. */
  readonly crawl: CrawlSummary | null;
  /** Left to do for each stage that ran: 0 unless interrupted. */
  readonly left: Partial<Record<StageName, number>>;
}

/** Runs the wanted stages side by side: what one makes, the next one starts on at once. */
export async function runPipeline(workspace: Workspace, options: PipelineOptions): Promise<PipelineResult> {
  const { app } = workspace;
  const { counts, signal, stages } = options;
  const left: Partial<Record<StageName, number>> = {};
  const running = new Map<StageName, Stage>();
  const handOn =
    (stage: StageName) =>
    async (ids: readonly number[]): Promise<void> => {
      if (stage === 'discover') counts.toFetch += ids.length;
      else counts.toDecide += ids.length;
      const next = PIPELINE.find((step) => step.stage === stage)?.next ?? null;
      if (next !== null) await running.get(next)?.enqueue(ids);
    };
  try {
    // Started from the last to the first, so that whoever hands on finds the next one there.
    if (stages.has('filter')) {
      counts.toDecide += await countUndecided(app.db, workspace.scope);
      running.set(
        'filter',
        await startFilter(workspace, { signal, onDecided: (decided) => countDecided(counts, decided) }),
      );
    }
    if (stages.has('fetch')) {
      counts.toFetch += await countWaitingPictures(app.db);
      running.set(
        'fetch',
        await startFetch(app, {
          signal,
          onDone: handOn('fetch'),
          onOutcome: (outcome) => countOutcome(counts, outcome),
        }),
      );
    }
    const crawl = stages.has('discover') ? await discover(workspace, options, handOn('discover')) : null;
    for (const name of ['fetch', 'filter'] as const) {
      const stage = running.get(name);
      if (stage !== undefined) left[name] = await stage.finish();
      running.delete(name);
    }
    return { crawl, left };
  } finally {
    for (const stage of running.values()) await stage.stop();
  }
}

async function discover(
  { app }: Workspace,
  options: PipelineOptions,
  onWaiting: (ids: readonly number[]) => Promise<void>,
): Promise<CrawlSummary | null> {
  if (options.from === null) return null;
  const { from, rules, limitPerClass, signal, counts } = options;
  return crawlFolder(app, {
    from,
    rules,
    limitPerClass,
    signal,
    onFound: (seen) => {
      counts.found = seen;
    },
    onWaiting,
  });
}

function countDecided(counts: RunCounts, decided: { kept: number; dropped: number; failed: number }): void {
  counts.kept += decided.kept;
  counts.dropped += decided.dropped;
  counts.undecodable += decided.failed;
}

function countOutcome(counts: RunCounts, outcome: 'fetched' | 'dropped' | 'failed'): void {
  if (outcome === 'fetched') counts.fetched += 1;
  else counts.notFetched += 1;
}

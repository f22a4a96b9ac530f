import { countWaitingPictures, type FetchScope } from '../candidate/fetch-queue.repository.ts';
import type { CandidateRules } from '../candidate/candidate.ts';
import { countUndecided } from '../decision/decision.repository.ts';
import type { Wnid } from '../kernel/ids.ts';
import type { FetchOutcome } from '../photo/fetch.process.ts';
import type { WantedClass } from '../source/network-source.ts';
import { addSummaries, crawlWalk, type CrawlSummary, type WalkedSource } from './crawl-walk.ts';
import { startDiscovery } from './discover-stage.ts';
import { startFetch } from './fetch-stage.ts';
import { startFilter } from './filter-stage.ts';
import type { ReadySource } from './sources.ts';
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
  fetchedBytes: number;
  /** Photos to decide, as far as is known yet. */
  toDecide: number;
  kept: number;
  dropped: number;
  undecodable: number;
  /** Why a source or a host waits, while it does. */
  readonly waits: Map<string, string>;
}

export function noCounts(): RunCounts {
  return {
    found: 0,
    toFetch: 0,
    fetched: 0,
    notFetched: 0,
    fetchedBytes: 0,
    toDecide: 0,
    kept: 0,
    dropped: 0,
    undecodable: 0,
    waits: new Map(),
  };
}

/** A network source that this run asks, and for which classes. */
export interface NetworkDiscovery {
  readonly ready: ReadySource;
  readonly classes: ReadonlyMap<Wnid, WantedClass>;
}

export interface PipelineOptions {
  /** Which stages this run works; work that a stage makes for one outside stays in the catalogue. */
  readonly stages: ReadonlySet<StageName>;
  /** Sources that are walked from beginning to end: a folder, a list of URLs, a dump. */
  readonly walks: readonly WalkedSource[];
  readonly network: readonly NetworkDiscovery[];
  readonly rules: CandidateRules;
  /** The classes of the collection that this run takes in; photos of its others are passed over. */
  readonly wanted: ReadonlySet<Wnid>;
  readonly limitPerClass: number | null;
  readonly signal: AbortSignal;
  /** Updated as the run goes on. */
  readonly counts: RunCounts;
}

export interface PipelineResult {
  /** Null if nothing was walked in this run. */
  readonly crawl: CrawlSummary | null;
  /** Left to do for each stage that ran: 0 unless interrupted. */
  readonly left: Partial<Record<StageName, number>>;
  /** Sources that refused us, and what they said. */
  readonly blocked: ReadonlyMap<string, string>;
}

/** Runs the wanted stages side by side: what one makes, the next one starts on at once. */
export async function runPipeline(workspace: Workspace, options: PipelineOptions): Promise<PipelineResult> {
  const run = new PipelineRun(workspace, options);
  try {
    return await run.work();
  } finally {
    await run.stop();
  }
}

class PipelineRun {
  readonly #workspace: Workspace;
  readonly #options: PipelineOptions;
  readonly #running = new Map<StageName, Stage[]>();
  readonly #blocked = new Map<string, string>();
  /** A stage that can never finish ends the others, too: nobody waits for a crawl to hear that the filter is broken. */
  readonly #failure = new AbortController();
  readonly #signal: AbortSignal;

  constructor(workspace: Workspace, options: PipelineOptions) {
    this.#workspace = workspace;
    this.#options = options;
    this.#signal = AbortSignal.any([options.signal, this.#failure.signal]);
  }

  async work(): Promise<PipelineResult> {
    const { stages, counts } = this.#options;
    // Started from the last to the first, so that whoever hands on finds the next one there.
    if (stages.has('filter')) await this.#start('filter', () => this.#startFilter());
    if (stages.has('fetch')) await this.#start('fetch', () => this.#startFetch());
    if (stages.has('discover')) {
      for (const discovery of this.#options.network)
        await this.#start('discover', () => this.#startDiscovery(discovery));
    }
    const crawl = stages.has('discover') ? await this.#walk() : null;
    const left: Partial<Record<StageName, number>> = {};
    for (const name of ['discover', 'fetch', 'filter'] as const) {
      const running = this.#running.get(name) ?? [];
      const counted = await Promise.all(running.map((stage) => stage.finish()));
      this.#running.delete(name);
      if (running.length > 0) left[name] = counted.reduce((total, count) => total + count, 0);
    }
    if (!this.#signal.aborted) counts.waits.clear();
    return { crawl, left, blocked: this.#blocked };
  }

  /** Lets the jobs in hand end; harmless once the work is done. */
  async stop(): Promise<void> {
    for (const stage of [...this.#running.values()].flat()) await stage.stop();
  }

  async #start(name: StageName, start: () => Promise<Stage>): Promise<void> {
    this.#running.set(name, [...(this.#running.get(name) ?? []), await start()]);
  }

  readonly #handOn =
    (stage: StageName) =>
    async (ids: readonly number[]): Promise<void> => {
      const { counts } = this.#options;
      if (stage === 'discover') counts.toFetch += ids.length;
      else counts.toDecide += ids.length;
      const next = PIPELINE.find((step) => step.stage === stage)?.next ?? null;
      if (next !== null) for (const running of this.#running.get(next) ?? []) await running.enqueue(ids);
    };

  #ending(): { readonly signal: AbortSignal; readonly onFatal: () => void } {
    return { signal: this.#signal, onFatal: () => this.#failure.abort() };
  }

  async #startFilter(): Promise<Stage> {
    const { counts } = this.#options;
    counts.toDecide += await countUndecided(this.#workspace.app.db, this.#workspace.scope);
    return startFilter(this.#workspace, {
      ...this.#ending(),
      onDecided: (decided) => countDecided(counts, decided),
    });
  }

  async #startFetch(): Promise<Stage> {
    const { counts, walks, network, wanted } = this.#options;
    const { app } = this.#workspace;
    const sources = [...walks.map((walk) => walk.source), ...network.map(({ ready }) => ready.source.name)];
    const scope: FetchScope = { sources, wnids: [...wanted] };
    counts.toFetch += await countWaitingPictures(app.db, scope);
    return startFetch(app, {
      ...this.#ending(),
      scope,
      onDone: this.#handOn('fetch'),
      onOutcome: (outcome) => countOutcome(counts, outcome),
      onHostWaits: (host, { why }) => counts.waits.set(host, why),
    });
  }

  async #startDiscovery({ ready, classes }: NetworkDiscovery): Promise<Stage> {
    const { counts, rules, limitPerClass } = this.#options;
    const { name } = ready.source;
    return startDiscovery(this.#workspace.app, {
      ready,
      collectionId: this.#workspace.scope.collectionId,
      classes,
      rules,
      limitPerClass,
      ...this.#ending(),
      onDone: this.#handOn('discover'),
      onPage: ({ seen }) => {
        counts.found += seen;
      },
      onWait: (why) => {
        if (why === null) counts.waits.delete(name);
        else counts.waits.set(name, why);
      },
      onBlocked: (why) => this.#blocked.set(name, why),
    });
  }

  async #walk(): Promise<CrawlSummary | null> {
    const { walks, rules, wanted, limitPerClass, counts } = this.#options;
    let total: CrawlSummary | null = null;
    for (const walk of walks) {
      const before = counts.found;
      const summary = await crawlWalk(this.#workspace.app, {
        walk,
        rules,
        wanted,
        limitPerClass,
        signal: this.#signal,
        onFound: (seen) => {
          counts.found = before + seen;
        },
        onWaiting: this.#handOn('discover'),
      });
      total = total === null ? summary : addSummaries(total, summary);
    }
    return total;
  }
}

function countDecided(counts: RunCounts, decided: { kept: number; dropped: number; failed: number }): void {
  counts.kept += decided.kept;
  counts.dropped += decided.dropped;
  counts.undecodable += decided.failed;
}

function countOutcome(counts: RunCounts, { outcome, bytes }: FetchOutcome): void {
  counts.fetchedBytes += bytes;
  if (outcome === 'fetched') counts.fetched += 1;
  else if (outcome !== 'later') counts.notFetched += 1;
}

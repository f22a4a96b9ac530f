import type { CandidateRules, WnidFilter, WnidScope } from './crawl/candidates/candidate.ts';
import { countWaitingPictures, sourcesAtHost, type FetchScope } from './crawl/candidates/fetch-queue.repository.ts';
import { PAUSABLE_STAGES, type PausableStage, type StagePlace } from './collection/pause.ts';
import { countIncomplete } from './filter/run/incomplete.repository.ts';
import { systemClock } from './kernel/clock.ts';
import type { SourceLeft, SourceStop } from './crawl/sources/patience.ts';
import { clearStops, storeStop } from './crawl/sources/source-stop.repository.ts';
import type { NetworkGone } from './crawl/network/host-gate.process.ts';
import { deleteIdleKeys } from './crawl/sources/permit.repository.ts';
import { addSummaries, crawlWalk, type WalkSummary, type WalkedSource } from './crawl/discover/crawl-walk.process.ts';
import { startDiscovery, waitForRoom, type NetworkDiscovery } from './crawl/discover/discover-stage.process.ts';
import { photosNeeded } from './filter/prune/retention.repository.ts';
import { startFetch } from './crawl/fetch/fetch-stage.process.ts';
import { completionOf, startFilter } from './filter/run/filter-stage.process.ts';
import { countToDecide } from './filter/run/photo-tally.repository.ts';
import type { Workspace } from './models/workspace/workspace.process.ts';
import type { RunCounts } from './status/run-counts.ts';
import type { Stage } from './runtime/work/stage-definition.ts';

export interface PipelineOptions {
  /** Work for a stage that is not among these stays in the catalogue. */
  readonly stages: ReadonlySet<PausableStage>;
  /** Sources that are read from beginning to end: a folder, a list of URLs, a dump. */
  readonly walks: readonly WalkedSource[];
  readonly network: readonly NetworkDiscovery[];
  readonly rules: CandidateRules;
  readonly wanted: WnidFilter;
  readonly wantedWnids: WnidScope;
  readonly limitPerClass: number | null;
  /** Makes finished searches again. */
  readonly isAgain: boolean;
  readonly signal: AbortSignal;
  readonly counts: RunCounts;
}

export interface PipelineResult {
  /** Null if nothing was walked. */
  readonly crawl: WalkSummary | null;
  /** The remaining work of each stage that ran: 0 unless interrupted. */
  readonly left: Partial<Record<PausableStage, number>>;
  /** Sources that were given up. */
  readonly stopped: ReadonlyMap<string, SourceStop & SourceLeft>;
}

/** Runs the wanted stages concurrently. A stage passes ids to the next stage, never jobs. */
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
  readonly #running: Record<PausableStage, Stage[]> = { discover: [], fetch: [], filter: [] };
  readonly #stopped = new Map<string, SourceStop>();
  readonly #searchesLeft = new Map<string, number>();
  readonly #hostsGivenUp = new Map<string, SourceStop>();
  /** Aborted if no host answers for `crawl.giveUpAfterMs`. Folders and filtering then go on alone. */
  readonly #networkGone = new AbortController();
  /** False also while the walk waits for room. */
  #isWalking = false;
  /** Aborted if a stage can never finish. The other stages then end too, so that a broken filter does not wait for the crawl. */
  readonly #failure = new AbortController();
  readonly #signal: AbortSignal;

  constructor(workspace: Workspace, options: PipelineOptions) {
    this.#workspace = workspace;
    this.#options = options;
    this.#signal = AbortSignal.any([options.signal, this.#failure.signal]);
  }

  async work(): Promise<PipelineResult> {
    const { stages, counts, network } = this.#options;
    if (network.length > 0) await deleteIdleKeys(this.#workspace.app.db);
    await clearStops(this.#workspace.app.db, this.#workspace.scope.collectionId, this.#networkSources);
    // Start the stages in reverse order, so that each finds the next stage running.
    const { discover, fetch, filter } = this.#running;
    if (stages.has('filter')) filter.push(await this.#startFilter());
    if (stages.has('fetch')) fetch.push(await this.#startFetch());
    if (stages.has('discover')) for (const one of network) discover.push(await this.#startDiscovery(one));
    const crawl = stages.has('discover') ? await this.#walk() : null;
    const left: Partial<Record<PausableStage, number>> = {};
    for (const name of PAUSABLE_STAGES) {
      const running = this.#running[name];
      if (name === 'filter' && running.length > 0) await this.#countToDecide();
      const counted = await Promise.all(running.map((stage) => stage.finish()));
      if (running.length > 0) left[name] = counted.reduce((total, count) => total + count, 0);
      running.length = 0;
    }
    if (!this.#signal.aborted) counts.waits.clear();
    return { crawl, left, stopped: await this.#stoppedSources() };
  }

  /** Without those that had nothing left to do. */
  async #stoppedSources(): Promise<PipelineResult['stopped']> {
    const { db } = this.#workspace.app;
    const scope = { ...this.#workspace.scope, wnids: this.#options.wantedWnids };
    for (const stop of this.#hostsGivenUp.values())
      for (const source of await sourcesAtHost(db, { ...scope, sources: this.#networkSources }, stop.host))
        if (!this.#stopped.has(source)) await this.#noteStop(source, stop);
    const stopped = new Map<string, SourceStop & SourceLeft>();
    for (const [source, stop] of this.#stopped) {
      const searches = this.#searchesLeft.get(source) ?? 0;
      const pictures = await countWaitingPictures(db, { ...scope, sources: [source] });
      if (searches + pictures > 0) stopped.set(source, { ...stop, searches, pictures });
      else await clearStops(db, scope.collectionId, [source]);
    }
    return stopped;
  }

  /** Gives up all sources that still need the network. */
  async #endWithoutNetwork({ message: error, host }: NetworkGone): Promise<void> {
    if (this.#networkGone.signal.aborted) return;
    this.#networkGone.abort();
    for (const source of this.#networkSources.filter((name) => !this.#stopped.has(name)))
      await this.#noteStop(source, { reason: 'gave-up', error, host, until: null });
  }

  async #noteStop(source: string, stop: SourceStop): Promise<void> {
    this.#stopped.set(source, stop);
    await storeStop(this.#workspace.app.db, this.#workspace.scope.collectionId, { ...stop, source });
  }

  get #networkSources(): readonly string[] {
    const { walks, network } = this.#options;
    const walked = walks.map(({ source }) => source).filter((source) => source !== 'folder');
    return [...walked, ...network.map(({ ready }) => ready.source.name)];
  }

  async stop(): Promise<void> {
    for (const stage of Object.values(this.#running).flat()) await stage.stop();
  }

  get #walkedAs(): StagePlace {
    return { stage: 'discover', collectionId: this.#workspace.scope.collectionId };
  }

  async #toFetch(source: string, ids: readonly number[]): Promise<void> {
    this.#options.counts.of(source).toFetch += ids.length;
    for (const stage of this.#running.fetch) await stage.enqueue(ids);
  }

  async #toDecide(ids: readonly number[]): Promise<void> {
    this.#options.counts.toDecide += ids.length;
    for (const stage of this.#running.filter) await stage.enqueue(ids);
  }

  /** Discovery links photos that other collections had fetched. */
  async #countToDecide(): Promise<void> {
    const { counts } = this.#options;
    const { app, scope } = this.#workspace;
    const { withBytes } = await countToDecide(app.db, scope, app.log);
    counts.toDecide = counts.kept + counts.dropped + counts.failed + withBytes;
  }

  #ending(signal = this.#signal): { readonly signal: AbortSignal; readonly onFatal: () => void } {
    return { signal, onFatal: () => this.#failure.abort() };
  }

  readonly #exceptHosts = (): readonly string[] => [...this.#hostsGivenUp.keys()];

  get #online(): AbortSignal {
    return AbortSignal.any([this.#signal, this.#networkGone.signal]);
  }

  async #startFilter(): Promise<Stage> {
    const { counts } = this.#options;
    const { app } = this.#workspace;
    await this.#countToDecide();
    if (app.config.filter.evaluate === 'all')
      counts.toComplete = await countIncomplete(app.db, completionOf(this.#workspace));
    return startFilter(this.#workspace, {
      ...this.#ending(),
      onDecided: (decided) => {
        for (const number of ['kept', 'dropped', 'failed', 'poisoned'] as const) counts[number] += decided[number];
      },
      onCompleted: ({ done, crops, absent, undecodable }) => {
        counts.completed += done;
        counts.completedCrops += crops;
        counts.notCompletable += absent.length + undecodable.length;
      },
      onLost: (photos) => counts.lost.push(...photos.map(({ sha256 }) => sha256)),
      onWork: (work) => (counts.filterWork = work),
    });
  }

  async #startFetch(): Promise<Stage> {
    const { counts, walks, network, wantedWnids } = this.#options;
    const { app, scope: ofDecisions } = this.#workspace;
    const sources = [...walks.map((walk) => walk.source), ...network.map(({ ready }) => ready.source.name)];
    const scope: FetchScope = { ...ofDecisions, sources, wnids: wantedWnids };
    for (const source of sources)
      counts.of(source).toFetch += await countWaitingPictures(app.db, { ...scope, sources: [source] });
    return startFetch(app, {
      ...this.#ending(),
      scope,
      neededOf: photosNeeded,
      onDone: (ids) => this.#toDecide(ids),
      onOutcome: (outcome) => counts.of(outcome.source).addOutcome(outcome),
      onHostWaits: (host, { why, waitMs }) => counts.waits.set(host, { why, untilMs: systemClock.nowMs() + waitMs }),
      onGivenUp: {
        network: (gone) => this.#endWithoutNetwork(gone),
        host: (host, { why: error, waitMs }) => {
          const until = new Date(systemClock.nowMs() + waitMs);
          this.#hostsGivenUp.set(host, { reason: 'retry-after', error, host, until });
        },
      },
    });
  }

  async #startDiscovery({ ready, classes }: NetworkDiscovery): Promise<Stage> {
    const { counts, rules, limitPerClass, isAgain } = this.#options;
    const { name } = ready.source;
    const ofSource = counts.of(name);
    ofSource.isSearching = true;
    const stage = await startDiscovery(this.#workspace.app, {
      ready,
      collectionId: this.#workspace.scope.collectionId,
      classes,
      rules,
      limitPerClass,
      isAgain,
      ...this.#ending(this.#online),
      onDone: (ids) => this.#toFetch(name, ids),
      onPage: (page) => ofSource.addPage(page),
      onWait: (why) => counts.noteWait(name, why),
      onStopped: (stop) => this.#stopped.set(name, stop),
      hostsGivenUp: this.#exceptHosts,
    });
    const finish = async (): Promise<number> => {
      const searches = await stage.finish();
      ofSource.isSearching = false;
      this.#searchesLeft.set(name, searches);
      return searches;
    };
    return { enqueue: (ids) => stage.enqueue(ids), finish, serve: () => stage.serve(), stop: () => stage.stop() };
  }

  /** Waits until fetching has caught up. Aborts `full` if it never will. A folder does not wait: its files are read during the walk. */
  async #roomFor(source: string, full: AbortController): Promise<void> {
    const { counts, stages, wantedWnids: wnids } = this.#options;
    this.#isWalking = false;
    if (source !== 'folder' && stages.has('fetch')) {
      const onWait = (why: string | null): void => counts.noteWait(source, why);
      const { app, scope } = this.#workspace;
      const room = { ...scope, source, wnids, signal: this.#online, onWait, hostsGivenUp: this.#exceptHosts };
      if (!(await waitForRoom(app, room))) full.abort();
      counts.noteWait(source, null);
    }
    await this.#untilWalksMay();
  }

  async #untilWalksMay(): Promise<void> {
    await this.#workspace.app.pauses.untilOpen(this.#walkedAs, this.#signal);
    this.#isWalking = true;
  }

  async #walk(): Promise<WalkSummary | null> {
    const leave = this.#workspace.app.pauses.join({ ...this.#walkedAs, runningJobs: () => (this.#isWalking ? 1 : 0) });
    try {
      return await this.#walkAll();
    } finally {
      this.#isWalking = false;
      leave();
    }
  }

  async #walkAll(): Promise<WalkSummary | null> {
    const { walks, rules, wanted, limitPerClass, counts } = this.#options;
    let total: WalkSummary | null = null;
    for (const walk of walks) {
      const ofSource = counts.of(walk.source);
      const full = new AbortController();
      ofSource.isSearching = true;
      await this.#untilWalksMay();
      const summary = await crawlWalk(this.#workspace.app, {
        walk,
        collectionId: this.#workspace.scope.collectionId,
        rules,
        wanted,
        limitPerClass,
        signal: AbortSignal.any([walk.source === 'folder' ? this.#signal : this.#online, full.signal]),
        onFound: () => (ofSource.found += 1),
        onPage: (page) => ofSource.addPage({ ...page, seen: 0, overLimit: 0 }),
        onWaiting: (ids) => this.#toFetch(walk.source, ids),
        waitForRoom: () => this.#roomFor(walk.source, full),
      });
      ofSource.isSearching = false;
      ofSource.overLimit += summary.overLimit;
      total = total === null ? summary : addSummaries(total, summary);
    }
    return total;
  }
}

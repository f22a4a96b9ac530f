import { isBacklogAbove, countWaitingPictures, type FetchScope } from '../candidates/fetch-queue.repository.ts';
import type { CandidateRules } from '../candidates/candidate.ts';
import { discoverJob, type DiscoverPayload } from '../candidates/discover.job.ts';
import { discoverPage, type DiscoverDeps, type DiscoveredPage } from '../candidates/discover.process.ts';
import { linkSearched } from '../candidates/link.repository.ts';
import {
  openPlans,
  openQueries,
  reopenQueries,
  workableQueries,
  type QueryScope,
} from '../candidates/query.repository.ts';
import { backoffMs } from '../../kernel/backoff.ts';
import { steadyClock } from '../../kernel/clock.ts';
import { RetryLater, SourceBlocked } from '../../kernel/errors.ts';
import type { Wnid } from '../../kernel/ids.ts';
import type { ReadySource, SourceApi, WantedClass } from '../sources/network-source.ts';
import { apiKeyOf } from '../sources/permit-keys.ts';
import { forgiveNewKey } from '../sources/permit-pause.repository.ts';
import { addressOf, userAgentOf } from '../network/http.process.ts';
import { openSourceApi, PERMIT_LATER } from '../network/source-api.process.ts';
import { SourceState, type SourceStateOptions } from './source-state.process.ts';
import type { App } from '../../runtime/open/app.process.ts';
import { sleepUnlessAborted } from '../../runtime/open/outage.process.ts';
import type { RunningJob, Stage, StageDefinition, StageOptions } from '../../runtime/work/stage-definition.ts';
import { startStage } from '../../runtime/work/stage.process.ts';
import { storeModule } from '../../collection/collection.repository.ts';
import type { Collection } from '../../collection/collection.ts';
import type { SourceModule } from '../../collection/source-module.ts';
import type { Config } from '../../config/settings.ts';
import { NO_LIMITS } from '../../config/sources/source.ts';
import { sourceOf, type NetworkSourceName } from '../../config/sources/sources.ts';
import { ownNetworkSource, type OwnSource } from '../sources/own/own-source.ts';
import { SEARCHES } from '../sources/searches.ts';

export interface NetworkDiscovery {
  readonly ready: ReadySource;
  readonly classes: ReadonlyMap<Wnid, WantedClass>;
}

/** @throws UsageError before any work if a key or a consent that the source needs is missing */
export function readySource(name: NetworkSourceName, config: Config, { licences }: Collection): ReadySource {
  const missing = sourceOf(name).missing(config.sources);
  if (missing !== null) throw missing;
  const source = SEARCHES[name].open(config.sources, { licences, userAgent: userAgentOf(config) });
  return { source, endpoints: [addressOf(config.sources[name].url)] };
}

export function readyOwnSource(source: OwnSource): ReadySource {
  const { name, path, sha256, addresses, requestsPerMinute, mediaHosts } = source;
  const [first = '', ...others] = addresses.map(addressOf);
  const limits = { ...NO_LIMITS, requestsPerMinute, mediaHosts };
  return { source: ownNetworkSource(source), endpoints: [first, ...others], own: { name, path, sha256, limits } };
}

async function noteFile({ db, log }: App, collectionId: number, file: SourceModule): Promise<void> {
  const before = await storeModule(db, collectionId, file);
  if (before === null || before === file.sha256) return;
  const { name, path, sha256 } = file;
  log.warn({ source: name, before, sha256 }, `${path} has changed since the last crawl. What it found stays as it is`);
}

export interface DiscoverStageOptions extends StageOptions, SourceStateOptions {
  readonly classes: ReadonlyMap<Wnid, WantedClass>;
  readonly rules: CandidateRules;
  readonly limitPerClass: number | null;
  readonly onPage: (page: DiscoveredPage) => void;
  /** Opens finished searches too, which then go on where they can. */
  readonly isAgain?: boolean;
  /** Hosts of pictures that are not asked again in this run. */
  readonly hostsGivenUp?: () => readonly string[];
}

/** Pages of one source that are fetched at the same time, so that a slow answer does not delay the next request. Permits space the requests. */
const PAGES_AT_ONCE = 2;
const REQUEUE_EVERY_MS = 1_000;
const ROOM_CHECK_MS = 500;
/** How often a stage links what other collections found by the same searches at the same time. */
const LINK_EVERY_MS = 10 * 60_000;
const RETRY = { firstMs: 5_000, capMs: 15 * 60_000 } as const;

/** Starts discovery at one source: plans every class, then fetches the queries page by page, alternating between classes. */
export async function startDiscovery(app: App, given: DiscoverStageOptions): Promise<Stage> {
  const { source } = given.ready;
  const { db } = app;
  const { collectionId, classes, isAgain = false, stays = false } = given;
  const stopped = new AbortController();
  const end = (): void => stopped.abort();
  const options = { ...given, signal: AbortSignal.any([given.signal, stopped.signal]), end };
  const health = new SourceState(app, {
    ...given,
    onStopped(stop) {
      given.onStopped(stop);
      end();
    },
  });
  if (given.ready.own !== undefined) await noteFile(app, collectionId, given.ready.own);
  const api = openSourceApi(app, given.ready, { ...options, onWait: (why) => health.waits(why) });
  const plans = [...classes.values()].map((wanted) => planOf(wanted, options.rules));
  if (source.apiKey !== undefined) await forgiveNewKey(db, apiKeyOf(source.name), source.apiKey);
  const since = stays ? undefined : (options.rules.since ?? null);
  await openPlans(db, { collectionId, source: source.name, since }, plans);
  const wnids = [...classes.keys()];
  await reopenQueries(db, { collectionId, source: source.name, wnids }, { isAgain, isNow: !stays });
  const close = (): Promise<void> => Promise.resolve(api.close());
  return startStage<DiscoverPayload>(app, { ...definitionOf(app, options, { api, health }), close }, options);
}

type RunOptions = DiscoverStageOptions & { readonly end: () => void };

function discoverDeps(
  app: App,
  options: RunOptions,
  { api, job, scope }: { api: SourceApi; job: RunningJob; scope: QueryScope },
): DiscoverDeps {
  const { ready, classes, rules, signal, onWait, hostsGivenUp, end } = options;
  const shouldStop = (): boolean => signal.aborted || job.shouldStop();
  const room = { ...scope, signal, shouldStop, onWait, hostsGivenUp };
  return {
    db: app.db,
    source: ready.source,
    api,
    scope,
    rules,
    wantedClass: (wnid) => classes.get(wnid) ?? null,
    async waitForRoom() {
      if (!(await waitForRoom(app, room))) end();
    },
    shouldStop,
    retryDelayMs: (attempt, askedMs) => Math.max(askedMs ?? 0, backoffMs(attempt, RETRY)),
    onPage(page) {
      job.count({ source: ready.source.name, outcome: 'found', reason: null, count: page.newPictures });
      options.onPage(page);
    },
  };
}

function definitionOf(
  app: App,
  options: RunOptions,
  { api, health }: { readonly api: SourceApi; readonly health: SourceState },
): StageDefinition<DiscoverPayload> {
  const { db } = app;
  const { ready, classes, collectionId, limitPerClass, rules } = options;
  const wnids = [...classes.keys()];
  const scope: QueryScope = { collectionId, source: ready.source.name, wnids, limitPerClass, licences: rules.licences };
  const link = (): Promise<void> => linkSearched(db, scope);
  let linkedAtMs = steadyClock.nowMs();
  return {
    name: `discover ${scope.source}`,
    job: discoverJob(scope.source, options.collectionId),
    pausedAs: { stage: 'discover', collectionId: options.collectionId },
    concurrency: PAGES_AT_ONCE,
    open: link,
    tidy: link,
    async handle(payload, job) {
      if (health.restsUntil() !== null) return { moved: false };
      try {
        const page = await discoverPage(payload, discoverDeps(app, options, { api, job, scope }));
        if (page === null) return { moved: false };
        if (!(page.failure instanceof RetryLater)) health.answered();
        else if (page.failure.code === PERMIT_LATER) return { moved: true, waits: page.failure.message };
        else await health.failed(page.failure);
        return { moved: true, ...page };
      } catch (error) {
        if (!(error instanceof SourceBlocked)) throw error;
        await health.refused(error);
        return { moved: false, failure: error };
      }
    },
    subjectOf: ({ queryId, page }) => ({ source: scope.source, queryId, page }),
    jobsFor: () => [],
    async *workable() {
      if (steadyClock.nowMs() > linkedAtMs + LINK_EVERY_MS) {
        linkedAtMs = steadyClock.nowMs();
        await link();
      }
      if (health.restsUntil() !== null) return;
      const queries = await workableQueries(db, scope);
      yield queries.map(({ id, pages }) => ({ queryId: id, page: pages }));
    },
    countLeft: async () => (await openQueries(db, scope)).count,
    waitingUntil: async () => health.restsUntil() ?? (await openQueries(db, scope)).notBefore,
    requeueEveryMs: REQUEUE_EVERY_MS,
  };
}

/** Sources that can list only photos under some licences do so. */
function planOf({ wnid, name, scientificName, entry }: WantedClass, { licences }: CandidateRules) {
  const params = { name, scientificName, entry: entry ?? null };
  const limited = licences === 'any' ? params : { ...params, licences: licences.toSorted() };
  return { wnid, title: `what to ask for ${name}`, params: limited };
}

interface FetchRoom extends Omit<FetchScope, 'sources'> {
  readonly source: string;
  readonly signal: AbortSignal;
  readonly shouldStop?: () => boolean;
  readonly onWait: (why: string | null) => void;
  readonly hostsGivenUp?: (() => readonly string[]) | undefined;
}

/**
 * Waits until fetching has caught up. Discovery may be ahead of fetching only by the number of pictures of crawl.maxBacklog.
 *
 * @returns false if there will be no room in this run, because all pictures wait at hosts that were given up
 */
export async function waitForRoom(app: App, room: FetchRoom): Promise<boolean> {
  const { source, signal, shouldStop, onWait, hostsGivenUp = () => [] } = room;
  const isOver = (): boolean => signal.aborted || app.broken.aborted || (shouldStop?.() ?? false);
  while (!isOver()) {
    const { maxBacklog } = app.config.crawl;
    // The first query is cheap and usually answers no. The second one leaves out pictures that only other collections want.
    if (!(await isBacklogAbove(app.db, source, maxBacklog))) return true;
    const scope = { ...room, sources: [source] };
    if ((await countWaitingPictures(app.db, scope, maxBacklog + 1)) <= maxBacklog) return true;
    const exceptHosts = hostsGivenUp();
    if (exceptHosts.length > 0 && (await countWaitingPictures(app.db, { ...scope, exceptHosts }, 1)) === 0)
      return false;
    onWait(`${source} waits because more than ${maxBacklog} pictures wait to be fetched (crawl.maxBacklog)`);
    await sleepUnlessAborted(ROOM_CHECK_MS, signal);
  }
  return true;
}

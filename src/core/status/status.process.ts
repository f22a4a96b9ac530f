import { hostname } from 'node:os';
import type { Transaction } from 'kysely';
import { openQueries, ownSources, queryReports, type QueryReport } from '../crawl/candidates/query.repository.ts';
import { limitOfLastCrawl } from '../collection/collection.repository.ts';
import { readPauses } from '../collection/pause.repository.ts';
import type { Pause } from '../collection/pause.ts';
import { candidateWnids } from '../models/workspace/scope.ts';
import type { KeyBudget } from '../crawl/network/budget.ts';
import { countDays } from './days.repository.ts';
import { countCandidates, countVerdicts } from './funnel.repository.ts';
import { funnelOf, sumsThatFail, withoutPending, type CandidateCount, type FunnelCounts } from './funnel.ts';
import type { Acceptance } from '../kernel/acceptance.ts';
import { daysOf, type DayCount, type WorkOfDay } from './days.ts';
import { readStops, type StoredStop } from '../crawl/sources/source-stop.repository.ts';
import { emptyTotals, type Funnel } from '../kernel/funnel.ts';
import { countDistinctPhotos, foldPhotoCounts, readPhotoCounts } from '../filter/run/photo-tally.repository.ts';
import { queryYields, yieldsOf, type QueryYield, type Yields } from './yields.ts';
import type { ByReader } from '../kernel/people.ts';
import type { Database } from '../platform/postgres/database.ts';
import { allowMoreMemory, readSnapshot } from '../platform/postgres/transactions.ts';
import { NETWORK_SOURCES, SOURCE_NAMES } from '../config/sources/sources.ts';
import { collectStep } from '../collection/collect-step.ts';
import { displayPath } from '../config/root.ts';
import type { Config } from '../config/settings.ts';
import { nextStep, nextText, placeFlags, type NextStep, type CollectionState } from '../kernel/next-step.ts';
import { readAcceptancePlan } from '../review/acceptance/plan.repository.ts';
import { glanceAtAcceptance, readAcceptance } from '../review/acceptance/read-acceptance.process.ts';
import { isOpenToReview } from '../review/desk/known-photos.repository.ts';
import { deskViewOf } from '../review/desk/read-desk.process.ts';
import { countWithoutLicence } from '../shortlist/without-licence.repository.ts';
import { readExported, versionOfReview } from './next-step.repository.ts';
import { connectedProcesses } from './processes.repository.ts';
import { stagesOfProcess, worksOn, type StageProcess } from '../kernel/processes.ts';
import { countOpenControls } from './not-counting.repository.ts';
import { readBudgets } from '../crawl/network/politeness.process.ts';
import type { Workspace } from '../models/workspace/workspace.process.ts';

export interface Status extends Funnel {
  readonly sources: readonly SourceRow[];
  readonly yields: Yields;
  readonly queries: readonly QueryYield[];
  readonly budgets: readonly KeyBudget[];
  readonly pauses: readonly Pause[];
  readonly next: NextStep;
  /** Queries that can still be sent: those of classes that have reached `crawl.limitPerClass` are not counted. */
  readonly unfinishedQueries: number;
  /** The other living processes of the catalogue. */
  readonly processes: readonly StageProcess[];
  /** Null without a limit (`review.acceptance.maxLabelError`), and for readers who may not learn of verdicts that wait for a second one. */
  readonly acceptance: Acceptance | null;
  /** Controls without a verdict. Null without controls, and for readers who may not learn which photos are controls. */
  readonly openControls: number | null;
  /** The last days (UTC) on which photos were found, decided or accepted, oldest first. */
  readonly days: readonly DayCount[];
}

/** `stopped`: why the last crawl gave the source up; null if it did not. */
type SourceRow = Funnel['sources'][number] & {
  readonly stopped:
    | (Omit<StoredStop, 'source' | 'at' | 'until'> & { readonly at: string; readonly until: string | null })
    | null;
};

/** For commands. If the review is complete, this is a look at it. */
export async function readStatus(workspace: Workspace): Promise<Status> {
  return (await statusesWith(readAcceptance, workspace)).operators;
}

/** The end of what a command prints. */
export async function nextLines(workspace: Workspace): Promise<string> {
  return nextText((await readStatus(workspace)).next);
}

/**
 * For pages, which take no look. `isBlind`: a blind review wants verdicts. Then the numbers for others have no verdicts at all,
 * because they leave controls out.
 */
export async function readStatuses(workspace: Workspace): Promise<ByReader<Status> & { readonly isBlind: boolean }> {
  return statusesWith(glance, workspace);
}

async function statusesWith(
  inspect: typeof glance,
  workspace: Workspace,
): Promise<ByReader<Status> & { readonly isBlind: boolean }> {
  const { app, collection, scope } = workspace;
  const { isBlind, counts, funnel, countsOfOthers, ofOthers } = await readFunnels(workspace);
  const state = await readCollectionState(workspace, { ...funnel, pending: pendingOf(counts) });
  const plan = await readAcceptancePlan(app.db, scope.collectionId);
  const hasLimit = (plan?.maxLabelError ?? app.config.review.acceptance.maxLabelError) !== null;
  const stops = await readStops(app.db, scope.collectionId);
  const operators = {
    ...funnel,
    ...(await readWork(workspace)),
    sources: withStops(funnel.sources, stops),
    next: nextStep(state),
    yields: yieldsOf(funnel),
    queries: queryYields(counts.queries, counts, collection.subjects.nameOf),
    acceptance: hasLimit ? await inspect(workspace) : null,
    openControls: state.openControls,
    days: daysOf(counts.work, counts.verdicts),
    processes: (await connectedProcesses(app.db, 'others')).flatMap(({ name, address, since }) =>
      stagesOfProcess(name).map((stage) => ({ stage, host: address ?? hostname(), since })),
    ),
  };
  const isReviewed = !isBlind && funnel.totals.unreviewed === 0;
  const totals = isReviewed ? { ...ofOthers.totals, unreviewed: 0 } : ofOthers.totals;
  // Others may be on other machines if there are tokens, and need not know the folders of this one.
  const exported = hasTokens(app.config) ? { ...state.exported, folder: 'DIR' } : state.exported;
  const next = nextStep({ ...state, totals, pending: state.pending === 0 ? 0 : null, exported });
  return {
    isBlind,
    operators,
    others: {
      ...operators,
      ...ofOthers,
      sources: withStops(ofOthers.sources, stops),
      next,
      acceptance: null,
      openControls: null,
      days: daysOf(counts.work, countsOfOthers.verdicts),
    },
  };
}

/** The numbers of a collection for each reader. */
async function readFunnels(workspace: Workspace) {
  const isBlind = await isOpenToReview(workspace.app.db, await deskViewOf({ workspace, reviewer: null }));
  const counts = await readCounts(workspace);
  const countsOfOthers = isBlind ? { ...counts, verdicts: [] } : withoutPending(counts);
  const [funnel, ofOthers] = [funnelFrom(workspace, counts), funnelFrom(workspace, countsOfOthers)];
  return { isBlind, counts, funnel, countsOfOthers, ofOthers };
}

async function readWork(workspace: Workspace): Promise<Pick<Status, 'budgets' | 'pauses' | 'unfinishedQueries'>> {
  const { app, scope } = workspace;
  return {
    budgets: await readBudgets(app),
    pauses: await readPauses(app.db, scope.collectionId),
    unfinishedQueries: await countUnfinishedQueries(workspace),
  };
}

/** The numbers that metrics export: those of a status that do not take a look at each kept photo. */
export interface StatusNumbers extends Pick<
  Status,
  'collection' | 'totals' | 'sources' | 'budgets' | 'pauses' | 'unfinishedQueries'
> {
  /** Without verdicts of photos whose second verdict is pending. */
  readonly totalsForOthers: Status['totals'];
}

export async function readStatusNumbers(workspace: Workspace): Promise<StatusNumbers> {
  const { funnel, ofOthers } = await readFunnels(workspace);
  const stops = await readStops(workspace.app.db, workspace.scope.collectionId);
  const { collection, totals, sources } = funnel;
  return {
    ...(await readWork(workspace)),
    collection,
    totals,
    totalsForOthers: ofOthers.totals,
    sources: withStops(sources, stops),
  };
}

/** Also has a row for each source that was given up before it found a photo. */
function withStops(rows: Funnel['sources'], stops: readonly StoredStop[]): SourceRow[] {
  const stoppedOf = new Map(
    stops.map(({ source, at, until, ...stop }) => {
      return [source, { ...stop, at: at.toISOString(), until: until?.toISOString() ?? null }];
    }),
  );
  const known = new Set(rows.map(({ source }) => source));
  const others = [...stoppedOf.keys()].filter((source) => !known.has(source));
  return [...rows, ...others.map((source) => ({ source, ...emptyTotals() }))].map((row) => {
    return { ...row, stopped: stoppedOf.get(row.source) ?? null };
  });
}

/** True if people log in, so that not everyone who opens a page is an operator. */
export function hasTokens({ server: { token, reviewerToken, viewerToken, people } }: Config): boolean {
  return (token ?? reviewerToken ?? viewerToken) !== null || Object.keys(people).length > 0;
}

/**
 * For what is read from the events of all reviewed photos. It is read again only after new events or a new shortlist, because
 * pages ask each second, and at most every `everyMs`, because people review for hours.
 */
export function readOncePerReview<T>(read: (workspace: Workspace) => Promise<T>, everyMs = 0): typeof read {
  const lastOf = new WeakMap<Workspace, { readonly version: string; readonly atMs: number; readonly value: T }>();
  return async (workspace) => {
    const last = lastOf.get(workspace);
    if (last !== undefined && performance.now() - last.atMs < everyMs) return last.value;
    const version = await versionOfReview(workspace.app.db, workspace.scope);
    if (last?.version === version) return last.value;
    const value = await read(workspace);
    lastOf.set(workspace, { version, atMs: performance.now(), value });
    return value;
  };
}

const glance = readOncePerReview(glanceAtAcceptance);

/** The count of dashboard, metrics and `status`. */
async function countUnfinishedQueries({ app, scope }: Workspace): Promise<number> {
  const limitPerClass = app.config.crawl.limitPerClass ?? (await limitOfLastCrawl(app.db, scope.collectionId));
  const wanted = { ...scope, wnids: candidateWnids(scope), limitPerClass };
  const names = [...NETWORK_SOURCES, ...(await ownSources(app.db))];
  const open = await Promise.all(names.map((source) => openQueries(app.db, { ...wanted, source })));
  return open.reduce((sum, { count }) => sum + count, 0);
}

export async function readCollectionState(
  { app, scope, collection }: Workspace,
  { totals, sources, pending }: Pick<CollectionState, 'totals' | 'pending'> & Pick<Funnel, 'sources'>,
): Promise<CollectionState> {
  const names = new Set([...SOURCE_NAMES, ...sources.map(({ source }) => source)]);
  const waiting = [...names].filter((name) => sources.some((one) => one.source === name && one.waiting > 0));
  const place = placeFlags(collection.name);
  const exported = await readExported(app.db, scope);
  return {
    collection: collection.name,
    totals,
    pending,
    isFiltering: (await connectedProcesses(app.db, 'others')).some(({ name }) => worksOn('filter', name)),
    openControls: await countOpenControls(app.db, scope),
    withoutLicence: await countWithoutLicence(app.db, scope),
    exported: { ...exported, folder: exported.folder === null ? null : displayPath(exported.folder) },
    place,
    // Each run fetches from one source, so that no source without a key is asked.
    collect: collectStep(
      waiting.length === 0 ? collection : { ...collection, sources: waiting, modules: [] },
      place,
      app.config.crawl,
    ),
  };
}

const pendingOf = ({ verdicts }: FunnelCounts): number =>
  verdicts.reduce((sum, { isPending, count }) => sum + (isPending ? count : 0), 0);

/** Logs the sums of the funnel that do not hold, which is a defect. */
export function checked<F extends Funnel>({ app }: Workspace, funnel: F): F {
  for (const sum of sumsThatFail(funnel.totals))
    app.log.error({ collection: funnel.collection }, `the funnel does not add up: ${sum}`);
  return funnel;
}

export async function readFunnel(workspace: Workspace): Promise<Funnel> {
  return funnelFrom(workspace, await readCounts(workspace));
}

interface Counts extends FunnelCounts {
  /** Photos, each once, also if it is of several classes. */
  readonly distinctPhotos: number;
  readonly queries: readonly QueryReport[];
  readonly work: readonly WorkOfDay[];
}

function funnelFrom({ collection }: Workspace, counts: Counts): Funnel {
  const wnids = collection.subjects.ids ?? wnidsIn(counts.candidates);
  const classes = wnids.map((wnid) => ({ wnid, name: collection.subjects.nameOf(wnid) }));
  const funnel = funnelOf({ collection: collection.name, mode: collection.mode, classes }, counts);
  return { ...funnel, distinctPhotos: counts.distinctPhotos };
}

function wnidsIn(candidates: readonly CandidateCount[]): string[] {
  return [...new Set(candidates.flatMap(({ wnid }) => (wnid === null ? [] : [wnid])))].toSorted();
}

export async function funnelIn(trx: Transaction<Database>, workspace: Workspace): Promise<Funnel> {
  return funnelFrom(workspace, await countsIn(trx, workspace));
}

/** One snapshot for all counts, or a running crawl would make the sums fail. */
async function readCounts(workspace: Workspace): Promise<Counts> {
  await foldPhotoCounts(workspace.app.db, workspace.scope, workspace.app.log);
  return readSnapshot(workspace.app.db, (trx) => countsIn(trx, workspace));
}

async function countsIn(trx: Transaction<Database>, { app, scope }: Workspace): Promise<Counts> {
  await allowMoreMemory(trx);
  return {
    candidates: await countCandidates(trx, scope),
    photos: await readPhotoCounts(trx, scope),
    distinctPhotos: await countDistinctPhotos(trx, scope),
    work: await countDays(trx, scope.collectionId),
    verdicts: await countVerdicts(trx, scope, app.config.review.secondPass),
    queries: await queryReports(trx, {
      collectionId: scope.collectionId,
      sources: [...NETWORK_SOURCES, ...(await ownSources(trx))],
      wnids: candidateWnids(scope),
    }),
  };
}

import type { FunnelStage } from '../../core/page/funnel.tsx';
import { requireCollection } from '../../core/collection/collection.repository.ts';
import { runningJobs } from '../../core/collection/pause.repository.ts';
import { connectedProcesses, type ConnectedProcess } from '../../core/status/processes.repository.ts';
import { topConfusions, type OverviewConfusion } from './overview.repository.ts';
import { emptyTotals, type Totals } from '../../core/kernel/funnel.ts';
import type { ByReader } from '../../core/kernel/people.ts';
import { withoutFolders } from '../../core/kernel/printable.ts';
import { classNameOf, type Workspace } from '../../core/models/workspace/workspace.process.ts';
import { JOB_STATES, listJobs, type RecordedJob } from '../../core/runtime/work/job-history.repository.ts';
import {
  hasTokens,
  readOncePerReview,
  readStatuses,
  readStatusNumbers,
  type Status,
  type StatusNumbers,
} from '../../core/status/status.process.ts';
import type { Mode } from '../../core/kernel/mode.ts';
import type { BytesCount } from '../../core/photo/pruned.repository.ts';
import type { ReviewerLine } from '../../core/review/people/people.ts';
import { readPeople } from '../../core/review/people/read-people.process.ts';
import { freeBytesOn, LOW_DISK_BYTES } from '../../core/platform/disk/full-disk.ts';

export interface CollectionOverview extends Omit<Status, 'openControls' | 'yields' | 'processes'> {
  /** All of them, or those that brought most photos. */
  readonly queries: Status['queries'];
  readonly queryCount: number;
  /** Searches that a source refused or that failed; the next crawl makes them again. */
  readonly refusedQueries: number;
  /** ISO 8601. */
  readonly at: string;
  readonly workers: readonly ConnectedProcess[];
  /** The number of jobs that processes run for each stage. */
  readonly running: Awaited<ReturnType<typeof runningJobs>>;
  /** True if the numbers of decisions by class, source and query are left out (0), and all verdicts, because a blind review runs. */
  readonly isBlind: boolean;
  /** The jobs of the collection that ended last, some of each state. */
  readonly jobs: readonly RecordedJob[];
  /** Null for readers without a right to it, and while verdicts that they must not learn are pending. */
  readonly people: readonly ReviewerLine[] | null;
  /** The rule that what-if tries other values of, and the cap. */
  readonly rules: { readonly rule: 'threshold' | 'minConfidence'; readonly value: number; readonly cap: number };
  /** `review.target`: accepted photos that each class should have. */
  readonly target: number | null;
  /** Free bytes on the disk of the data folder; null while there is room. */
  readonly lowDiskBytes: number | null;
  readonly confusions: readonly (OverviewConfusion & { readonly searchedAs: string; readonly predicted: string })[];
}

export interface CollectionCard {
  readonly name: string;
  readonly problem: string | null;
  /** Null before anything was collected for it, and if its file cannot be used. */
  readonly funnel: {
    readonly mode: Mode;
    readonly classes: number;
    readonly stages: readonly FunnelStage[];
  } | null;
  readonly photos: readonly string[];
  readonly working: readonly string[];
}

const CONFUSIONS_SHOWN = 200;
/** The page is sent again every second or so, so it holds only the queries that brought most photos. */
const QUERIES_SHOWN = 200;
const JOBS_SHOWN = 20;
const PEOPLE_EVERY_MS = 10_000;
const peopleOf = readOncePerReview(readPeople, PEOPLE_EVERY_MS);

/** @throws StopTheRun `collection-forgotten`: there would be nothing to show, however much is decided under its name again */
export async function readOverviews(workspace: Workspace, at: Date): Promise<ByReader<CollectionOverview>> {
  const { app, scope, collection } = workspace;
  await requireCollection(app.db, scope.collectionId, 'its page is served');
  const [statuses, people, freeBytes, workers, running, confusions, ...jobs] = await Promise.all([
    readStatuses(workspace),
    peopleOf(workspace),
    freeBytesOn(app.dataDir).catch(() => null),
    connectedProcesses(app.db),
    runningJobs(app.db, scope.collectionId),
    topConfusions(app.db, scope, CONFUSIONS_SHOWN),
    ...JOB_STATES.map((state) => listJobs(app.db, { collection: collection.name, state, limit: JOBS_SHOWN })),
  ]);
  const overviewOf = (
    { openControls: _controls, yields: _yields, processes: _processes, ...status }: Status,
    shown: readonly RecordedJob[],
  ): CollectionOverview => ({
    ...status,
    queries: mostFruitful(status.queries),
    queryCount: status.queries.length,
    refusedQueries: status.queries.filter(({ state }) => state === 'refused').length,
    at: at.toISOString(),
    workers,
    running,
    jobs: shown,
    isBlind: false,
    people: null,
    rules: rulesOf(collection),
    target: app.config.review.target,
    lowDiskBytes: freeBytes === null || freeBytes > LOW_DISK_BYTES ? null : freeBytes,
    confusions: confusions.map((confusion) => ({
      ...confusion,
      searchedAs: classNameOf(collection, confusion.wnid),
      predicted: classNameOf(collection, confusion.confusionWnid),
    })),
  });
  const all = jobs.flat();
  const withoutPaths = all.map((job) => ({ ...job, reason: job.reason === null ? null : withoutFolders(job.reason) }));
  const others = overviewOf(statuses.others, withoutPaths);
  const operators = { ...overviewOf(statuses.operators, all), people };
  if (statuses.isBlind) return { operators, others: withoutDecisions(others) };
  const isPending = operators.totals.unreviewed !== others.totals.unreviewed;
  return { operators, others: isPending || hasTokens(app.config) ? others : { ...others, people } };
}

function rulesOf({ mode, policy }: Workspace['collection']): CollectionOverview['rules'] {
  const rule = mode === 'A' ? 'threshold' : 'minConfidence';
  return { rule, value: policy[rule], cap: policy.cap };
}

/**
 * While a blind review runs, a count of decisions in a class or query could tell which photos are controls, so that those are 0.
 * Counts of the crawl stay.
 */
function withoutDecisions(overview: CollectionOverview): CollectionOverview {
  return {
    ...overview,
    isBlind: true,
    classes: overview.classes.map(crawlOnly),
    sources: overview.sources.map(crawlOnly),
    queries: overview.queries.map((query) => ({ ...query, kept: 0, yield: null })),
    confusions: [],
  };
}

function crawlOnly<Row extends Totals>(row: Row): Row {
  const { found, waiting, fetched, dropped, failed } = row;
  return { ...row, ...emptyTotals(), found, waiting, fetched, dropped, failed };
}

function mostFruitful(queries: Status['queries']): Status['queries'] {
  if (queries.length <= QUERIES_SHOWN) return queries;
  const shown = new Set(queries.toSorted((a, b) => b.fetched - a.fetched).slice(0, QUERIES_SHOWN));
  return queries.filter((query) => shown.has(query));
}

export interface Measures extends StatusNumbers {
  /** ISO 8601. */
  readonly at: string;
  readonly workers: readonly ConnectedProcess[];
  /** Counts all photos of the catalogue, whichever collection they are in, as they were a while ago. */
  readonly bytes: readonly BytesCount[];
}

/** @param readBytes counting them looks at every photo: to be kept a while */
export async function readMeasures(
  workspace: Workspace,
  { at, readBytes }: { readonly at: Date; readonly readBytes: () => Promise<readonly BytesCount[]> },
): Promise<Measures> {
  const { db } = workspace.app;
  await requireCollection(db, workspace.scope.collectionId, 'its metrics are read');
  const [numbers, workers, bytes] = await Promise.all([
    readStatusNumbers(workspace),
    connectedProcesses(db),
    readBytes(),
  ]);
  return { ...numbers, at: at.toISOString(), workers, bytes };
}

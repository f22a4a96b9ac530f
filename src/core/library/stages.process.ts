import { allowHyponyms, storeLimitOfCrawl } from '../collection/collection.repository.ts';
import type { PausableStage } from '../collection/pause.ts';
import type { LoadedConfig } from '../config/load-config.ts';
import { candidateWnids } from '../models/workspace/scope.ts';
import type { Workspace } from '../models/workspace/workspace.process.ts';
import type { PipelineResult } from '../pipeline.ts';
import { loadQueues } from '../runtime/open/queues.process.ts';
import { RunCounts } from '../status/run-counts.ts';
import type { CrawlPlan } from './crawl-plan.process.ts';
import type { Progress } from './options.ts';
import { hyponymsNamed, rulesOf, wantedOf, wantedWnids, type ClassLabels } from './wanted.process.ts';

export interface StagesOptions {
  readonly stages: readonly PausableStage[];
  readonly plan?: CrawlPlan;
  readonly class?: ClassLabels;
  readonly allow?: ClassLabels;
  /** See `CandidateRules`. */
  readonly since?: string | undefined;
  /** Makes finished searches again. */
  readonly again?: boolean | undefined;
}

export interface StagesResult extends PipelineResult {
  readonly counts: RunCounts;
  /** When the stages were started, as `performance.now()` tells it. */
  readonly startMs: number;
  readonly durationMs: number;
  readonly since?: string | undefined;
}

interface Watched {
  /** If it aborts, jobs in flight finish, and the result says what is left. */
  readonly signal: AbortSignal;
  /** Shows the counts while they change, until the returned function is called. */
  readonly show: (counts: RunCounts) => () => void | Promise<void>;
}

const loadPipeline = () => import('../pipeline.ts');

/** Takes about as long as PostgreSQL takes to start, so both are done at once: see `DataUse.whileStarting`. */
async function loadStages({ config }: Pick<LoadedConfig, 'config'>): Promise<void> {
  await Promise.all([loadPipeline(), loadQueues(config)]);
}

export const STAGES_USE = { waitsForDatabase: true, whileStarting: loadStages } as const;

export async function runStages(
  workspace: Workspace,
  { signal, show, plan, stages, ...of }: StagesOptions & Watched,
): Promise<StagesResult> {
  const counts = new RunCounts();
  const { app, scope, collection } = workspace;
  await loadStages(app);
  const { runPipeline } = await loadPipeline();
  const startMs = performance.now();
  const wanted = wantedWnids(collection, of.class);
  const given = [...collection.allowHyponyms, ...(await hyponymsNamed(collection, of.allow ?? []))];
  const allowed = await allowHyponyms(app.db, scope.collectionId, given);
  const basic = await rulesOf(collection, { allowed, searched: stages.includes('discover') ? wanted : null });
  const rules = { ...basic, since: of.since };
  const { limitPerClass } = app.config.crawl;
  // A crawl of a few classes says nothing about the limit of the others.
  if (of.class === undefined && (plan?.network ?? []).length > 0)
    await storeLimitOfCrawl(app.db, scope.collectionId, limitPerClass);
  const stopShowing = show(counts);
  try {
    const result = await runPipeline(workspace, {
      stages: new Set(stages),
      walks: plan?.walks ?? [],
      network: plan?.network ?? [],
      rules,
      wanted: wantedOf(collection, of.class),
      wantedWnids: wanted ?? candidateWnids(scope),
      limitPerClass,
      isAgain: of.again === true,
      signal,
      counts,
    });
    return { ...result, counts, startMs, durationMs: performance.now() - startMs, since: of.since };
  } finally {
    await stopShowing();
  }
}

export const FILTER = 'filter';
export const EVIDENCE = 'evidence';

/** One for each source; then the photos to decide, and those whose evidence must be completed. */
export function stagesProgress(counts: RunCounts, stages: readonly PausableStage[]): Progress[] {
  const progress: Progress[] = [];
  if (stages.includes('fetch'))
    for (const [what, { fetched, notFetched, toFetch: total, isSearching: isGrowing, bytes }] of counts.sources)
      progress.push({ what, done: fetched + notFetched, total, isGrowing, bytes });
  if (!stages.includes('filter')) return progress;
  const { kept, dropped, failed, toDecide, toComplete, completed, notCompletable } = counts;
  progress.push({ what: FILTER, done: kept + dropped + failed, total: toDecide });
  if (toComplete > 0) progress.push({ what: EVIDENCE, done: completed + notCompletable, total: toComplete });
  return progress;
}

export function sourcesOf(plan: CrawlPlan | undefined): readonly string[] {
  return [
    ...(plan?.walks ?? []).map(({ source }) => source),
    ...(plan?.network ?? []).map(({ ready }) => ready.source.name),
  ];
}

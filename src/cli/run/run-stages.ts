import type { Workspace } from '../../models/workspace/workspace.process.ts';
import { loadQueues } from '../../runtime/open/queues.process.ts';
import type { PipelineResult } from '../../pipeline.ts';
import { RunCounts } from '../../status/run-counts.ts';
import { watchCrawl } from '../../status/crawl-watch.process.ts';
import type { WnidScope } from '../../crawl/candidates/candidate.ts';
import type { PausableStage } from '../../collection/pause.ts';
import type { LoadedConfig } from '../../config/load-config.ts';
import { allowHyponyms } from '../../collection/collection.repository.ts';
import { candidateWnids } from '../../models/workspace/scope.ts';
import type { CrawlPlan } from '../crawl/crawl-plan.ts';
import { nonEmpty, plural } from '../text/output.ts';
import { startProgress } from '../text/progress.ts';
import type { CommandContext } from '../start/context.ts';
import { RunProgress } from './run-lines.ts';
import { hyponymsNamed, rulesOf, wantedOf, wantedWnids, type ClassLabels } from './wanted.ts';

export interface StagesOptions {
  readonly stages: readonly PausableStage[];
  readonly plan?: CrawlPlan;
  readonly classLabels?: ClassLabels;
  readonly allow?: ClassLabels;
}

export interface StagesResult extends PipelineResult {
  readonly counts: RunCounts;
  readonly durationMs: number;
}

const loadPipeline = () => import('../../pipeline.ts');

/** Takes about as long as PostgreSQL takes to start, so both are done at once: see `DataUse.whileStarting`. */
async function loadStages({ config }: LoadedConfig): Promise<void> {
  await Promise.all([loadPipeline(), loadQueues(config)]);
}

export const STAGES_USE = { waitsForDatabase: true, whileStarting: loadStages } as const;

export async function runStages(
  workspace: Workspace,
  context: CommandContext,
  options: StagesOptions,
): Promise<StagesResult> {
  const counts = new RunCounts();
  const { collection } = workspace;
  const { classLabels } = options;
  const [{ runPipeline }] = await Promise.all([loadPipeline(), loadQueues(context.loaded.config)]);
  const startMs = performance.now();
  const wanted = wantedWnids(collection, classLabels);
  const wnids = wanted ?? candidateWnids(workspace.scope);
  const given = [...collection.allowHyponyms, ...(await hyponymsNamed(collection, options.allow ?? []))];
  const { app, scope } = workspace;
  const allowed = await allowHyponyms(app.db, scope.collectionId, given);
  const rules = await rulesOf(collection, { allowed, searched: options.stages.includes('discover') ? wanted : null });
  const stopProgress = showProgress(workspace, { ...options, counts, wnids });
  try {
    const result = await runPipeline(workspace, {
      stages: new Set(options.stages),
      walks: options.plan?.walks ?? [],
      network: options.plan?.network ?? [],
      rules,
      wanted: wantedOf(collection, classLabels),
      wantedWnids: wnids,
      limitPerClass: context.loaded.config.crawl.limitPerClass,
      signal: context.signal,
      counts,
    });
    return { ...result, counts, durationMs: performance.now() - startMs };
  } finally {
    await stopProgress();
  }
}

function showProgress(
  workspace: Workspace,
  { plan, stages, counts, wnids }: StagesOptions & { counts: RunCounts; wnids: WnidScope },
): () => Promise<void> {
  const sources = sourcesOf(plan).filter((source) => source !== 'folder');
  const watch = sources.length === 0 ? null : watchCrawl(workspace, { sources, wnids });
  const progress = new RunProgress();
  const { nameOf } = workspace.collection.subjects;
  const shown = startProgress(() => {
    const view = watch?.view() ?? { classes: [], budgets: [] };
    return progress.of({ ...view, counts, stages, nameOf, nowMs: Date.now(), paused: workspace.app.pauses.text() });
  });
  return async () => {
    shown.stop();
    await watch?.stop();
  };
}

export function sourcesOf(plan: CrawlPlan | undefined): readonly string[] {
  return [
    ...(plan?.walks ?? []).map(({ source }) => source),
    ...(plan?.network ?? []).map(({ ready }) => ready.source.name),
  ];
}

export function leftText({ crawl, left, counts }: PipelineResult & Pick<StagesResult, 'counts'>): string {
  const { discover = 0, fetch = 0, filter = 0 } = left;
  const parts = nonEmpty([
    crawl?.complete === false && 'the rest of the walks',
    discover > 0 && `${plural(discover, 'query', 'queries')} to ask`,
    fetch > 0 && `${plural(fetch, 'picture')} to fetch`,
    filter > 0 && `${plural(filter, 'photo')} to decide${counts.toComplete > 0 ? ' or complete' : ''}`,
  ]);
  if (parts.length === 0) return 'nothing is left to do';
  return `left: ${parts.join(', ')}; run the command again to continue`;
}

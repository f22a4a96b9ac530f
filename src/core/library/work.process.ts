import type { PausableStage } from '../collection/pause.ts';
import { throwIfInterrupted } from '../kernel/errors.ts';
import { placeFlags } from '../kernel/next-step.ts';
import { shellWord } from '../kernel/texts.ts';
import type { Workspace } from '../models/workspace/workspace.process.ts';
import type { CrawlPlan } from './crawl-plan.process.ts';
import { crawlSummary, type CrawlSummary } from './crawl-summary.process.ts';
import { filterSummary, type FilterSummary } from './filter-summary.process.ts';
import type { CrawlOptions, WorkOptions } from './options.ts';
import { summaryOfShortlist, type ShortlistSummary } from './shortlist.process.ts';
import { runStages, stagesProgress, type StagesResult } from './stages.process.ts';

type WithSignal<Options> = Options & { readonly signal: AbortSignal };

export type PlannedCrawl = WithSignal<CrawlOptions> & { readonly plan: CrawlPlan };

export function crawl(workspace: Workspace, options: PlannedCrawl): Promise<CrawlSummary> {
  return crawled(workspace, ['discover', 'fetch'], options).then(({ summary }) => summary);
}

export async function filter(workspace: Workspace, options: WithSignal<WorkOptions>): Promise<FilterSummary> {
  return filterSummary(workspace, await work(workspace, ['filter'], options));
}

export async function run(
  workspace: Workspace,
  options: PlannedCrawl,
): Promise<{ crawl: CrawlSummary; filter: FilterSummary; shortlist: ShortlistSummary }> {
  const { result, summary } = await crawled(workspace, ['discover', 'fetch', 'filter'], options);
  const filtered = await filterSummary(workspace, result);
  return { crawl: summary, filter: filtered, shortlist: await summaryOfShortlist(workspace, options) };
}

async function crawled(
  workspace: Workspace,
  stages: readonly PausableStage[],
  options: PlannedCrawl,
): Promise<{ readonly result: StagesResult; readonly summary: CrawlSummary }> {
  const { app, collection } = workspace;
  const { plan, from, since } = options;
  const result = await work(workspace, stages, options);
  const where = `${placeFlags(collection.name)} --data ${shellWord(app.dataDir)}`;
  const command = `winnow crawl ${where}${since === undefined ? '' : ` --since ${since}`}`;
  return { result, summary: await crawlSummary(workspace, { result, plan, where, command, from }) };
}

const PROGRESS_EVERY_MS = 250;

/** @throws Interrupted after the jobs in flight have finished, if the signal aborted */
async function work(
  workspace: Workspace,
  stages: readonly PausableStage[],
  { onProgress, ...options }: WithSignal<CrawlOptions> & { readonly plan?: CrawlPlan },
): Promise<StagesResult> {
  const result = await runStages(workspace, {
    ...options,
    stages,
    show: (counts) => {
      const told = new Map<string, string>();
      const report = (): void => {
        const note = workspace.app.pauses.text();
        for (const progress of stagesProgress(counts, stages)) {
          const { what, done, total } = progress;
          const state = `${done} of ${total} ${note}`;
          if (told.get(what) !== state) onProgress?.({ ...progress, note });
          told.set(what, state);
        }
      };
      const timer = setInterval(report, PROGRESS_EVERY_MS);
      return () => {
        clearInterval(timer);
        report();
      };
    },
  });
  throwIfInterrupted(options.signal);
  return result;
}

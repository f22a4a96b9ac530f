import type { CandidateRules } from '../candidate/candidate.ts';
import { watchCrawl } from '../app/crawl-watch.ts';
import { runPipeline, type PipelineResult, type StageName } from '../app/pipeline.ts';
import { noCounts, type RunCounts } from '../app/run-counts.ts';
import type { Workspace } from '../app/workspace.ts';
import { UsageError } from '../kernel/errors.ts';
import type { CommandContext } from './context.ts';
import type { CrawlPlan } from './crawl-plan.ts';
import { plural } from './output.ts';
import { startProgress } from './progress.ts';
import { RunProgress } from './run-lines.ts';

export interface StagesOptions {
  readonly stages: readonly StageName[];
  /** What to take in, for `discover`. */
  readonly plan?: CrawlPlan;
  readonly classLabel?: string | undefined;
}

export interface StagesResult extends PipelineResult {
  readonly counts: RunCounts;
  readonly durationMs: number;
}

/** Runs stages of the pipeline with progress on stderr. */
export async function runStages(
  workspace: Workspace,
  context: CommandContext,
  options: StagesOptions,
): Promise<StagesResult> {
  const counts = noCounts();
  const startMs = performance.now();
  const wnids = wantedWnids(workspace, options.classLabel);
  const stopProgress = showProgress(workspace, { ...options, counts, wnids });
  try {
    const result = await runPipeline(workspace, {
      stages: new Set(options.stages),
      walks: options.plan?.walks ?? [],
      network: options.plan?.network ?? [],
      rules: rulesOf(workspace),
      wanted: new Set(wnids),
      limitPerClass: context.loaded.config.crawl.limitPerClass,
      signal: context.signal,
      counts,
    });
    return { ...result, counts, durationMs: performance.now() - startMs };
  } finally {
    await stopProgress();
  }
}

/** Progress of a run; of a folder, which has no classes in hand and nobody to wait for, the catalogue is not asked. */
function showProgress(
  workspace: Workspace,
  { plan, stages, counts, wnids }: StagesOptions & { counts: RunCounts; wnids: readonly string[] },
): () => Promise<void> {
  const sources = sourcesOf(plan).filter((source) => source !== 'folder');
  const watch = sources.length === 0 ? null : watchCrawl(workspace, { sources, wnids });
  const progress = new RunProgress();
  const nameOf = (wnid: string): string => workspace.collection.classes.nameByWnid.get(wnid) ?? wnid;
  const shown = startProgress(() => {
    const { classes, budgets } = watch?.view() ?? { classes: [], budgets: [] };
    return progress.of({ counts, stages, classes, budgets, nameOf, nowMs: Date.now() });
  });
  return async () => {
    shown.stop();
    await watch?.stop();
  };
}

/** The sources that a plan asks, in its order. */
export function sourcesOf(plan: CrawlPlan | undefined): readonly string[] {
  return [
    ...(plan?.walks ?? []).map(({ source }) => source),
    ...(plan?.network ?? []).map(({ ready }) => ready.source.name),
  ];
}

function rulesOf({ collection }: Workspace): CandidateRules {
  const { classes, licences } = collection;
  return { resolveLabel: remembered(classes.resolveLabel), wnids: new Set(classes.wnids), licences };
}

/** The classes that the crawl takes in: the collection's, or the one of them that `--class` names. */
export function wantedWnids(
  { collection }: Pick<Workspace, 'collection'>,
  classLabel: string | undefined,
): readonly string[] {
  return classLabel === undefined ? collection.classes.wnids : [classOf(collection, classLabel)];
}

/** Looks each label up once: a folder gives the same one for thousands of photos, and a wrong one is slow to explain. */
function remembered(resolveLabel: CandidateRules['resolveLabel']): CandidateRules['resolveLabel'] {
  const known = new Map<string, ReturnType<CandidateRules['resolveLabel']>>();
  return (label) => {
    const result = known.get(label) ?? resolveLabel(label);
    known.set(label, result);
    return result;
  };
}

/** The class of the collection that a flag names, by wnid or name. */
export function classOf({ classes, name }: Workspace['collection'], label: string): string {
  const resolved = classes.resolveLabel(label);
  if (resolved.ok && classes.indexByWnid.has(resolved.wnid)) return resolved.wnid;
  const detail = resolved.ok ? `${resolved.wnid} is not one of its ${classes.wnids.length} classes` : resolved.detail;
  throw new UsageError(`Expected a class of collection '${name}' for --class but received '${label}': ${detail}`, {
    code: 'unknown-class',
  });
}

/** What a run left: interrupted, or where a source refused us. */
export function leftText({ crawl, left }: PipelineResult): string {
  const { discover = 0, fetch = 0, filter = 0 } = left;
  const parts = [
    crawl === null || crawl.complete ? null : 'the rest of what is walked to look through',
    discover === 0 ? null : `${plural(discover, 'query', 'queries')} to ask`,
    fetch === 0 ? null : `${plural(fetch, 'picture')} to fetch`,
    filter === 0 ? null : `${plural(filter, 'photo')} to decide`,
  ].filter((part) => part !== null);
  if (parts.length === 0) return 'nothing is left to do';
  return `left: ${parts.join(', ')}; run the command again to go on`;
}

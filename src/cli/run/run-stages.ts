import type { Workspace } from '../../app/open/workspace.ts';
import { runPipeline, type PipelineResult } from '../../app/pipeline.ts';
import { RunCounts } from '../../app/run-counts.ts';
import { watchCrawl } from '../../app/watch/crawl-watch.ts';
import type { CandidateRules, WnidFilter, WnidScope } from '../../candidate/candidate.ts';
import type { Collection } from '../../collection/collection.ts';
import type { LabelResult } from '../../collection/label-index.ts';
import type { PausableStage } from '../../collection/pause.ts';
import { candidateWnids } from '../../decision/scope.ts';
import { UsageError } from '../../kernel/errors.ts';
import type { CrawlPlan } from '../crawl/crawl-plan.ts';
import { nonEmpty, plural } from '../output.ts';
import { startProgress } from '../progress.ts';
import type { CommandContext } from '../start/context.ts';
import { RunProgress } from './run-lines.ts';

export interface StagesOptions {
  readonly stages: readonly PausableStage[];
  /** The plan for `discover`. */
  readonly plan?: CrawlPlan;
  readonly classLabels?: ClassLabels;
}

/** The values of `--class`, or undefined if the flag is not given. */
export type ClassLabels = readonly string[] | undefined;

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
  const counts = new RunCounts();
  const { collection } = workspace;
  const { classLabels } = options;
  if (options.stages.includes('filter') && context.tuneProblem !== null) context.log.warn(context.tuneProblem);
  const startMs = performance.now();
  const wnids = wantedWnids(collection, classLabels) ?? candidateWnids(workspace.scope);
  const stopProgress = showProgress(workspace, { ...options, counts, wnids });
  try {
    const result = await runPipeline(workspace, {
      stages: new Set(options.stages),
      walks: options.plan?.walks ?? [],
      network: options.plan?.network ?? [],
      rules: rulesOf(collection),
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

/** Progress of a run. A folder has no classes that are worked on and no waits, so the catalogue is not read. */
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

/** The sources of a plan, in its order. */
export function sourcesOf(plan: CrawlPlan | undefined): readonly string[] {
  return [
    ...(plan?.walks ?? []).map(({ source }) => source),
    ...(plan?.network ?? []).map(({ ready }) => ready.source.name),
  ];
}

/** How this run judges candidates. */
export function rulesOf({ subjects, licences }: Collection): CandidateRules {
  return { resolveLabel: remembered(subjects.resolveLabel), wnids: subjects, licences };
}

/** The classes that this run takes in. */
export function wantedOf(collection: Collection, classLabels: ClassLabels): WnidFilter {
  return classLabels === undefined ? collection.subjects : new Set(classesOf(collection, classLabels));
}

/**
 * The classes (in mode O: concepts) that the crawl searches for: the collection's, or those that `--class` names. Null
 * if the collection takes any concept.
 */
export function wantedWnids(collection: Collection, classLabels: ClassLabels): readonly string[] | null {
  return classLabels === undefined ? collection.subjects.ids : classesOf(collection, classLabels);
}

/**
 * Caches the resolution of labels: a folder gives the same one for thousands of photos, and explaining a wrong one is
 * slow.
 */
function remembered(resolveLabel: CandidateRules['resolveLabel']): CandidateRules['resolveLabel'] {
  const known = new Map<string, ReturnType<CandidateRules['resolveLabel']>>();
  return (label) => {
    const result = known.get(label) ?? resolveLabel(label);
    known.set(label, result);
    return result;
  };
}

/**
 * The classes (in mode O: concepts) of the collection that the values of `--class` name, each once. A value is one
 * class, in any spelling that a folder's name may have, or several separated by commas; `tench, Tinca tinca` is one.
 *
 * @throws UsageError `unknown-class` with a sentence for each unknown one
 */
export function classesOf(collection: Collection, values: readonly string[]): string[] {
  const labels = values.flatMap((value) => {
    const whole = collection.subjects.resolveLabel(value);
    const isOne = !value.includes(',') || (whole.ok && collection.subjects.ids?.includes(whole.wnid) === true);
    return isOne ? [value] : value.split(',').filter((label) => label.trim() !== '');
  });
  const results = (labels.length > 0 ? labels : ['']).map((label) => classOf(collection, label.trim()));
  const problems = results.flatMap((result) => (result.ok ? [] : [result.detail]));
  if (problems.length > 0) throw new UsageError(problems.join('\n'), { code: 'unknown-class' });
  return [...new Set(results.flatMap((result) => (result.ok ? [result.wnid] : [])))];
}

function classOf({ subjects, mode, name }: Collection, label: string): LabelResult {
  const resolved = subjects.resolveLabel(label);
  if (resolved.ok && subjects.has(resolved.wnid)) return resolved;
  const kind = mode === 'A' ? { one: 'class', many: 'classes' } : { one: 'concept', many: 'concepts' };
  const why = resolved.ok
    ? `${resolved.wnid} is not one of its ${subjects.ids?.length ?? 0} ${kind.many}`
    : resolved.detail;
  const detail = `Expected a ${kind.one} of collection '${name}' for --class but received '${label}': ${why}`;
  return { ok: false, detail };
}

/** What remains after a run that was interrupted or that a source refused. */
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

import type { CandidateRules } from '../candidate/candidate.ts';
import { noCounts, runPipeline, type PipelineResult, type RunCounts, type StageName } from '../app/pipeline.ts';
import type { Workspace } from '../app/workspace.ts';
import { UsageError } from '../kernel/errors.ts';
import type { CommandContext } from './context.ts';
import type { CrawlPlan } from './crawl-plan.ts';
import { plural } from './output.ts';
import { startProgress, type ProgressLine } from './progress.ts';

export interface StagesOptions {
  readonly stages: readonly StageName[];
  /** What to take in, for `discover`. */
  readonly plan?: CrawlPlan;
  readonly classLabel?: string | undefined;
}

export interface StagesResult extends PipelineResult {
  readonly counts: RunCounts;
}

/** Runs stages of the pipeline with progress on stderr. */
export async function runStages(
  workspace: Workspace,
  context: CommandContext,
  options: StagesOptions,
): Promise<StagesResult> {
  const counts = noCounts();
  const progress = startProgress(() => linesOf(counts, options.stages));
  try {
    const result = await runPipeline(workspace, {
      stages: new Set(options.stages),
      walks: options.plan?.walks ?? [],
      network: options.plan?.network ?? [],
      rules: rulesOf(workspace),
      wanted: new Set(wantedWnids(workspace, options.classLabel)),
      limitPerClass: context.loaded.config.crawl.limitPerClass,
      signal: context.signal,
      counts,
    });
    return { ...result, counts };
  } finally {
    progress.stop();
  }
}

function linesOf(counts: RunCounts, stages: readonly StageName[]): ProgressLine[] {
  const lines: ProgressLine[] = [];
  if (stages.includes('fetch')) {
    const notes = [
      counts.notFetched > 0 ? `not to be had ${counts.notFetched}` : '',
      counts.fetchedBytes > 0 ? `${(counts.fetchedBytes / 1e6).toFixed(1)} MB` : '',
      waitsText(counts.waits),
    ];
    const note = notes.filter((part) => part !== '').join(', ');
    lines.push({ label: 'fetch', done: counts.fetched + counts.notFetched, total: counts.toFetch, note });
  }
  if (stages.includes('filter')) {
    const done = counts.kept + counts.dropped + counts.undecodable;
    lines.push({
      label: 'filter',
      done,
      total: counts.toDecide,
      note: `kept ${counts.kept}, dropped ${counts.dropped}`,
    });
  }
  return lines;
}

/** Why sources and hosts wait: the first by name, and how many others do. */
function waitsText(waits: RunCounts['waits']): string {
  const [first] = [...waits.values()].toSorted();
  if (first === undefined) return '';
  return waits.size === 1 ? first : `${first} (and ${waits.size - 1} more wait)`;
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

/** What an interrupted run left. */
export function leftText({ crawl, left }: PipelineResult): string {
  const parts = [
    crawl === null || crawl.complete ? null : 'the rest of the folder to look through',
    left.fetch === undefined || left.fetch === 0 ? null : `${plural(left.fetch, 'picture')} to fetch`,
    left.filter === undefined || left.filter === 0 ? null : `${plural(left.filter, 'photo')} to decide`,
  ].filter((part) => part !== null);
  if (parts.length === 0) return 'nothing is left to do';
  return `left: ${parts.join(', ')}; run the command again to go on`;
}

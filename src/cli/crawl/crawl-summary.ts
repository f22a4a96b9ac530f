import type { SourceCounts } from '../../status/run-counts.ts';
import type { KeyBudget } from '../../crawl/network/budget.ts';
import { PASSING_REASONS } from '../../crawl/sources/retry-policy.ts';
import { nonEmpty } from '../text/output.ts';
import type { StagesResult } from '../run/run-stages.ts';
import type { CrawlRemarks } from './crawl-remarks.ts';

export type CrawlSummary = ReturnType<typeof summaryOf>;

export interface SummaryParts {
  readonly result: StagesResult;
  readonly remarks: CrawlRemarks;
  readonly budgets: readonly KeyBudget[];
  /** `--collection birds --data data`, for the commands to run next. */
  readonly where: string;
}

const NOTHING_WALKED = { ignored: 0, otherClasses: 0, complete: true, problems: [], notes: [] };

export function summaryOf(parts: SummaryParts) {
  const outcome = outcomeOf(parts);
  return { ...outcome, next: nextSteps(outcome, parts) };
}

type Outcome = ReturnType<typeof outcomeOf>;

function outcomeOf({ result, remarks, budgets }: SummaryParts) {
  const { counts, left, blocked, durationMs } = result;
  const { ignored, otherClasses, complete, problems, notes } = result.crawl ?? NOTHING_WALKED;
  return {
    seen: counts.total('found'),
    newPictures: counts.total('newPictures'),
    ignored,
    overLimit: counts.total('overLimit'),
    otherClasses,
    /** True if all walks and queries are finished. */
    complete: complete && (left.discover ?? 0) === 0,
    fetched: counts.total('fetched'),
    notFetched: counts.total('notFetched'),
    left: left.fetch ?? 0,
    openQueries: left.discover ?? 0,
    durationSeconds: Math.round(durationMs) / 1000,
    sources: [...counts.sources].map(([source, one]) => sourceSummary(source, one, durationMs / 1000)),
    ...remarks,
    problems: [...problems, ...remarks.problems],
    notes: [...notes, ...remarks.notes],
    blocked: [...blocked].map(([source, why]) => ({ source, why })),
    waits: budgets.flatMap(({ key, waits }) => (waits === null ? [] : [{ key, until: waits.until, why: waits.why }])),
  };
}

function sourceSummary(source: string, counts: SourceCounts, seconds: number) {
  const { found, newPictures, fetched, dropped, failed, putOff, bytes } = counts;
  const perSecond = (amount: number): number => (seconds <= 0 ? 0 : Math.round((amount / seconds) * 100) / 100);
  return {
    source,
    found,
    newPictures,
    fetched,
    dropped,
    failed,
    putOff,
    bytes,
    photosPerSecond: perSecond(fetched),
    bytesPerSecond: Math.round(perSecond(bytes)),
  };
}

function nextSteps(
  { complete, left, blocked, sources, fetched }: Outcome,
  { remarks, result, where }: SummaryParts,
): string[] {
  const passing = [...new Set(sources.flatMap(({ failed }) => Object.keys(failed)))].filter((reason) =>
    PASSING_REASONS.has(reason),
  );
  const isLookedThrough = complete && left === 0;
  return nonEmpty([
    remarks.problems.length > 0 &&
      'fix the queries of the classes with problems (in the queries file of the collection), then crawl again',
    blocked.length > 0 && 'crawl again once the sources that refused us may be asked again (winnow doctor says when)',
    !isLookedThrough && blocked.length === 0 && 'run the command again: it continues where it stopped',
    passing.length > 0 &&
      `winnow retry --reason ${passing.toSorted().join(' ')}, then crawl again: these failures may have been temporary`,
    result.left.filter === undefined && fetched > 0 && isLookedThrough && `winnow filter ${where}`,
  ]);
}

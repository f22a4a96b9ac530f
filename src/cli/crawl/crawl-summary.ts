import type { SourceCounts } from '../../app/run-counts.ts';
import type { KeyBudget } from '../../funnel/budget.ts';
import { sumOf } from '../../funnel/funnel.ts';
import { oneLine } from '../../kernel/printable.ts';
import { PASSING_REASONS } from '../../source/retry-policy.ts';
import { bytesText, countText, durationText, linesText, nonEmpty, plural, tableText } from '../output.ts';
import { reasonsText } from '../run/run-lines.ts';
import type { StagesResult } from '../run/run-stages.ts';
import type { CrawlRemarks, ExplainedClass } from './crawl-remarks.ts';

/** The result of a crawl, for people and for `--json`. */
export type CrawlSummary = ReturnType<typeof summaryOf>;

export interface SummaryParts {
  readonly result: StagesResult;
  readonly remarks: CrawlRemarks;
  readonly budgets: readonly KeyBudget[];
  /** `--collection birds --data data`, for the commands to run next. */
  readonly where: string;
}

/** The result of a run that walked nothing. */
const NOTHING_WALKED = { ignored: 0, otherClasses: 0, complete: true, problems: [], notes: [] };

/** What a crawl came to, and what to do next. */
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
    /** Whether everything that was asked for was looked through. */
    complete: complete && (left.discover ?? 0) === 0,
    fetched: counts.total('fetched'),
    notFetched: counts.total('notFetched'),
    /** Pictures that wait to be fetched. */
    left: left.fetch ?? 0,
    /** Queries that are not finished. */
    openQueries: left.discover ?? 0,
    durationSeconds: Math.round(durationMs) / 1000,
    sources: [...counts.sources].map(([source, one]) => sourceSummary(source, one, durationMs / 1000)),
    ...remarks,
    /** Sources that could not be reached, and classes that could not be searched for. */
    problems: [...problems, ...remarks.problems],
    notes: [...notes, ...remarks.notes],
    /** Sources that refused us, and what they answered. */
    blocked: [...blocked].map(([source, why]) => ({ source, why })),
    /** What waits, why and until when. */
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

/** What to do next, a sentence each. */
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

export function summaryText(summary: CrawlSummary): string {
  const { seen, newPictures, ignored, otherClasses, overLimit, sources, searchedByName, notAsked } = summary;
  const lines = linesText([
    `found ${plural(seen, 'photo')}, ${newPictures === 0 ? 'none' : countText(newPictures)} of them new`,
    ...summary.problems.map((problem) => `problem: ${oneLine(problem)}`),
    ...notesLines(summary),
    fetchedLine(summary),
    ignored > 0 && `skipped ${plural(ignored, 'system file')}`,
    otherClasses > 0 && `skipped ${plural(otherClasses, 'photo')} of other classes`,
    overLimit > 0 && `skipped ${plural(overLimit, 'photo')}: their classes have reached the limit`,
    searchedByName.length > 0 &&
      `searched by name, because the queries file has no line for them: ${namesOf(searchedByName)}`,
    notAsked.length > 0 && `not searched for: ${namesOf(notAsked)} (winnow status --queries says why)`,
  ]);
  // The line of a network source in the table says more than the sentences above it.
  const network = sources.some(({ source }) => source !== 'folder') ? networkText(summary) : '';
  return lines + network;
}

/** What happened to everything that was found: these numbers and the skipped ones add up to it. */
function fetchedLine(summary: CrawlSummary): string {
  const { seen, fetched, left, otherClasses, overLimit, sources } = summary;
  const dropped = totalByReason(sources.map((source) => source.dropped));
  const failed = totalByReason(sources.map((source) => source.failed));
  const before = seen - fetched - sumOf(dropped) - sumOf(failed) - left - otherClasses - overLimit;
  return nonEmpty([
    fetched === 0 && left === 0 ? 'nothing is left to fetch' : `stored ${plural(fetched, 'photo')}`,
    before > 0 && `${countText(before)} known before`,
    reasonsText('dropped', dropped),
    reasonsText('failed', failed),
    left > 0 && `${countText(left)} left to fetch`,
  ]).join('; ');
}

function totalByReason(counts: readonly Readonly<Record<string, number>>[]): Record<string, number> {
  const total: Record<string, number> = {};
  for (const [reason, count] of counts.flatMap((one) => Object.entries(one)))
    total[reason] = (total[reason] ?? 0) + count;
  return total;
}

const NOTES_SHOWN = 12;

/** At most as many notes as a person reads. */
function notesLines({ notes }: CrawlSummary): string[] {
  const more = notes.length - NOTES_SHOWN;
  return nonEmpty([
    ...notes.slice(0, NOTES_SHOWN).map((note) => `note: ${oneLine(note)}`),
    more > 0 && `note: and ${countText(more)} more like this (--json lists all)`,
  ]);
}

const NAMES_SHOWN = 8;

function namesOf(classes: readonly ExplainedClass[]): string {
  const names = classes.slice(0, NAMES_SHOWN).map(({ name, source }) => `${name} (${source})`);
  const more = classes.length - names.length;
  return `${names.join(', ')}${more > 0 ? ` and ${countText(more)} more` : ''}`;
}

function networkText(summary: CrawlSummary): string {
  const table = tableText(
    ['source', 'found', 'new', 'fetched', 'bytes', 'photos/s', 'MB/s'],
    summary.sources.map((source) => [
      source.source,
      source.found,
      source.newPictures,
      source.fetched,
      bytesText(source.bytes),
      source.photosPerSecond.toFixed(1),
      (source.bytesPerSecond / 1e6).toFixed(2),
    ]),
  );
  const lines = [
    ...summary.sources.flatMap(({ source, dropped, failed }) => {
      const texts = nonEmpty([reasonsText('dropped', dropped), reasonsText('failed', failed)]);
      return texts.length === 0 ? [] : [`${source} ${texts.join('; ')}`];
    }),
    `took ${durationText(summary.durationSeconds)}`,
    ...summary.waits.map(({ why }) => why),
    ...summary.next.map((step) => `next: ${step}`),
  ];
  return `\n${table}${lines.join('\n')}\n`;
}

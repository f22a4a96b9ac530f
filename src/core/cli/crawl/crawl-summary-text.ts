import { sumOf } from '../../status/funnel.ts';
import { oneLine } from '../../kernel/printable.ts';
import { bytesText, countText, durationText, linesText, nonEmpty, plural } from '../text/output.ts';
import { reasonsText } from '../run/run-lines.ts';
import { tableText } from '../text/table.ts';
import type { ExplainedClass, CrawlSummary } from '../../library/crawl-summary.process.ts';

export function summaryText(summary: CrawlSummary): string {
  const { seen, newPictures, ignored, otherClasses, overLimit, sources, searchedByName, notAsked } = summary;
  const lines = linesText([
    `found ${plural(seen, 'photo')}, ${newPictures === 0 ? 'none' : countText(newPictures)} of them new`,
    ...summary.stopped.map(stopText),
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

const STOPS = {
  'gave-up': 'was given up, because its requests kept failing',
  'retry-after': 'was given up, because its site asked to wait',
  refused: 'was given up, because its site refuses our requests',
} as const;

function stopText({ source, reason, error, until, searches, pictures }: CrawlSummary['stopped'][number]): string {
  const left = nonEmpty([
    searches > 0 && plural(searches, 'search', 'searches'),
    pictures > 0 && plural(pictures, 'picture'),
  ]);
  const end = until === null ? '' : ` until ${until}`;
  return `${source} ${STOPS[reason]}${end}: ${oneLine(error)}. Left: ${left.join(' and ')}`;
}

/** Accounts for everything that was found: these numbers and the skipped ones add up to it. */
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

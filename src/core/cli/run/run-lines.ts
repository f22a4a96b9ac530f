import type { RunCounts, SourceCounts } from '../../status/run-counts.ts';
import type { CrawlView } from '../../status/crawl-watch.process.ts';
import type { ClassTally } from '../../crawl/candidates/tally.repository.ts';
import { EVIDENCE, FILTER, stagesProgress } from '../../library/stages.process.ts';
import type { PausableStage } from '../../collection/pause.ts';
import type { KeyBudget } from '../../crawl/network/budget.ts';
import { bytesText, countText, nonEmpty } from '../text/output.ts';
import type { Progress, ProgressLine } from '../text/progress.ts';

export interface RunView extends CrawlView {
  readonly counts: RunCounts;
  readonly stages: readonly PausableStage[];
  readonly nameOf: (wnid: string) => string;
  readonly nowMs: number;
  readonly paused: string;
}

export class RunProgress {
  /** Found and settled candidates of each class at the last call, which show the classes that are being worked on. */
  #before = new Map<string, number>();
  #classes: readonly ClassTally[] = [];
  readonly #busy = new Map<string, number>();

  of(view: RunView): Progress {
    return { lines: runLines(view), parts: this.#partsOf(view), waiting: waitingText(view) };
  }

  #partsOf({ classes, nameOf, counts }: RunView): ProgressLine[] {
    if (classes !== this.#classes) this.#noteMoves(classes);
    return classes
      .map((one) => ({ ...one, moves: this.#busy.get(keyOf(one)) ?? 0 }))
      .filter(({ waiting, moves }) => waiting > 0 || moves > 0)
      .toSorted((a, b) => b.moves - a.moves || b.waiting - a.waiting)
      .map(({ wnid, source, fetched, waiting, failed }) => ({
        label: counts.sources.size > 1 ? `${nameOf(wnid)} (${source})` : nameOf(wnid),
        done: fetched,
        total: waiting + fetched,
        note: failed === 0 ? '' : `failed ${countText(failed)}`,
      }));
  }

  #noteMoves(classes: readonly ClassTally[]): void {
    const isFirstLook = this.#classes.length === 0;
    const now = new Map(classes.map((one) => [keyOf(one), one.found + one.fetched + one.failed]));
    for (const [key, moves] of now) this.#busy.set(key, isFirstLook ? 0 : moves - (this.#before.get(key) ?? 0));
    this.#before = now;
    this.#classes = classes;
  }
}

const keyOf = ({ source, wnid }: ClassTally): string => `${source} ${wnid}`;

function runLines({ counts, stages, budgets }: RunView): ProgressLine[] {
  return stagesProgress(counts, stages).map(({ what, ...line }) => {
    return { label: what, ...line, note: noteOf(what, counts, budgets) };
  });
}

function noteOf(what: string, counts: RunCounts, budgets: readonly KeyBudget[]): string {
  if (what === FILTER) return `kept ${countText(counts.kept)}, dropped ${countText(counts.dropped)}`;
  if (what !== EVIDENCE) return sourceNote(what, counts.of(what), budgets);
  const { completedCrops, notCompletable } = counts;
  const lost = notCompletable === 0 ? '' : `, not possible for ${countText(notCompletable)}`;
  return `${countText(completedCrops)} crops${lost}`;
}

function waitingText({ counts, nowMs, paused }: RunView): string {
  if (paused !== '') return paused;
  const waits = counts.waitsAt(nowMs).toSorted();
  return waits.length <= 1 ? (waits[0] ?? '') : `${waits[0]} (and ${countText(waits.length - 1)} more wait)`;
}

function sourceNote(source: string, { found, failed, dropped }: SourceCounts, budgets: readonly KeyBudget[]): string {
  return nonEmpty([
    `found ${countText(found)}`,
    reasonsText('dropped', dropped),
    reasonsText('failed', failed),
    budgetText(source, budgets),
  ]).join(', ');
}

/** `failed: http-404 3, dns 1`, most frequent first; empty if there are none. */
export function reasonsText(state: string, reasons: Readonly<Record<string, number>>): string {
  const counted = Object.entries(reasons).toSorted(([a, m], [b, n]) => n - m || (a < b ? -1 : 1));
  if (counted.length === 0) return '';
  return `${state}: ${counted.map(([reason, count]) => `${reason} ${countText(count)}`).join(' ')}`;
}

function budgetText(source: string, budgets: readonly KeyBudget[]): string {
  const api = budgets.find(({ key }) => key === `source:${source}`);
  const media = budgets.find(({ key }) => key === `media:${source}`);
  const parts = nonEmpty([
    api?.requestsPerDay ? `${countText(api.requestsPerDay.left)} requests` : '',
    media?.bytesPerHour ? `${bytesText(media.bytesPerHour.left)} this hour` : '',
  ]);
  return parts.length === 0 ? '' : `left: ${parts.join(' and ')}`;
}

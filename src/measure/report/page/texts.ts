import { estimateOf, type Estimate } from '../../charts/estimate.ts';
import type { ModelReport, ReportedCrawl } from '../report.ts';
import { countText } from '../../../core/kernel/texts.ts';

export const NOTHING = '–';

/** Keeps a number and its unit on one line. */
const NBSP = '\u00a0';

export function percentText(fraction: number | null): string {
  return fraction === null ? NOTHING : `${(100 * fraction).toFixed(1)}${NBSP}%`;
}

/** `9.8 to 15.2 %`, or null without an interval. */
export function rangeText({ low, high }: Omit<Estimate, 'value'>): string | null {
  return low === null || high === null ? null : `${(100 * low).toFixed(1)} to ${(100 * high).toFixed(1)}${NBSP}%`;
}

export function estimateText({ value, ...ends }: Estimate): string {
  const range = value === null ? null : rangeText(ends);
  return range === null ? percentText(value) : `${percentText(value)} (${range})`;
}

/** The interval of an estimate by a sample: without a width if the sample has all photos. */
export function sampledText(ends: { readonly low: number; readonly high: number }): string {
  return ends.low === ends.high ? 'all photos judged' : `95 % interval ${rangeText(ends)}`;
}

/** `75.0 % of 24`: the photos that the accuracy on the crawl is of. */
export function acceptedOfCrawl(crawl: ReportedCrawl): string {
  return `${percentText(crawl.valid.share)} of ${countText(photosOfCrawl(crawl))}`;
}

export function photosOfCrawl({ strata }: ReportedCrawl): number {
  return strata.reduce((sum, { photos }) => sum + photos, 0);
}

/** The accuracy of a model on the set. */
export function setAccuracyText(model: ModelReport): string {
  return model.accuracyByRule === true ? BY_RULE : estimateText(estimateOf(model, 'accuracy'));
}

/** The accuracy of a filter member on its own set: the rule drops every photo that it gets right. */
export const BY_RULE = '0 by rule';

export function pointsText(difference: number | null): string {
  if (difference === null) return NOTHING;
  const points = (100 * difference).toFixed(1);
  return `${difference > 0 ? '+' : ''}${points.replace('-', '−')} points`;
}

/** `−1.0 to +2.5 points` */
export function pointRange({ low, high }: Omit<Estimate, 'value'>): string {
  return `${pointsText(low).replace(' points', '')} to ${pointsText(high)}`;
}

/** `+0.7 points (−1.0 to +2.5 points)` */
export function differenceText({ value, ...ends }: Estimate): string {
  return pointsText(value) + (value === null ? '' : ` (${pointRange(ends)})`);
}

/** `65.9 points`: by how much a share is lower. */
export function dropText(drop: number | null): string {
  return pointsText(drop).replace('+', '');
}

export function decimalText(value: number | null): string {
  return value === null ? NOTHING : value.toFixed(2).replace('-', '−');
}

export function timeText(iso: string): string {
  return `${iso.slice(0, 10)} ${iso.slice(11, 16)} UTC`;
}

/** `40 s`, `12 min`, `3.5 h`, `2.1 days` between two moments; a dash if one is missing. */
export function spanText(first: string | null, last: string | null): string {
  if (first === null || last === null) return NOTHING;
  const seconds = (Date.parse(last) - Date.parse(first)) / 1_000;
  if (seconds < 90) return `${countText(seconds)} s`;
  if (seconds < 90 * 60) return `${countText(seconds / 60)} min`;
  return seconds < 48 * 3_600 ? `${(seconds / 3_600).toFixed(1)} h` : `${(seconds / 86_400).toFixed(1)} days`;
}

export function someText(names: readonly string[], most: number): string {
  const rest = names.length - most;
  return names.slice(0, most).join(', ') + (rest > 0 ? ` and ${countText(rest)} more` : '');
}

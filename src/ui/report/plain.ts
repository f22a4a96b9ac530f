import type { Report } from '../../report/report.ts';

/** Longer texts are cut: they come from strangers. */
const MOST_LETTERS = 400;
/** Control characters (XML cannot have most of them), and those that turn the direction of the text around them. */
const UNPRINTABLE = /[\p{Cc}\p{Cs}\u200e\u200f\u202a-\u202e\u2066-\u2069\ufffe\uffff]+/gu;

/** The report with texts that can stand in sentences, HTML and SVG: without control characters, and not endless. */
export function plainReport(report: Report): Report {
  return plain(report) as Report; // oxlint-disable-line typescript/no-unsafe-type-assertion -- the same shape, other texts
}

function plain(value: unknown): unknown {
  if (typeof value === 'string') return plainText(value);
  if (Array.isArray(value)) return value.map(plain);
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([key, inner]) => [plainText(key), plain(inner)]));
}

function plainText(text: string): string {
  const clean = text.replaceAll(UNPRINTABLE, ' ').trim();
  return clean.length > MOST_LETTERS ? `${[...clean].slice(0, MOST_LETTERS).join('')}…` : clean;
}

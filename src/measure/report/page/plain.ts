import type { Report } from '../report.ts';

/** Names and credits come from strangers. Sentences are ours, or of people who run winnow. */
const MOST_LETTERS = 100;
const MOST_OF_SENTENCES = 500;
const SENTENCES = new Set(['rule', 'choices', 'reason', 'implied', 'question', 'polarity', 'folder']);
/** Control characters (XML cannot have most of them), and those that turn the direction of the text around them. */
const UNPRINTABLE = /[\p{Cc}\p{Cs}\u200e\u200f\u202a-\u202e\u2066-\u2069\ufffe\uffff]+/gu;

/** The report with texts that can stand in sentences, HTML and SVG: without control characters, and not endless. */
export function plainReport(report: Report): Report {
  return plain(report, MOST_LETTERS) as Report; // oxlint-disable-line typescript/no-unsafe-type-assertion -- the same shape
}

function plain(value: unknown, most: number): unknown {
  if (typeof value === 'string') return plainText(value, most);
  if (Array.isArray(value)) return value.map((inner) => plain(inner, most));
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(
    Object.entries(value).map(([key, inner]) => [
      plainText(key, MOST_LETTERS),
      plain(inner, SENTENCES.has(key) ? MOST_OF_SENTENCES : most),
    ]),
  );
}

function plainText(text: string, most: number): string {
  const clean = text.replaceAll(UNPRINTABLE, ' ').trim();
  return clean.length > most ? `${Array.from(clean).slice(0, most).join('')}…` : clean;
}

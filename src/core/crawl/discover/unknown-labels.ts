import type { NewCandidate } from '../candidates/candidate.ts';
import { quote } from '../../tools/quote.ts';

/** How many different labels are counted. A list with a wrong column would have a new label in every row. */
const MAX_LABELS = 100;

interface Label {
  readonly detail: string;
  count: number;
}

/** Counts the photos of a walk whose labels name no class of the collection, by label, so that the user hears of a mistyped folder. */
export class UnknownLabels {
  readonly #labels = new Map<string, Label>();
  #others = 0;

  note({ wnid: label, refusal }: NewCandidate): void {
    if (refusal?.reason !== 'unknown-class') return;
    const known = this.#labels.get(label);
    if (known !== undefined) known.count += 1;
    else if (this.#labels.size < MAX_LABELS) this.#labels.set(label, { detail: refusal.detail, count: 1 });
    else this.#others += 1;
  }

  get count(): number {
    return [...this.#labels.values()].reduce((total, { count }) => total + count, this.#others);
  }

  sentences(): string[] {
    const sentences = [...this.#labels]
      .toSorted(([, a], [, b]) => b.count - a.count)
      .map(([label, { count, detail }]) => `${photosText(count)} ${sentenceOf(label, detail)}`);
    return this.#others === 0 ? sentences : [...sentences, `${photosText(this.#others)} with other labels`];
  }
}

function sentenceOf(label: string, detail: string): string {
  if (label !== '') return `labelled ${quote(label)}, which is not a class of the collection: ${detail}`;
  return 'without a label: put photos into sub-folders named for their classes, or list them in labels.csv';
}

function photosText(count: number): string {
  return count === 1 ? '1 photo' : `${count.toLocaleString('en')} photos`;
}

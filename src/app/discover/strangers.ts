import type { NewCandidate } from '../../candidate/candidate.ts';
import { quote } from '../../config/quote.ts';

/** Labels that are told apart; a list with a wrong column names a new one in every row. */
const MAX_LABELS = 100;

interface Label {
  readonly detail: string;
  count: number;
}

/** Photos of one walk whose labels name no class of the collection, by label: a mistyped folder is to be heard of. */
export class Strangers {
  readonly #labels = new Map<string, Label>();
  #others = 0;

  note({ wnid: label, refusal }: NewCandidate): void {
    if (refusal?.reason !== 'unknown-class') return;
    const known = this.#labels.get(label);
    if (known !== undefined) known.count += 1;
    else if (this.#labels.size < MAX_LABELS) this.#labels.set(label, { detail: refusal.detail, count: 1 });
    else this.#others += 1;
  }

  /** How many photos they are. */
  get count(): number {
    return [...this.#labels.values()].reduce((total, { count }) => total + count, this.#others);
  }

  /** A sentence a label, those of most photos first. */
  sentences(): string[] {
    const sentences = [...this.#labels]
      .toSorted(([, a], [, b]) => b.count - a.count)
      .map(([label, { count, detail }]) => `${photosText(count)} ${sentenceOf(label, detail)}`);
    return this.#others === 0 ? sentences : [...sentences, `${photosText(this.#others)} of still other labels`];
  }
}

function sentenceOf(label: string, detail: string): string {
  if (label !== '') return `labelled ${quote(label)}, which is no class of the collection: ${detail}`;
  return 'without a label: in a folder, photos lie in sub-folders named for their classes, or are listed in labels.csv';
}

function photosText(count: number): string {
  return count === 1 ? '1 photo' : `${count.toLocaleString('en')} photos`;
}

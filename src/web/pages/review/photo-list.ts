import { batch, computed, signal } from '@preact/signals';
import type { Subject } from '../../../core/review/events/event.ts';
import { subjectKey } from './store/history.ts';
import { itemsIn, NOTHING_SELECTED, targetsOf, type Selection } from '../grid/selection.ts';

/** The photos of a page in display order, the one shown now, and the selected ones. */
export class PhotoList {
  /** The cursor is on the shown photo; it is the number of photos if none is shown. */
  readonly selection = signal<Selection>(NOTHING_SELECTED);
  readonly #subjects = signal<readonly Subject[]>([]);
  readonly #positions = signal<ReadonlyMap<string, number>>(new Map());
  readonly #targets = computed(() => itemsIn(this.subjects, targetsOf(this.selection.value)));

  get subjects(): readonly Subject[] {
    return this.#subjects.value;
  }

  get count(): number {
    return this.subjects.length;
  }

  get at(): number {
    return this.selection.value.cursor;
  }

  get current(): Subject | undefined {
    return this.subjects[this.at];
  }

  get targets(): readonly Subject[] {
    return this.#targets.value;
  }

  positionOf(subject: Subject): number | undefined {
    return this.#positions.value.get(subjectKey(subject));
  }

  has(key: string): boolean {
    return this.#positions.value.has(key);
  }

  fill(subjects: readonly Subject[], at = 0): void {
    batch(() => {
      this.#subjects.value = subjects.map(({ sha256, wnid }) => ({ sha256, wnid }));
      this.#positions.value = new Map(subjects.map((one, i) => [subjectKey(one), i]));
      this.#showAt(at);
    });
  }

  append(more: readonly Subject[]): void {
    this.fill([...this.subjects, ...more.filter((one) => this.positionOf(one) === undefined)], this.at);
  }

  /** Removes photos. If the shown one is among them, shows the next one. */
  remove(gone: readonly Subject[]): void {
    const keys = new Set(gone.map(subjectKey));
    const isKept = (one: Subject): boolean => !keys.has(subjectKey(one));
    this.fill(this.subjects.filter(isKept), this.subjects.slice(0, this.at).filter(isKept).length);
  }

  /** Shows a photo. If it is not in the list, inserts it before the shown one. */
  show(subject: Subject): void {
    const position = this.positionOf(subject);
    if (position === undefined) this.fill(this.subjects.toSpliced(this.at, 0, subject), this.at);
    else this.#showAt(position);
  }

  /** Moves by `by` photos, clamped to the first and last. */
  move(by: number): void {
    this.#showAt(Math.max(0, Math.min(this.count - 1, this.at + by)));
  }

  showNextOpen(isOpen: (subject: Subject) => boolean): void {
    const later = this.subjects.findIndex((one, i) => i > this.at && isOpen(one));
    const next = later === -1 ? this.subjects.findIndex(isOpen) : later;
    this.#showAt(next === -1 ? this.count : next);
  }

  #showAt(cursor: number): void {
    this.selection.value = { ...NOTHING_SELECTED, cursor, anchor: cursor };
  }
}

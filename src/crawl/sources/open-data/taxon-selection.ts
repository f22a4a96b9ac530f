import { groupBy } from '../../../kernel/group-by.ts';

/** A taxon that a class wants, with all its descendants except the excluded ones. */
export interface WantedTaxon {
  readonly classNumber: number;
  readonly taxonId: number;
  readonly excludedIds: ReadonlySet<number>;
}

export class TaxonSelection {
  readonly #byTaxon: ReadonlyMap<number, readonly WantedTaxon[]>;
  /** Taxa with the same set of classes share one array. */
  readonly #shared = new Map<string, readonly number[]>();

  constructor(wanted: readonly WantedTaxon[]) {
    this.#byTaxon = groupBy(wanted, ({ taxonId }) => taxonId);
  }

  /** Returns the class numbers in ascending order. Null if no class wants the taxon. */
  classesOf(id: number, ancestorIds: readonly number[]): readonly number[] | null {
    const path = [...ancestorIds, id];
    const classes = new Set<number>();
    for (const ancestor of path) {
      for (const wanted of this.#byTaxon.get(ancestor) ?? []) {
        if (!path.some((other) => wanted.excludedIds.has(other))) classes.add(wanted.classNumber);
      }
    }
    return classes.size === 0 ? null : this.#share([...classes].toSorted((a, b) => a - b));
  }

  #share(classes: readonly number[]): readonly number[] {
    const key = classes.join();
    const known = this.#shared.get(key);
    if (known !== undefined) return known;
    this.#shared.set(key, classes);
    return classes;
  }
}

/** One taxon that a class wants, with its descendants but for some. */
export interface WantedTaxon {
  /** Position of the class in the list of all. */
  readonly classNumber: number;
  readonly taxonId: number;
  readonly excludedIds: ReadonlySet<number>;
}

/** Which classes want observations of a taxon, by its place in the tree. */
export class TaxonSelection {
  readonly #byTaxon = new Map<number, WantedTaxon[]>();
  /** One array for each set of classes, however many taxa share it. */
  readonly #shared = new Map<string, readonly number[]>();

  constructor(wanted: readonly WantedTaxon[]) {
    for (const taxon of wanted) {
      const others = this.#byTaxon.get(taxon.taxonId);
      if (others === undefined) this.#byTaxon.set(taxon.taxonId, [taxon]);
      else others.push(taxon);
    }
  }

  /** The numbers of the classes, ascending; null if none wants the taxon. */
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

import { groupBy } from '../../../kernel/group-by.ts';

export interface Taxon {
  readonly id: number;
  readonly name: string;
  readonly rank: string;
  readonly isActive: boolean;
  /** From the root down, with or without the taxon itself. */
  readonly ancestorIds: readonly number[];
  /** Other scientific names. Empty if the source lists none. Common names never count: `junco` is a rush in Spanish. */
  readonly otherNames: readonly string[];
}

export interface TaxonLookup {
  readonly place: string;
  /** Returns taxa with a similar name, of one rank if it is given. All exact matches must be among them. */
  find(name: string, rank: string | null): Promise<readonly Taxon[]>;
}

/** Normalises a name for comparison: case, runs of blanks, and the two ways to write a hybrid's cross. */
export function foldName(name: string): string {
  return name
    .normalize('NFC')
    .toLowerCase()
    .replaceAll(/[\s_]+/gu, ' ')
    .replaceAll(/(^| )(?:x |× ?)(?=\S)/gu, '$1× ')
    .trim();
}

export function taxonText(taxon: Pick<Taxon, 'id' | 'name' | 'rank'>): string {
  return `${taxon.name} (${taxon.rank}, taxon ${taxon.id})`;
}

export function isTaxonWithin(taxon: Taxon, ancestorId: number): boolean {
  return taxon.id === ancestorId || taxon.ancestorIds.includes(ancestorId);
}

export function bearers(found: readonly Taxon[], name: string): readonly Taxon[] {
  const folded = foldName(name);
  return found.filter((taxon) => taxon.isActive && foldName(taxon.name) === folded);
}

export function synonymBearers(found: readonly Taxon[], name: string): readonly Taxon[] {
  const folded = foldName(name);
  return found.filter((taxon) => taxon.isActive && taxon.otherNames.some((other) => foldName(other) === folded));
}

/** A taxon that a class wants, with all its descendants except the excluded ones. */
export interface WantedTaxon {
  /** Index in the list of all classes. */
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

/** One node of iNaturalist's taxonomy, as far as names are resolved with it. */
export interface Taxon {
  readonly id: number;
  /** The accepted scientific name. */
  readonly name: string;
  readonly rank: string;
  readonly isActive: boolean;
  /** From the root down; with or without the taxon itself. */
  readonly ancestorIds: readonly number[];
  /** Further scientific names; empty where the source lists none. Common names never count: `junco` is a rush in Spanish. */
  readonly otherNames: readonly string[];
}

/** Where names are looked up: the API, or the taxa of the open data. */
export interface TaxonLookup {
  /** As messages name it: `at iNaturalist`. */
  readonly place: string;
  /** Taxa whose names match in some way, of one rank if it is given; the exact ones must be among them. */
  find(name: string, rank: string | null): Promise<readonly Taxon[]>;
}

/** A name to compare by: without case, runs of blanks and the two ways to write a hybrid's cross. */
export function foldName(name: string): string {
  return name
    .normalize('NFC')
    .toLowerCase()
    .replaceAll(/[\s_]+/gu, ' ')
    .replaceAll(/(^| )(?:x |× ?)(?=\S)/gu, '$1× ')
    .trim();
}

/** `Anisoptera (suborder, taxon 47927)`. */
export function titleOf(taxon: Pick<Taxon, 'id' | 'name' | 'rank'>): string {
  return `${taxon.name} (${taxon.rank}, taxon ${taxon.id})`;
}

/** Whether the taxon is the other one or lies below it. */
export function isWithin(taxon: Taxon, ancestorId: number): boolean {
  return taxon.id === ancestorId || taxon.ancestorIds.includes(ancestorId);
}

/** Active taxa that bear exactly this name. */
export function bearers(found: readonly Taxon[], name: string): readonly Taxon[] {
  const folded = foldName(name);
  return found.filter((taxon) => taxon.isActive && foldName(taxon.name) === folded);
}

/** Active taxa of which exactly this name is a further scientific one. */
export function synonymBearers(found: readonly Taxon[], name: string): readonly Taxon[] {
  const folded = foldName(name);
  return found.filter((taxon) => taxon.isActive && taxon.otherNames.some((other) => foldName(other) === folded));
}

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

export function titleOf(taxon: Pick<Taxon, 'id' | 'name' | 'rank'>): string {
  return `${taxon.name} (${taxon.rank}, taxon ${taxon.id})`;
}

export function isWithin(taxon: Taxon, ancestorId: number): boolean {
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

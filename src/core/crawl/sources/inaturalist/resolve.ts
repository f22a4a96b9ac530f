import type { TaxonEntry } from './entry.ts';
import { bearers, isTaxonWithin, synonymBearers, taxonText, type Taxon, type TaxonLookup } from './taxon.ts';

export interface ResolvedEntry {
  readonly entry: TaxonEntry;
  readonly taxon: Taxon;
  /** Taxa below or beside it whose observations are excluded, by ascending id. */
  readonly excluded: readonly Taxon[];
}

export function titleOfResolved({ taxon, excluded }: ResolvedEntry): string {
  const without = excluded.map(({ name }) => name).join(', ');
  return excluded.length === 0 ? taxonText(taxon) : `${taxonText(taxon)} without ${without}`;
}

export interface Resolution {
  readonly resolved: ResolvedEntry | null;
  readonly problems: readonly string[];
  readonly notes: readonly string[];
}

/**
 * Finds the taxon of an entry. It must have exactly this name and be active; `rank` and `within` choose between homonyms. If
 * there is none, synonyms are tried in the same way. If the only match has another rank, it is used with a note, because
 * authors disagree about ranks. An exclusion that does not resolve is a problem, and the entry is used without it.
 */
export async function resolveEntry(entry: TaxonEntry, lookup: TaxonLookup): Promise<Resolution> {
  const within = entry.within === null ? null : bearers(await lookup.find(entry.within, null), entry.within);
  if (within?.length === 0) return failed(`${expected(entry, lookup)} but no taxon is named exactly '${entry.within}'`);
  const seen: Taxon[] = [];
  for (const name of [entry.taxon, ...entry.synonyms]) {
    const match = await matchName(name, { entry, within, lookup });
    seen.push(...match.found);
    if (match.taxon === null) continue;
    const excluded = await resolveExclusions(entry, match.taxon, lookup);
    return {
      resolved: { entry, taxon: match.taxon, excluded: excluded.taxa },
      problems: excluded.problems,
      notes: noteOf(entry, match.taxon, lookup),
    };
  }
  return failed(`${expected(entry, lookup)} but found ${listed(seen)}; correct its line in the queries file`);
}

interface Search {
  readonly entry: TaxonEntry;
  /** The taxa with the name in `within`, one of which must be an ancestor. Null for no such condition. */
  readonly within: readonly Taxon[] | null;
  readonly lookup: TaxonLookup;
}

interface Match {
  readonly taxon: Taxon | null;
  /** For the message: taxa with the name that were not used, otherwise similar names. */
  readonly found: readonly Taxon[];
}

/** Searches at the given rank first, because that answer is short and has no homonyms of other ranks. */
async function matchName(name: string, { entry, within, lookup }: Search): Promise<Match> {
  const fits = (taxon: Taxon): boolean => within === null || within.some(({ id }) => isTaxonWithin(taxon, id));
  if (entry.rank !== null) {
    const atRank = bearers(await lookup.find(name, entry.rank), name).filter(
      (taxon) => taxon.rank === entry.rank && fits(taxon),
    );
    if (atRank.length > 0) return single(atRank);
  }
  const all = await lookup.find(name, null);
  const named = bearers(all, name);
  const fitting = named.filter(fits);
  if (fitting.length > 0) return single(fitting);
  const synonyms = synonymBearers(all, name).filter(fits);
  const atRank = synonyms.filter((taxon) => taxon.rank === entry.rank);
  if (synonyms.length > 0) return single(atRank.length > 0 ? atRank : synonyms);
  return { taxon: null, found: named.length > 0 ? named : all };
}

function single(taxa: readonly Taxon[]): Match {
  const [taxon] = taxa;
  return taxa.length === 1 && taxon !== undefined ? { taxon, found: [] } : { taxon: null, found: taxa };
}

/** Excludes every taxon with an excluded name, so homonyms need no choice, except one that contains the wanted taxon. */
async function resolveExclusions(
  entry: TaxonEntry,
  taxon: Taxon,
  lookup: TaxonLookup,
): Promise<{ readonly taxa: readonly Taxon[]; readonly problems: readonly string[] }> {
  const byId = new Map<number, Taxon>();
  const problems: string[] = [];
  for (const name of entry.exclude) {
    const all = await lookup.find(name, null);
    const exact = bearers(all, name).filter(({ id }) => !isTaxonWithin(taxon, id));
    const below = synonymBearers(all, name).filter((other) => other.id !== taxon.id && isTaxonWithin(other, taxon.id));
    const excluded = exact.length > 0 ? exact : below;
    for (const other of excluded) byId.set(other.id, other);
    if (excluded.length > 0) continue;
    problems.push(
      `Expected an active taxon named '${name}' ${lookup.place} to exclude from ${taxonText(taxon)} but found ` +
        `${listed(all)}; ${taxon.name} is searched for without this exclusion`,
    );
  }
  return { taxa: [...byId.values()].toSorted((a, b) => a.id - b.id), problems };
}

function noteOf(entry: TaxonEntry, taxon: Taxon, lookup: TaxonLookup): readonly string[] {
  const asked = bearers([taxon], entry.taxon).length === 0 ? [`'${entry.taxon}' is ${taxonText(taxon)}`] : [];
  const rank =
    entry.rank === null || entry.rank === taxon.rank
      ? []
      : [`${taxonText(taxon)} is not of rank ${entry.rank} ${lookup.place}`];
  return [...asked, ...rank];
}

function failed(problem: string): Resolution {
  return { resolved: null, problems: [problem], notes: [] };
}

function expected({ taxon, rank, within, synonyms }: TaxonEntry, { place }: TaxonLookup): string {
  const names = [taxon, ...synonyms].map((name) => `'${name}'`).join(' or ');
  const ofRank = rank === null ? '' : ` of rank ${rank}`;
  return `Expected one active taxon named exactly ${names}${ofRank}${within === null ? '' : ` within ${within}`} ${place}`;
}

const MAX_LISTED = 5;

function listed(taxa: readonly Taxon[]): string {
  const titles = [...new Set(taxa.map((taxon) => `${taxonText(taxon)}${taxon.isActive ? '' : ', inactive'}`))];
  if (titles.length === 0) return 'nothing similar';
  const more = titles.length > MAX_LISTED ? ` and ${titles.length - MAX_LISTED} more` : '';
  return `${titles.slice(0, MAX_LISTED).join('; ')}${more}`;
}

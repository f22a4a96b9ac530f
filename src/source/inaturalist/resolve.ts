import type { TaxonEntry } from './entry.ts';
import { bearers, isWithin, synonymBearers, titleOf, type Taxon, type TaxonLookup } from './taxon.ts';

/** An entry of a class's line with the taxa that its names stand for. */
export interface ResolvedEntry {
  readonly entry: TaxonEntry;
  readonly taxon: Taxon;
  /** Taxa below it, or beside it, whose observations are not wanted; by ascending id. */
  readonly excluded: readonly Taxon[];
}

export interface Resolution {
  /** Null if the name does not resolve: then there is a problem that says so. */
  readonly resolved: ResolvedEntry | null;
  readonly problems: readonly string[];
  readonly notes: readonly string[];
}

/**
 * Finds the taxon of an entry: exactly its name among active taxa, `rank` and `within` choosing between homonyms, then
 * its synonyms in turn. A single bearer of another rank is taken, with a note, since ranks differ between authors.
 *
 * An exclusion that does not resolve is a problem, and the entry is used without it: a name that a taxonomy has given up
 * mostly leaves nothing to exclude, and what it leaves is for the people at review; without the taxon the class had nothing.
 */
export async function resolveEntry(entry: TaxonEntry, lookup: TaxonLookup): Promise<Resolution> {
  const within = entry.within === null ? null : await findWithin(entry.within, lookup);
  if (within?.length === 0) return failed(`${expected(entry, lookup)} but nothing is named exactly '${entry.within}'`);
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

async function findWithin(name: string, lookup: TaxonLookup): Promise<readonly Taxon[]> {
  return bearers(await lookup.find(name, null), name);
}

interface Search {
  readonly entry: TaxonEntry;
  /** Bearers of the name in `within`, one of which must be an ancestor; null: no such condition. */
  readonly within: readonly Taxon[] | null;
  readonly lookup: TaxonLookup;
}

interface Match {
  readonly taxon: Taxon | null;
  /** What bears the name although it was not taken, or else what resembles it: for the message. */
  readonly found: readonly Taxon[];
}

/** At its rank first: that answer is short, and homonyms of other ranks are out of question. */
async function matchName(name: string, { entry, within, lookup }: Search): Promise<Match> {
  const fits = (taxon: Taxon): boolean => within === null || within.some(({ id }) => isWithin(taxon, id));
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

/**
 * Every bearer of an excluded name is excluded, so that homonyms need no choice: what lies outside the taxon excludes
 * nothing. Only what contains the taxon is passed over, as it would exclude all.
 */
async function resolveExclusions(
  entry: TaxonEntry,
  taxon: Taxon,
  lookup: TaxonLookup,
): Promise<{ readonly taxa: readonly Taxon[]; readonly problems: readonly string[] }> {
  const byId = new Map<number, Taxon>();
  const problems: string[] = [];
  for (const name of entry.exclude) {
    const all = await lookup.find(name, null);
    const exact = bearers(all, name).filter(({ id }) => !isWithin(taxon, id));
    const below = synonymBearers(all, name).filter((other) => other.id !== taxon.id && isWithin(other, taxon.id));
    const excluded = exact.length > 0 ? exact : below;
    for (const other of excluded) byId.set(other.id, other);
    if (excluded.length > 0) continue;
    problems.push(
      `Expected an active taxon named '${name}' ${lookup.place} to exclude from ${titleOf(taxon)} but found ` +
        `${listed(all)}; ${taxon.name} is asked for without this exclusion`,
    );
  }
  return { taxa: [...byId.values()].toSorted((a, b) => a.id - b.id), problems };
}

function noteOf(entry: TaxonEntry, taxon: Taxon, lookup: TaxonLookup): readonly string[] {
  const asked = bearers([taxon], entry.taxon).length === 0 ? [`'${entry.taxon}' is ${titleOf(taxon)}`] : [];
  const rank =
    entry.rank === null || entry.rank === taxon.rank ? [] : [`${titleOf(taxon)} is no ${entry.rank} ${lookup.place}`];
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

/** How many taxa a message lists. */
const MAX_LISTED = 5;

function listed(taxa: readonly Taxon[]): string {
  const titles = [...new Set(taxa.map((taxon) => `${titleOf(taxon)}${taxon.isActive ? '' : ', inactive'}`))];
  if (titles.length === 0) return 'nothing like it';
  const more = titles.length > MAX_LISTED ? ` and ${titles.length - MAX_LISTED} more` : '';
  return `${titles.slice(0, MAX_LISTED).join('; ')}${more}`;
}

import { classText } from '../class-line.ts';
import { entriesOf, type ClassEntries, type TaxonEntry } from '../inaturalist/entry.ts';
import { resolveEntry, titleOfResolved, type ResolvedEntry } from '../inaturalist/resolve.ts';
import { foldName, TaxonSelection, type Taxon, type TaxonLookup, type WantedTaxon } from '../inaturalist/taxon.ts';
import type { WantedClass } from '../network-source.ts';
import type { ClassPlan } from './walk.repository.ts';
import { DumpTable, type DumpDeps } from './dump-table.process.ts';
import { TAXA } from './rows.ts';
import { detached } from './tsv.ts';

export interface OpenDataPlan {
  readonly plans: readonly ClassPlan[];
  /** Which classes want observations of which taxa: class numbers by taxon id. */
  readonly classesOfTaxon: ReadonlyMap<number, readonly number[]>;
}

/**
 * Names are resolved among the taxa of the dump as at the API, but without synonyms, which the dump lacks. There are two passes,
 * so that millions of unwanted taxa need not be kept: one for the names, and one for their descendants.
 */
export async function planOpenData(dump: DumpDeps, classes: readonly WantedClass[]): Promise<OpenDataPlan> {
  const asked = classes.map((wanted) => ({ wanted, ...usableEntries(wanted) }));
  const lookup = await lookUp(dump, new Set(asked.flatMap(({ entries }) => entries.flatMap(namesIn))));
  const wantedTaxa: WantedTaxon[] = [];
  const plans: ClassPlan[] = [];
  for (const [classNumber, { wanted, entries, problems, notes }] of asked.entries()) {
    const resolutions = await Promise.all(entries.map((entry) => resolveEntry(entry, lookup)));
    const resolved = resolutions.flatMap((resolution) => resolution.resolved ?? []);
    wantedTaxa.push(...resolved.map((entry) => wantedTaxon(entry, classNumber)));
    plans.push({
      wnid: wanted.wnid,
      titles: resolved.map(titleOfResolved),
      problems: [...problems, ...resolutions.flatMap((resolution) => resolution.problems)],
      notes: [...notes, ...resolutions.flatMap((resolution) => resolution.notes)],
    });
  }
  return { plans, classesOfTaxon: await select(dump, wantedTaxa) };
}

/** Leaves out entries with annotations. The dump has none, so adults or flowers cannot be told apart from other stages. */
function usableEntries(wanted: WantedClass): ClassEntries {
  const { entries, problems, notes } = entriesOf(wanted);
  const annotated = entries.filter(({ annotation }) => annotation !== null).map(({ taxon }) => taxon);
  if (annotated.length === 0) return { entries, problems, notes };
  const note = `${classText(wanted)}: ${annotated.join(', ')} not searched for, because the open data has no annotations`;
  return { entries: entries.filter(({ annotation }) => annotation === null), problems, notes: [...notes, note] };
}

function namesIn({ taxon, synonyms, within, exclude }: TaxonEntry): readonly string[] {
  return [taxon, ...synonyms, ...exclude, ...(within === null ? [] : [within])].map(foldName);
}

async function lookUp(dump: DumpDeps, names: ReadonlySet<string>): Promise<TaxonLookup> {
  const byName = new Map<string, readonly Taxon[]>();
  const keep = (taxon: Taxon): boolean => {
    const name = foldName(taxon.name);
    if (!names.has(name)) return false;
    const kept = { ...taxon, name: detached(taxon.name), rank: detached(taxon.rank) };
    byName.set(detached(name), [...(byName.get(name) ?? []), kept]);
    return true;
  };
  if (names.size > 0) await readTaxa(dump, keep);
  return {
    place: `in ${TAXA.file}`,
    find(name, rank) {
      const found = byName.get(foldName(name)) ?? [];
      return Promise.resolve(rank === null ? found : found.filter((taxon) => taxon.rank === rank));
    },
  };
}

/** The second pass: finds all descendants, including inactive taxa, because some observations still use them. */
async function select(dump: DumpDeps, wanted: readonly WantedTaxon[]): Promise<OpenDataPlan['classesOfTaxon']> {
  const classesOfTaxon = new Map<number, readonly number[]>();
  if (wanted.length === 0) return classesOfTaxon;
  const selection = new TaxonSelection(wanted);
  await readTaxa(dump, ({ id, ancestorIds }) => {
    const classes = selection.classesOf(id, ancestorIds);
    if (classes !== null) classesOfTaxon.set(id, classes);
    return classes !== null;
  });
  return classesOfTaxon;
}

async function readTaxa(dump: DumpDeps, take: (taxon: Taxon) => boolean): Promise<void> {
  const table = new DumpTable(dump, TAXA);
  for await (const taxa of table.rows()) {
    for (const taxon of taxa) if (take(taxon)) table.accept();
  }
  table.finish();
}

function wantedTaxon({ taxon, excluded }: ResolvedEntry, classNumber: number): WantedTaxon {
  return { classNumber, taxonId: taxon.id, excludedIds: new Set(excluded.map(({ id }) => id)) };
}

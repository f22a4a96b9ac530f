import { entriesOf, nameOf, type ClassEntries, type TaxonEntry } from '../inaturalist/entry.ts';
import { resolveEntry, type ResolvedEntry } from '../inaturalist/resolve.ts';
import { foldName, titleOf, type Taxon, type TaxonLookup } from '../inaturalist/taxon.ts';
import type { WantedClass } from '../network-source.ts';
import type { ClassPlan } from './class-plan.ts';
import type { DumpReader } from './dump-reader.process.ts';
import { readTaxon, TAXA } from './rows.ts';
import { detached } from './tsv.ts';
import { TaxonSelection, type WantedTaxon } from './taxon-selection.ts';

export interface PlanOptions {
  readonly classes: readonly WantedClass[];
  /** Called once for each class, before any photo. */
  readonly onPlanned?: (plan: ClassPlan) => void;
}

/**
 * Returns which classes want observations of which taxa: class numbers by taxon id. Names are resolved among the taxa of the
 * dump as at the API, but without synonyms, which the dump does not contain. There are two passes, so that millions of
 * unwanted taxa need not be kept: one for the names, and one for their descendants.
 */
export async function planOpenData(
  reader: DumpReader,
  { classes, onPlanned }: PlanOptions,
): Promise<ReadonlyMap<number, readonly number[]>> {
  const asked = classes.map((wanted) => ({ wanted, ...usableEntries(wanted) }));
  const lookup = await lookUp(reader, new Set(asked.flatMap(({ entries }) => entries.flatMap(namesIn))));
  const wantedTaxa: WantedTaxon[] = [];
  for (const [classNumber, { wanted, entries, problems, notes }] of asked.entries()) {
    const resolutions = await Promise.all(entries.map((entry) => resolveEntry(entry, lookup)));
    const resolved = resolutions.flatMap((resolution) => resolution.resolved ?? []);
    wantedTaxa.push(...resolved.map((entry) => wantedTaxon(entry, classNumber)));
    onPlanned?.({
      wnid: wanted.wnid,
      titles: resolved.map(titleOfEntry),
      problems: [...problems, ...resolutions.flatMap((resolution) => resolution.problems)],
      notes: [...notes, ...resolutions.flatMap((resolution) => resolution.notes)],
    });
  }
  return wantedTaxa.length === 0 ? new Map() : select(reader, new TaxonSelection(wantedTaxa));
}

/** Leaves out entries with annotations. The dump has none, so adults or flowers cannot be told apart from other stages. */
function usableEntries(wanted: WantedClass): ClassEntries {
  const { entries, problems, notes } = entriesOf(wanted);
  const annotated = entries.filter(({ annotation }) => annotation !== null).map(({ taxon }) => taxon);
  if (annotated.length === 0) return { entries, problems, notes };
  const note = `${nameOf(wanted)}: ${annotated.join(', ')} not searched for, because the open data has no annotations`;
  return { entries: entries.filter(({ annotation }) => annotation === null), problems, notes: [...notes, note] };
}

function namesIn({ taxon, synonyms, within, exclude }: TaxonEntry): readonly string[] {
  return [taxon, ...synonyms, ...exclude, ...(within === null ? [] : [within])].map(foldName);
}

/** The first pass: finds the taxa with one of the names. */
async function lookUp(reader: DumpReader, names: ReadonlySet<string>): Promise<TaxonLookup> {
  const byName = names.size === 0 ? new Map<string, readonly Taxon[]>() : await bearersOf(reader, names);
  return {
    place: `in ${TAXA.file}`,
    find(name, rank) {
      const found = byName.get(foldName(name)) ?? [];
      return Promise.resolve(rank === null ? found : found.filter((taxon) => taxon.rank === rank));
    },
  };
}

async function bearersOf(reader: DumpReader, names: ReadonlySet<string>): Promise<Map<string, readonly Taxon[]>> {
  const byName = new Map<string, readonly Taxon[]>();
  const table = reader.read(TAXA, readTaxon, 0);
  for await (const taxa of table.rows) {
    for (const taxon of taxa) {
      const name = foldName(taxon.name);
      if (!names.has(name)) continue;
      table.accept();
      const kept = { ...taxon, name: detached(taxon.name), rank: detached(taxon.rank) };
      byName.set(detached(name), [...(byName.get(name) ?? []), kept]);
    }
  }
  table.finish();
  return byName;
}

/** The second pass: finds all descendants, including inactive taxa, because some observations still use them. */
async function select(reader: DumpReader, selection: TaxonSelection): Promise<ReadonlyMap<number, readonly number[]>> {
  const classesOfTaxon = new Map<number, readonly number[]>();
  const table = reader.read(TAXA, readTaxon, 0);
  for await (const taxa of table.rows) {
    for (const { id, ancestorIds } of taxa) {
      const classes = selection.classesOf(id, ancestorIds);
      if (classes === null) continue;
      table.accept();
      classesOfTaxon.set(id, classes);
    }
  }
  table.finish();
  return classesOfTaxon;
}

function wantedTaxon({ taxon, excluded }: ResolvedEntry, classNumber: number): WantedTaxon {
  return { classNumber, taxonId: taxon.id, excludedIds: new Set(excluded.map(({ id }) => id)) };
}

function titleOfEntry({ taxon, excluded }: ResolvedEntry): string {
  const without = excluded.map(({ name }) => name).join(', ');
  return excluded.length === 0 ? titleOf(taxon) : `${titleOf(taxon)} without ${without}`;
}

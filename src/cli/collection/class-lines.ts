import type { QueryLine } from '../../crawl/candidates/wanted-class.ts';
import { loadClassTable } from '../../collection/class-table.process.ts';
import type { Collection } from '../../collection/collection.ts';
import { NETWORK_SOURCES, sourceOf, type SourceName } from '../../config/sources/sources.ts';
import { SEARCHES, type SearchTerms } from '../../crawl/sources/searches.ts';
import { plural } from '../text/output.ts';
import { tableText } from '../text/table.ts';

export interface ClassSummary {
  readonly wnid: string;
  readonly name: string;
  /** The name, besides its wnid, that a folder of its photos may have; null if it is not searched for. */
  readonly folder: string | null;
  /** The searches at the sources that search, by source. The other sources are given their photos. */
  readonly searches: Readonly<Record<string, SearchSummary>>;
}

export interface SearchSummary extends SearchTerms {
  /** False if it is searched by its name, because the queries file has no line for it. */
  readonly hasLine: boolean;
}

/** The searched classes (in mode O: concepts). If it takes any concept, the classes that a kept photo is taken for. */
export async function classSummaries(
  { classes, subjects, sources }: Collection,
  lines: ReadonlyMap<string, QueryLine>,
): Promise<ClassSummary[]> {
  const { byWnid } = await loadClassTable();
  if (subjects.ids === null) {
    const { wnids, nameByWnid } = classes;
    return wnids.map((wnid) => ({ wnid, name: nameByWnid.get(wnid) ?? wnid, folder: null, searches: {} }));
  }
  return subjects.ids.map((wnid) => {
    const name = subjects.nameOf(wnid);
    const scientificName = byWnid.get(wnid)?.scientificName ?? null;
    const searchesOf = (source: SourceName): [string, SearchSummary][] => {
      const searched = NETWORK_SOURCES.find((one) => one === sourceOf(source).line);
      if (searched === undefined) return [];
      const entry = lines.get(wnid)?.[searched];
      const terms = SEARCHES[searched].terms({ wnid, name, scientificName, entry });
      return [[source, { ...terms, hasLine: entry !== undefined }]];
    };
    const found = subjects.resolveLabel(name);
    const folder = found.ok && found.wnid === wnid ? name : wnid;
    return { wnid, name, folder, searches: Object.fromEntries(sources.flatMap(searchesOf)) };
  });
}

export function classTableText(classes: readonly ClassSummary[], sources: readonly SourceName[]): string {
  const searched = Object.keys(classes[0]?.searches ?? {});
  const hasFolders = sources.includes('folder') && classes.every(({ folder }) => folder !== null);
  const rows = classes.map(({ wnid, name, folder, searches: by }) => [
    wnid,
    name,
    ...(hasFolders ? [`${folder}/`] : []),
    ...searched.map((source) => searchText(by[source])),
  ]);
  return tableText(['wnid', 'name', ...(hasFolders ? ['folder'] : []), ...searched], rows);
}

function searchText(summary: SearchSummary | undefined): string {
  const { terms = [], hasLine = false } = summary ?? {};
  if (terms.length === 0) return hasLine ? 'nothing to ask for' : 'needs a line in the queries file';
  return hasLine ? plural(terms.length, 'search', 'searches') : `by name: ${terms.join(', ')}`;
}

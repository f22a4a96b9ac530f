import type { Collection } from '../../collection/collection.ts';
import { loadClassTable } from '../../collection/class-table.process.ts';
import type { NamedClass } from '../../collection/label-index.ts';

/** The classes that the models choose among, by wnid. */
export async function classesToName({
  evidenceClasses,
}: Pick<Collection, 'evidenceClasses'>): Promise<readonly NamedClass[]> {
  const { byWnid } = await loadClassTable();
  return [...evidenceClasses.nameByWnid].map(([wnid, name]) => ({
    wnid,
    name,
    synonyms: (byWnid.get(wnid)?.synonyms ?? []).filter((synonym) => synonym !== name),
  }));
}

import type { Collection } from '../../collection/collection.ts';
import { loadClassTable } from '../../collection/class-table.process.ts';
import type { ClassNames } from '../desk/desk.ts';

export async function readClassNames({ evidenceClasses }: Pick<Collection, 'evidenceClasses'>): Promise<ClassNames> {
  const { byWnid } = await loadClassTable();
  return {
    classes: [...evidenceClasses.nameByWnid].map(([wnid, name]) => ({
      wnid,
      name,
      synonyms: (byWnid.get(wnid)?.synonyms ?? []).filter((synonym) => synonym !== name),
    })),
  };
}

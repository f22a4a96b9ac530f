import type { ClassTable } from '../../../../src/core/collection/class-table.ts';
import { createLabelIndex, createNameLookup } from '../../../../src/core/collection/label-index.ts';
import { createWordNet } from '../../../../src/core/collection/wordnet.ts';

export function classTableOf(
  classes: readonly (readonly [wnid: string, name: string, ...synonyms: string[]])[] = [],
  wordNet = createWordNet([]),
): ClassTable {
  const rows = classes.map(([wnid, name, ...synonyms], index) => {
    return { index, wnid, name, synonyms, scientificName: null, imagenetA: false, imagenetO: false };
  });
  return {
    rows,
    byWnid: new Map(rows.map((row) => [row.wnid, row])),
    resolveLabel: createLabelIndex(rows, 'the 1,000 ImageNet-1k classes'),
    classesNamed: createNameLookup(rows),
    wordNet: () => wordNet,
  };
}

import { CLASS_ID } from './class-set.ts';
import type { ClassTable } from './class-table.ts';
import type { ModelClasses } from './cards/model-classes.ts';
import type { TemplateClass } from './collection-template.ts';
import { createLabelIndex } from './label-index.ts';

/**
 * Finds classes of a model by their names: one of the 1,000 classes of ImageNet if the model knows it, otherwise a class of the
 * user's own with an id made of its name. Returns the reason for a label that the model does not know.
 */
export function classFinder(
  classes: ModelClasses,
  model: string,
  table: ClassTable,
): (label: string) => TemplateClass | string {
  const labels = Array.from({ length: classes.count }, (_, i) => classes.labelOf(i));
  const own = labels.map((name, i) => ({ wnid: idOf(name, i), name, synonyms: [] }));
  const findOwn = createLabelIndex(own, `the ${classes.count} classes of '${model}'`);
  return (label) => {
    const found = table.resolveLabel(label);
    const row = found.ok ? table.byWnid.get(found.wnid) : undefined;
    if (row !== undefined && classes.positionOf(row) !== null) return row;
    const result = findOwn(label);
    if (!result.ok) return result.detail;
    const { wnid } = result;
    return { wnid, name: own.find((one) => one.wnid === wnid)?.name ?? wnid, isOwn: true };
  };
}

function idOf(name: string, position: number): string {
  const id = name.replaceAll(/[^A-Za-z0-9]+/g, '-').replaceAll(/^-|-$/g, '');
  return CLASS_ID.test(id) ? id : `class-${position + 1}`;
}

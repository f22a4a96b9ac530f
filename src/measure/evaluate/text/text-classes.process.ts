import { parseModelClasses, type ModelClasses } from '../../../core/collection/cards/model-classes.ts';
import type { ClassTable } from '../../../core/collection/class-table.ts';
import { quote } from '../../../core/tools/quote.ts';
import { UsageError } from '../../../core/kernel/errors.ts';
import { readClassEntries } from '../set/among.process.ts';
import { quoted } from '../quoted.ts';

export interface TextClasses {
  /** As the class list of a model has them. */
  readonly lines: readonly string[];
  /** As prompts have them. */
  readonly names: readonly string[];
}

/**
 * Reads a list's name, a file with one class on each line as for `models add`, or names with commas between them.
 * @throws UsageError `bad-classes`, and as `readClassEntries`
 */
export async function readTextClasses(given: string, table: ClassTable): Promise<TextClasses> {
  const lines = await readClassEntries(given, table, '--classes');
  const { classes, problems } = parseModelClasses(lines.join('\n'), '--classes');
  if (problems.length > 0) throw badClasses(problems.join('\n'));
  if (lines.length < 2) throw badClasses(`Expected at least two classes for --classes but received ${quote(given)}`);
  const shared = lines.filter((_, i) => classes.positionOf(wanted(classes, i)) !== i);
  if (shared.length > 0)
    throw badClasses(
      `Expected classes with different names for --classes but several are named ${quoted(shared)}; write a wnid before the name, or another name`,
    );
  return { lines, names: lines.map((_, i) => promptName(classes.labelOf(i), table)) };
}

function wanted(classes: ModelClasses, position: number) {
  const label = classes.labelOf(position);
  return { wnid: label, name: label };
}

/** The first of several names (`tench, Tinca tinca`), or the name of a wnid; with spaces instead of `_`. */
function promptName(label: string, table: ClassTable): string {
  const [first = label] = label.split(',');
  const known = table.byWnid.get(first)?.name;
  if (known !== undefined) return known;
  return first.replaceAll('_', ' ').trim();
}

function badClasses(message: string): UsageError {
  return new UsageError(message, { code: 'bad-classes' });
}

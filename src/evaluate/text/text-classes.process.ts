import { stat } from 'node:fs/promises';
import { parseModelClasses, type ModelClasses } from '../../collection/cards/model-classes.ts';
import { CLASS_LIST_NAMES, wnidsOf, type ClassTable } from '../../collection/class-table.ts';
import { firstOf } from '../../collection/first-of.ts';
import { didYouMean } from '../../config/nearest.ts';
import { quote } from '../../config/quote.ts';
import { readTextFile } from '../../config/read-text.ts';
import { UsageError } from '../../kernel/errors.ts';

const NAMED = 5;

export interface TextClasses {
  /** As the class list of a model has them. */
  readonly lines: readonly string[];
  /** As prompts have them. */
  readonly names: readonly string[];
}

/**
 * Reads a list's name, a file with one class on each line as for `models add`, or names with commas between them.
 * @throws UsageError `bad-classes`, `bad-model-classes`, `unreadable-file`
 */
export async function readTextClasses(given: string, table: ClassTable): Promise<TextClasses> {
  const lines = await classLines(given, table);
  const { classes, problems } = parseModelClasses(lines.join('\n'), '--classes');
  if (problems.length > 0) throw badClasses(problems.join('\n'));
  if (lines.length < 2) throw badClasses(`Expected at least two classes for --classes but received ${quote(given)}`);
  const shared = lines.filter((_, i) => classes.positionOf(wanted(classes, i)) !== i);
  if (shared.length > 0)
    throw badClasses(
      `Expected classes with different names for --classes but several are named ${firstOf(shared.map(quote), NAMED).join(', ')}; write a wnid before the name, or another name`,
    );
  return { lines, names: lines.map((_, i) => promptName(classes.labelOf(i), table)) };
}

async function classLines(given: string, table: ClassTable): Promise<readonly string[]> {
  const listName = CLASS_LIST_NAMES.find((each) => each === given);
  if (listName !== undefined) return wnidsOf(listName, table.rows);
  const found = await stat(given).catch(() => null);
  if (found?.isFile() === true) {
    const { text } = await readTextFile(given, 'a class list');
    return text.split(/\r?\n/).flatMap((line) => (/^\s*(#|$)/.test(line) ? [] : [line.trim()]));
  }
  if (given.includes(',')) return given.split(',').flatMap((one) => (one.trim() === '' ? [] : [one.trim()]));
  throw badClasses(
    `Expected a list's name (${CLASS_LIST_NAMES.join(', ')}), a file with one class on each line, or names with commas between them for --classes but received ${quote(given)}.${didYouMean(given, CLASS_LIST_NAMES)}`,
  );
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

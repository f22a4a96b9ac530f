import path from 'node:path';
import { parseClassList } from '../../../core/collection/class-set.ts';
import { CLASS_LIST_NAMES, wnidsOf, type ClassTable } from '../../../core/collection/class-table.ts';
import { firstOf } from '../../../core/collection/first-of.ts';
import { didYouMean } from '../../../core/tools/nearest.ts';
import { quote } from '../../../core/tools/quote.ts';
import { readTextFile } from '../../../core/config/read-text.ts';
import { UsageError } from '../../../core/kernel/errors.ts';
import type { Wnid } from '../../../core/kernel/ids.ts';
import { isFile } from '../../../core/platform/disk/plain-file.ts';
import { sortedAsPython } from './photo-set.ts';

/**
 * Reads a named list, a file with one class a line, or ids and names with commas.
 * @throws UsageError `bad-among`, `unreadable-file`
 */
export async function readClassEntries(text: string, table: ClassTable, flag = '--among'): Promise<readonly string[]> {
  const listName = CLASS_LIST_NAMES.find((name) => name === text);
  if (listName !== undefined) return wnidsOf(listName, table.rows);
  if (await isFile(text)) {
    const { entries, problems } = parseClassList((await readTextFile(text, 'a class list')).text, text);
    if (problems.length > 0) throw badAmong(problems.join('\n'));
    return entries.map(({ wnid }) => wnid);
  }
  if (text.includes(','))
    return text
      .split(',')
      .map((entry) => entry.trim())
      .filter((entry) => entry !== '');
  throw badAmong(
    `Expected a list's name (${CLASS_LIST_NAMES.join(', ')}), a file with one class a line, or wnids with commas between them for ${flag} but received ${quote(text)}.${didYouMean(text, CLASS_LIST_NAMES)}`,
  );
}

/** The name, in figures, of classes that a user gave and that are no bundled list: the file's, without its folder. */
export function givenName(text: string): string {
  return text.includes(',') ? 'given classes' : path.basename(text);
}

/**
 * The classes that entries mean: a folder of the set, a class of ImageNet-1k, or any other wnid. Sorted as
 * torchvision's ImageFolder sorts folders, each once.
 * @throws UsageError `bad-among`, also for fewer than two classes
 */
export function classesOfEntries(
  entries: readonly string[],
  {
    table,
    folders,
    flag = '--among',
  }: { readonly table: ClassTable; readonly folders: ReadonlySet<string>; readonly flag?: string },
): Wnid[] {
  const problems: string[] = [];
  const wnids = entries.flatMap((entry) => {
    if (folders.has(entry)) return [entry];
    const found = table.resolveLabel(entry);
    if (found.ok) return [found.wnid];
    if (/^n\d{8}$/.test(entry)) return [entry];
    problems.push(`Expected an ImageNet-1k class or a folder of the set in ${flag} but ${found.detail}`);
    return [];
  });
  if (problems.length > 0) throw badAmong(firstOf(problems, 5).join('\n'));
  const sorted = sortedAsPython([...new Set(wnids)], (wnid) => wnid);
  if (sorted.length < 2) throw badAmong(`Expected at least two classes in ${flag} but it names ${sorted.length}`);
  return sorted;
}

function badAmong(message: string): UsageError {
  return new UsageError(message, { code: 'bad-among' });
}

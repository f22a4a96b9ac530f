import { firstOf } from '../../collection/first-of.ts';
import { quote } from '../../config/quote.ts';
import type { Wnid } from '../../kernel/ids.ts';
import { badLogits, type LogitTable } from './table.ts';

export interface ClassColumns {
  /** For each class of `among`, the column that holds its values. */
  readonly columns: readonly number[];
  /** How that was found, for people: `1,000 columns, the classes of ImageNet-1k in their order`. */
  readonly assumed: string;
}

export interface KnownClasses {
  readonly among: readonly Wnid[];
  /** All classes of ImageNet-1k, sorted: the usual order of logits. */
  readonly imagenet: readonly Wnid[];
}

/**
 * Finds the columns of the classes: by wnids in the header, otherwise by their number: all classes of ImageNet-1k, or
 * those of `among`, in the order of their wnids.
 * @throws UsageError `bad-logits` if that is ambiguous or impossible
 */
export function classColumns(table: Pick<LogitTable, 'file' | 'columns' | 'names'>, known: KnownClasses): ClassColumns {
  const { file, columns, names } = table;
  const { among, imagenet } = known;
  if (names !== null && areClasses(names, known)) return columnsByName(file, names, among);
  requireOrder(file, names ?? []);
  const isAll = columns === imagenet.length;
  const isAmong = columns === among.length;
  const areSame = isAll && isAmong && among.every((wnid, i) => wnid === imagenet[i]);
  if (isAll && isAmong && !areSame)
    throw badLogits(
      file,
      `its ${columns} columns may be the classes of ImageNet-1k, or the ${among.length} classes to choose among. Name the columns: write a csv or parquet file with a header of wnids`,
    );
  if (isAll) return imagenetColumns(file, known);
  if (isAmong)
    return {
      columns: among.map((_, i) => i),
      assumed: `${columns} columns, the classes to choose among in the order of their wnids`,
    };
  throw badLogits(
    file,
    `Expected ${imagenet.length} columns (ImageNet-1k) or ${among.length} (the classes to choose among) but it has ${columns}.${hintOf(table, known)} Give the classes of the columns to --among`,
  );
}

function areClasses(names: readonly string[], { among, imagenet }: KnownClasses): boolean {
  const known = new Set([...among, ...imagenet]);
  return names.some((name) => known.has(name));
}

function columnsByName(file: string, names: readonly string[], among: readonly Wnid[]): ClassColumns {
  const twice = names.find((name, i) => names.indexOf(name) !== i);
  if (twice !== undefined) throw badLogits(file, `two columns are named ${quote(twice)}. Give each class one column`);
  const missing = among.filter((wnid) => !names.includes(wnid));
  if (missing.length > 0)
    throw badLogits(
      file,
      `its header names no column for ${firstOf(missing, 5).join(', ')}. Write a column for each class, or name fewer with --among`,
    );
  return {
    columns: among.map((wnid) => names.indexOf(wnid)),
    assumed: `${names.length} columns, the classes that the header names`,
  };
}

function imagenetColumns(file: string, { among, imagenet }: KnownClasses): ClassColumns {
  const unknown = among.filter((wnid) => !imagenet.includes(wnid));
  if (unknown.length > 0)
    throw badLogits(
      file,
      `Expected ${among.length} columns, because ${firstOf(unknown, 5).join(', ')} are not in ImageNet-1k, but it has ${imagenet.length}. Write a column for each class of --among`,
    );
  return {
    columns: among.map((wnid) => imagenet.indexOf(wnid)),
    assumed: `${imagenet.length} columns, the classes of ImageNet-1k in the order of their wnids`,
  };
}

/** Numbered columns (`0`, `logit_0`) must stand in the order of their numbers. A table that was sorted by name has 0, 1, 10, 100. */
function requireOrder(file: string, names: readonly string[]): void {
  const numbered = names.map((name) => /^(.*?)(\d+)$/.exec(name));
  if (numbered.some((match) => match === null || match[1] !== numbered[0]?.[1])) return;
  const numbers = numbered.map((match) => Number(match?.[2]));
  const wrong = numbers.findIndex((number, i) => i > 0 && number <= (numbers[i - 1] ?? -1));
  if (wrong === -1) return;
  throw badLogits(
    file,
    `Expected its columns in the order of their numbers but ${quote(names[wrong])} follows ${quote(names[wrong - 1])}. Write them in the order of the classes`,
  );
}

/** A frequent mistake that explains one column too many. */
function hintOf({ columns, names }: Pick<LogitTable, 'columns' | 'names'>, { among, imagenet }: KnownClasses): string {
  if (columns !== imagenet.length + 1 && columns !== among.length + 1) return '';
  return names === null
    ? ' Some models have a background class first: leave it out.'
    : ' The first may be the index of a data frame: write it with index=False.';
}

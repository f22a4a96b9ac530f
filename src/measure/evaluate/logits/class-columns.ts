import { firstOf } from '../../../core/collection/first-of.ts';
import { quote } from '../../../core/tools/quote.ts';
import type { Wnid } from '../../../core/kernel/ids.ts';
import { badLogits, type LogitTable } from './table.ts';
import { quoted } from '../quoted.ts';

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
  /** The classes that a name of a column may mean. */
  readonly meaningsOf?: (name: string) => readonly Wnid[];
}

/**
 * Finds the columns of the classes: by wnids or names of classes in the header. Without a header, or if it numbers the columns,
 * their number decides: all classes of ImageNet-1k, or those of `among`, in the order of their wnids.
 * @throws UsageError `bad-logits` if that is ambiguous or impossible, also for a header of other words
 */
export function classColumns(table: Pick<LogitTable, 'file' | 'columns' | 'names'>, known: KnownClasses): ClassColumns {
  const { file, names } = table;
  const named = names === null ? null : columnsByName(file, names, known);
  return named ?? columnsInOrder(table, known);
}

/** Columns without a header, or with numbers for one: their number says which classes they are. */
function columnsInOrder(table: Pick<LogitTable, 'file' | 'columns' | 'names'>, known: KnownClasses): ClassColumns {
  const { file, columns, names } = table;
  const { among, imagenet } = known;
  requireOrder(file, names ?? []);
  const isAll = columns === imagenet.length;
  const isAmong = columns === among.length;
  const areSame = isAll && isAmong && among.every((wnid, i) => wnid === imagenet[i]);
  if (isAll && isAmong && !areSame)
    throw badLogits(
      file,
      `its ${columns} columns may be the classes of ImageNet-1k, or the ${among.length} classes to choose among. Name the columns: write a csv or parquet file with a header of wnids`,
    );
  if (isAll || isAmong) requireNumbers(file, names);
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

/** Columns by wnids or names of classes. Null if no name means a class: the header then says something else. */
function columnsByName(
  file: string,
  names: readonly string[],
  { among, imagenet, meaningsOf = () => [] }: KnownClasses,
): ClassColumns | null {
  const known = new Set([...among, ...imagenet]);
  const possible = names.length === among.length ? new Set(among) : known;
  // The digits of a wnid are no number of its column.
  if (isNumbered(names) && !names.some((name) => known.has(name))) return null;
  const meanings = names.map((name) =>
    known.has(name) ? [name] : meaningsOf(name).filter((wnid) => possible.has(wnid)),
  );
  if (meanings.every(({ length }) => length === 0)) return null;
  // Each class has one column: a name of two classes means the second one if another column means the first.
  const certain = new Set(meanings.filter(({ length }) => length === 1).flat());
  const left = meanings.map((wnids) => (wnids.length > 1 ? wnids.filter((wnid) => !certain.has(wnid)) : wnids));
  const columns = among.map((wnid) => {
    const places = left.flatMap((wnids, i) => (wnids.includes(wnid) ? [i] : []));
    const [only = -1, ...more] = places;
    if (more.length === 0 && left[only]?.length === 1) return only;
    const clear = 'Name the columns by wnid, or name fewer classes with --among';
    if (places.length === 0)
      throw badLogits(file, `its header (${quoted(names)}) names no column for ${wnid}. ${clear}`);
    const listed = places.map((i) => `${quote(names[i])} (column ${i + 1})`).join(' and ');
    const others = [...new Set(places.flatMap((i) => left[i] ?? []))].filter((other) => other !== wnid);
    const means = others.length > 0 ? `may mean ${[wnid, ...others].join(' or ')}` : `both mean ${wnid}`;
    throw badLogits(file, `in its header, ${listed} ${means}. ${clear}`);
  });
  return { columns, assumed: `${names.length} columns, by the names of classes in the header (${quoted(names)})` };
}

function requireNumbers(file: string, names: readonly string[] | null): void {
  if (names === null || isNumbered(names)) return;
  throw badLogits(
    file,
    `Expected wnids, names of classes or numbers in its header but received ${quoted(names)}. Write wnids, or no header if the columns are in the order of the wnids`,
  );
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

const numberIn = (name: string) => /^(.*?)(\d+)$/.exec(name);

/** True for `0`, `1` and for `logit_0`, `logit_1`. */
function isNumbered(names: readonly string[]): boolean {
  const word = numberIn(names[0] ?? '')?.[1];
  return word !== undefined && names.every((name) => numberIn(name)?.[1] === word);
}

/** Numbered columns must stand in the order of their numbers. A table that was sorted by name has 0, 1, 10, 100. */
function requireOrder(file: string, names: readonly string[]): void {
  if (!isNumbered(names)) return;
  const numbers = names.map((name) => Number(numberIn(name)?.[2]));
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

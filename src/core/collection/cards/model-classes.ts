import { quote } from '../../tools/quote.ts';
import type { Sha256, Wnid } from '../../kernel/ids.ts';
import { sha256Of } from '../../tools/sha256.ts';
import { CLASS_ID, type ClassSet } from '../class-set.ts';
import { normaliseLabel } from '../label-index.ts';

export interface ModelClasses {
  readonly count: number;
  /** Of what the outputs stand for, in their order. */
  readonly sha256: Sha256;
  /** The output of each class, by its place; a class that the model does not know has none. */
  positionOf(wanted: ClassToFind): number | null;
  /** Of one output, for people: its name, or else its id. */
  labelOf(position: number): string;
}

export interface ClassToFind {
  readonly wnid: Wnid;
  readonly name: string;
}

interface Row {
  readonly id: Wnid | null;
  readonly name: string | null;
}

export function modelClassesOf(wnids: readonly Wnid[]): ModelClasses {
  return toModelClasses(wnids.map((id) => ({ id, name: null })));
}

/**
 * One class a line in the order of the outputs, by its wnid, by a wnid and names (`n01440764 tench, Tinca tinca`), by an id of
 * one's own, or by a name. Blank lines and lines that begin with `#` do not count.
 */
export function parseModelClasses(text: string, fileName: string): { classes: ModelClasses; problems: string[] } {
  const rows: Row[] = [];
  const problems: string[] = [];
  const firstLine = new Map<string, number>();
  for (const [i, raw] of text.split(/\r?\n/).entries()) {
    const line = raw.trim();
    if (line === '' || line.startsWith('#')) continue;
    const row = rowOf(line);
    const earlier = row.id === null ? undefined : firstLine.get(row.id);
    if (earlier !== undefined)
      problems.push(
        `Expected each class once in ${fileName} but received ${quote(row.id)} in line ${earlier} and in line ${i + 1}`,
      );
    if (row.id !== null) firstLine.set(row.id, earlier ?? i + 1);
    rows.push(row);
  }
  if (rows.length === 0) problems.push(`Expected one class a line in ${fileName} but received none`);
  return { classes: toModelClasses(rows), problems };
}

function rowOf(line: string): Row {
  const synset = /^(n\d{8})\s+(.+)$/.exec(line);
  if (synset !== null) return { id: synset[1] ?? null, name: synset[2] ?? null };
  return CLASS_ID.test(line) ? { id: line, name: line } : { id: null, name: line };
}

function toModelClasses(rows: readonly Row[]): ModelClasses {
  const byId = new Map(rows.flatMap(({ id }, i) => (id === null ? [] : [[id, i] as const])));
  const byName = new Map<string, number | null>();
  for (const [i, { name }] of rows.entries()) {
    if (name === null) continue;
    const key = normaliseLabel(name);
    // A name that several outputs share stands for none of them: guessing would swap classes.
    byName.set(key, byName.has(key) ? null : i);
  }
  return {
    count: rows.length,
    sha256: hashOf(rows),
    positionOf: ({ wnid, name }) => byId.get(wnid) ?? byName.get(normaliseLabel(name)) ?? null,
    labelOf: (position) => rows[position]?.name ?? rows[position]?.id ?? `output ${position}`,
  };
}

function hashOf(rows: readonly Row[]): Sha256 {
  const text = rows.map(({ id, name }) => id ?? name ?? '').join('\n');
  return sha256Of(text);
}

export function wantedClasses({ wnids, nameByWnid }: Pick<ClassSet, 'wnids' | 'nameByWnid'>): ClassToFind[] {
  return wnids.map((wnid) => ({ wnid, name: nameByWnid.get(wnid) ?? wnid }));
}

export function unknownClasses(classes: ModelClasses, wanted: readonly ClassToFind[]): Wnid[] {
  return wanted.filter((each) => classes.positionOf(each) === null).map(({ wnid }) => wnid);
}

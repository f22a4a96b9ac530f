import { UsageError } from '../kernel/errors.ts';
import { groupBy } from '../kernel/group-by.ts';
import type { Wnid } from '../kernel/ids.ts';
import { sha256Of } from '../tools/sha256.ts';
import { createNameLookup, type NamedClass } from './label-index.ts';

/** A noun synset of WordNet 3.0: one of the 1,000 ImageNet-1k classes (with `gloss`), or one above or below some (with `names`). */
export interface Synset {
  readonly wnid: Wnid;
  readonly gloss?: string;
  readonly names?: readonly string[];
  readonly plurals?: readonly string[];
  readonly below?: boolean;
  readonly hypernyms: readonly Wnid[];
}

/** The 1,000 classes and all their hypernyms and hyponyms in WordNet. No other synsets are in it. */
export interface WordNet {
  readonly byWnid: ReadonlyMap<Wnid, Synset>;
  /** Finds the hypernyms with this wnid or name, by the rules of ClassTable.classesNamed. */
  readonly hypernymsNamed: (label: string) => readonly NamedClass[];
  readonly hyponymsNamed: (label: string) => readonly NamedClass[];
}

export interface BundledTable {
  readonly what: string;
  readonly fileName: string;
  readonly sha256: string;
  readonly code: string;
}

/** The lines of a table whose text must have this hash, whatever its line ends. Throws a UsageError if it has another. */
export function unchangedLines(text: string, { what, fileName, sha256, code }: BundledTable): string[] {
  const content = text.replaceAll('\r\n', '\n');
  const received = sha256Of(content);
  if (received === sha256) return content.trimEnd().split('\n');
  throw new UsageError(
    `Expected ${what} with SHA-256 ${sha256} in ${fileName} but received ${received}; restore the file from the repository`,
    { code },
  );
}

/** SHA-256 of config/classes/wordnet.jsonl, which scripts/make-wordnet-table.ts generates. */
const WORDNET_SHA256 = '7b1ba9289b703933d1a2f97c8dc3705461bac24d111662e3d2b2c4ebaf7f694c';

const synsetIn: (line: string) => Synset = JSON.parse;

/** JSON Lines: see config/classes/README.md. @throws UsageError `bad-wordnet-table` if the text has another hash */
export function parseWordNet(text: string, fileName: string): WordNet {
  const table = { what: 'the WordNet table', fileName, sha256: WORDNET_SHA256, code: 'bad-wordnet-table' };
  return createWordNet(unchangedLines(text, table).map(synsetIn));
}

export function createWordNet(synsets: readonly Synset[]): WordNet {
  const named = synsets.flatMap(({ wnid, names, plurals = [], below = false }) => {
    const name = names?.[0];
    return names === undefined || name === undefined ? [] : [{ wnid, name, synonyms: [...names, ...plurals], below }];
  });
  return Object.freeze({
    byWnid: new Map(synsets.map((synset) => [synset.wnid, synset])),
    hypernymsNamed: createNameLookup(named.filter(({ below }) => !below)),
    hyponymsNamed: createNameLookup(named.filter(({ below }) => below)),
  });
}

/** A short description of a class: its gloss up to the first semicolon. Empty for an id that is not a class. */
export function shortGloss(wnid: Wnid, { byWnid }: WordNet): string {
  return byWnid.get(wnid)?.gloss?.split(';', 1)[0] ?? '';
}

/** All hypernyms of a synset, the nearest first. Empty for an id that is not in the table. */
export function hypernymsOf(wnid: Wnid, { byWnid }: WordNet): ReadonlySet<Wnid> {
  const above = new Set<Wnid>(byWnid.get(wnid)?.hypernyms);
  // Iterating a set follows the order of insertion and includes items that are added during the iteration.
  for (const hypernym of above) for (const next of byWnid.get(hypernym)?.hypernyms ?? []) above.add(next);
  return above;
}

export function classesBelow(wnids: readonly Wnid[], wordNet: WordNet): Wnid[] {
  const classes = [...wordNet.byWnid.values()].filter(({ gloss }) => gloss !== undefined);
  return classes
    .map(({ wnid }) => wnid)
    .filter((wnid) => {
      const above = hypernymsOf(wnid, wordNet);
      return wnids.some((wanted) => above.has(wanted));
    });
}

/** Two classes that are hard or impossible to tell apart in a photo. */
export interface RelatedPair {
  /** `overlap`: the first class is a hypernym of the second. `siblings`: both stand directly below the same synset. */
  readonly relation: 'overlap' | 'siblings';
  readonly wnids: readonly [Wnid, Wnid];
  /** For an overlap, the first of the two classes. For siblings, the first synset that they share. */
  readonly hypernym: Wnid;
}

/** Overlaps come first. The wnids must have no duplicates. Ids that are not in the table are in no pair. */
export function relatedPairs(wnids: readonly Wnid[], wordNet: WordNet): RelatedPair[] {
  const listed = new Set(wnids);
  const overlaps = wnids.flatMap((wnid) =>
    [...hypernymsOf(wnid, wordNet)]
      .filter((hypernym) => listed.has(hypernym))
      .map((hypernym): RelatedPair => ({ relation: 'overlap', wnids: [hypernym, wnid], hypernym })),
  );
  return [...overlaps, ...siblingsAmong(wnids, wordNet)];
}

function siblingsAmong(wnids: readonly Wnid[], { byWnid }: WordNet): RelatedPair[] {
  const links = wnids.flatMap((wnid) => (byWnid.get(wnid)?.hypernyms ?? []).map((hypernym) => ({ wnid, hypernym })));
  const pairs = [...groupBy(links, ({ hypernym }) => hypernym).values()].flatMap((children) =>
    children.flatMap(({ wnid, hypernym }, i) =>
      children.slice(i + 1).map((other): RelatedPair => {
        return { relation: 'siblings', wnids: [wnid, other.wnid], hypernym };
      }),
    ),
  );
  // The last of equal keys wins, so the pairs are inserted in reverse order to keep the first of each.
  return [...new Map(pairs.toReversed().map((pair) => [pair.wnids.join(' '), pair])).values()].toReversed();
}

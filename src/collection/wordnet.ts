import { createHash } from 'node:crypto';
import * as z from 'zod';
import { UsageError } from '../kernel/errors.ts';
import { groupBy } from '../kernel/group-by.ts';
import type { Wnid } from '../kernel/ids.ts';
import { createNameLookup, type NamedClass } from './label-index.ts';

const synsetSchema = z.strictObject({
  wnid: z.string(),
  gloss: z.string().optional(),
  names: z.array(z.string()).optional(),
  plurals: z.array(z.string()).optional(),
  hypernyms: z.array(z.string()),
});

/** A noun synset of WordNet 3.0: one of the 1,000 ImageNet-1k classes (with `gloss`), or a hypernym of some (with `names`). */
export type Synset = Readonly<z.output<typeof synsetSchema>>;

/** The 1,000 classes and all their hypernyms in WordNet. No other synsets are in it. */
export interface WordNet {
  readonly byWnid: ReadonlyMap<Wnid, Synset>;
  /** Finds the hypernyms with this wnid or name, by the rules of ClassTable.classesNamed. */
  readonly hypernymsNamed: (label: string) => readonly NamedClass[];
}

/** The WordNet table's file, which scripts/make-wordnet-table.ts generates. */
export interface WordNetFile {
  readonly text: string;
  /** The file's name in messages. */
  readonly fileName: string;
  readonly sha256: string;
}

/**
 * Reads the WordNet table (JSON Lines, config/classes/README.md).
 *
 * @throws UsageError `bad-wordnet-table` if the text has another hash
 */
export function parseWordNet({ text, fileName, sha256 }: WordNetFile): WordNet {
  const content = text.replaceAll('\r\n', '\n');
  const received = createHash('sha256').update(content, 'utf8').digest('hex');
  if (received !== sha256) {
    throw new UsageError(
      `Expected the WordNet table with SHA-256 ${sha256} in ${fileName} but received ${received}; restore the file from the repository`,
      { code: 'bad-wordnet-table' },
    );
  }
  return createWordNet(z.array(synsetSchema).parse(content.trimEnd().split('\n').map(parseJson)));
}

/** Creates a table of the given synsets. */
export function createWordNet(synsets: readonly Synset[]): WordNet {
  const hypernyms = synsets.flatMap(({ wnid, names, plurals = [] }) => {
    const name = names?.[0];
    return names === undefined || name === undefined ? [] : [{ wnid, name, synonyms: [...names, ...plurals] }];
  });
  return Object.freeze({
    byWnid: new Map(synsets.map((synset) => [synset.wnid, synset])),
    hypernymsNamed: createNameLookup(hypernyms),
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

/** The ImageNet-1k classes below any of the given synsets, sorted. */
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

/**
 * Finds the pairs of classes in a list that overlap or are siblings in WordNet. Overlaps come first.
 *
 * @param wnids must have no duplicates; ids that are not in the table are in no pair
 */
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

function parseJson(line: string): unknown {
  return JSON.parse(line);
}

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

/** A noun of WordNet 3.0: one of the 1,000 ImageNet-1k classes (with `gloss`), or one that stands above some of them (with `names`). */
export type Synset = Readonly<z.output<typeof synsetSchema>>;

/** The 1,000 classes and everything above them in WordNet. It has no synset below a class, nor any other. */
export interface WordNet {
  readonly byWnid: ReadonlyMap<Wnid, Synset>;
  /** The synsets above the classes that have the label as wnid or name, as ClassTable.classesNamed finds classes. */
  readonly hypernymsNamed: (label: string) => readonly NamedClass[];
}

/** The file's text with line feeds as line ends; scripts/make-wordnet-table.ts makes the file. */
export interface WordNetFile {
  readonly text: string;
  /** As messages show it. */
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

/** The table of some synsets. */
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

/** What a class is, in a few words: its gloss up to the first semicolon. Empty for an id that is no class. */
export function shortGloss(wnid: Wnid, { byWnid }: WordNet): string {
  return byWnid.get(wnid)?.gloss?.split(';', 1)[0] ?? '';
}

/** Everything above a synset, nearest first; empty for an id that the table has not. */
export function hypernymsOf(wnid: Wnid, { byWnid }: WordNet): ReadonlySet<Wnid> {
  const above = new Set<Wnid>(byWnid.get(wnid)?.hypernyms);
  // A set is iterated in the order of insertion, also over what is added during the iteration.
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

/** Two classes that a photo can hardly tell apart, or cannot. */
export interface RelatedPair {
  /** `overlap`: the first is above the second. `siblings`: both stand directly below the same synset. */
  readonly relation: 'overlap' | 'siblings';
  readonly wnids: readonly [Wnid, Wnid];
  /** Overlap: the first of the two. Siblings: the synset that they share, the first one if there are several. */
  readonly hypernym: Wnid;
}

/**
 * The pairs of a list of classes that overlap or are siblings in WordNet. Overlaps come first.
 *
 * @param wnids each once; ids that the table has not are in no pair.
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
  // The last of equal keys wins, so the pairs are put in from the last to the first.
  return [...new Map(pairs.toReversed().map((pair) => [pair.wnids.join(' '), pair])).values()].toReversed();
}

function parseJson(line: string): unknown {
  return JSON.parse(line);
}

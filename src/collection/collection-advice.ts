import { firstOf } from './first-of.ts';
import { classListSha256, wnidsOf, type ClassTable } from './class-table.ts';
import type { Collection } from './collection.ts';
import { relatedPairs, type RelatedPair } from './wordnet.ts';

/** Among fewer classes the models are hardly ever wrong; the paper's have 200. */
const FEW_CLASSES = 100;

/** What a usable collection will probably not give its curator, in sentences. What is wrong with it `checkCollection` says. */
export function collectionAdvice(collection: Collection, table: ClassTable): string[] {
  // Mode O has no true class to mistake, and its model chooses among all that it knows.
  if (collection.mode === 'O') return [];
  return [...fewClasses(collection, table), ...relatedClasses(collection, table)];
}

function fewClasses({ evidenceClasses: { wnids } }: Collection, { byWnid }: ClassTable): string[] {
  if (wnids.length >= FEW_CLASSES) return [];
  const cure = wnids.every((wnid) => byWnid.has(wnid))
    ? "Write 'among: imagenet-1k' into the file."
    : "List more classes that the models know under 'among'.";
  return [
    `The models choose among only ${wnids.length} classes. With fewer classes to mistake a photo for, they mistake far fewer photos, ` +
      `and far fewer are kept: of the 76 sample photos of 20 classes, 3 among these 20 and 16 among the 1,000 of ImageNet. ${cure}`,
  ];
}

/** The released list of ImageNet-A was chosen by people for this very reason, so nothing is said of its own siblings. */
function relatedClasses({ classes }: Collection, table: ClassTable): string[] {
  if (classes.sha256 === classListSha256(wnidsOf('imagenet-a', table.rows))) return [];
  const nameOf = (wnid: string): string => classes.nameByWnid.get(wnid) ?? wnid;
  const pairs = relatedPairs(classes.wnids, table.wordNet());
  if (pairs.length === 0) return [];
  const parents = table.wordNet().byWnid;
  const textOf = ({ relation, wnids: [first, second], hypernym }: RelatedPair): string =>
    relation === 'overlap'
      ? `every ${nameOf(second)} is a ${nameOf(first)}`
      : `${nameOf(first)} and ${nameOf(second)} (both are kinds of ${parents.get(hypernym)?.names?.[0] ?? hypernym})`;
  return [
    `In WordNet ${pairs.length === 1 ? 'one pair' : `${pairs.length.toLocaleString('en')} pairs`} of 'classes' overlap or are siblings: ${firstOf(pairs.map(textOf), PAIRS_LISTED).join('; ')}. ` +
      'The paper takes only classes whose confusion would be an egregious mistake. To take one of a pair for the other is none: leave one of each pair out.',
  ];
}

const PAIRS_LISTED = 5;

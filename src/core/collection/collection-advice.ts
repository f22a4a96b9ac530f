import { firstOf } from './first-of.ts';
import { classListSha256, wnidsOf, type ClassTable } from './class-table.ts';
import type { Collection } from './collection.ts';
import { MODES } from './modes.ts';
import { relatedPairs, type RelatedPair } from './wordnet.ts';

/** With fewer classes than this the models are hardly ever wrong. The paper's lists have 200. */
const FEW_CLASSES = 100;

/** Warns of choices in a valid collection that probably lead to poor results, in sentences. `checkCollection` reports errors. */
export function collectionAdvice(collection: Collection, table: ClassTable): string[] {
  // In mode O a photo has no true class, and the model always chooses among all its classes.
  if (!MODES[collection.mode].showsClass) return [];
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

/** Warns of related classes. The released list of ImageNet-A gets no warning: people have checked its classes for this. */
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
      'The paper uses only classes whose confusion would be an egregious mistake. Confusing the two classes of such a pair is not. Remove one class of each pair.',
  ];
}

const PAIRS_LISTED = 5;

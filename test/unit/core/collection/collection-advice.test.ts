import { describe, expect, it } from 'vitest';
import { createClassSet } from '../../../../src/core/collection/class-set.ts';
import { collectionAdvice } from '../../../../src/core/collection/collection-advice.ts';
import { completeCollection, draftCollection, type Collection } from '../../../../src/core/collection/collection.ts';
import { classSubjects } from '../../../../src/core/collection/subjects.ts';
import { createWordNet } from '../../../../src/core/collection/wordnet.ts';
import { parseYaml } from '../../../../src/core/config/yaml.ts';
import { classTableOf } from './class-table-of.ts';

const WORDNET = createWordNet([
  { wnid: 'n1', names: ['animal'], hypernyms: [] },
  { wnid: 'n2', gloss: 'a dog', hypernyms: ['n1'] },
  { wnid: 'n3', gloss: 'a small hound', hypernyms: ['n2'] },
  { wnid: 'n4', gloss: 'a cat', hypernyms: ['n1'] },
]);
const NAMES = { n2: 'dog', n3: 'beagle', n4: 'cat' };
const TABLE = classTableOf([], WORDNET);

/** @param others how many more classes the models choose among */
function collectionOf(wnids: readonly (keyof typeof NAMES)[], others: number): Collection {
  const text = `name: x\nclasses: [${wnids.join(', ')}]`;
  const { draft } = draftCollection(parseYaml(text, 'c.yaml'));
  if (draft === null) throw new Error(`Expected a collection but received ${text}`);
  const entries = wnids.map((wnid) => ({ wnid, name: NAMES[wnid], where: 'c.yaml:2' }));
  const further = Array.from({ length: others }, (_, i) => ({ wnid: `x${i}`, name: `other ${i}`, where: 'c.yaml:3' }));
  const { classes } = createClassSet(entries, TABLE);
  const evidenceClasses = createClassSet([...entries, ...further], TABLE).classes;
  const found = {
    classes,
    evidenceClasses,
    subjects: classSubjects(classes),
    queries: null,
    file: '/c.yaml',
    text: '',
  };
  return completeCollection(draft, { ...found, bytes: new Uint8Array() });
}

describe('advice on a collection', () => {
  it('names classes that overlap before those that are siblings, by the names that the file gives', () => {
    expect(collectionAdvice(collectionOf(['n2', 'n3', 'n4'], 100), TABLE)).toEqual([
      expect.stringMatching(
        /^In WordNet 2 pairs of 'classes' overlap or are siblings: every beagle is a dog; dog and cat \(both are kinds of animal\)\. /,
      ),
    ]);
  });

  it('is empty for unrelated classes among many', () => {
    expect(collectionAdvice(collectionOf(['n3', 'n4'], 100), TABLE)).toEqual([]);
  });

  it("does not mention the 1,000 classes of ImageNet if some class is the user's own", () => {
    const [advice = ''] = collectionAdvice(collectionOf(['n3', 'n4'], 90), TABLE);
    expect(advice).toMatch(/among only 92 classes.* List more classes that the models know under 'among'\.$/);
  });
});

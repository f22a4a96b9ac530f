import { readFile } from 'node:fs/promises';
import path from 'node:path';
import { describe, expect, it } from 'vitest';
import { loadClassTable } from '../../../../src/core/collection/class-table.process.ts';
import { packageRoot } from '../../../../src/core/config/root.ts';
import {
  classesBelow,
  createWordNet,
  hypernymsOf,
  parseWordNet,
  relatedPairs,
} from '../../../../src/core/collection/wordnet.ts';

const table = await loadClassTable();
const wordNet = table.wordNet();
const wnidOf = (name: string): string => {
  const result = table.resolveLabel(name);
  if (!result.ok) throw new Error(result.detail);
  return result.wnid;
};

describe('the WordNet table', () => {
  it('has a gloss for each of the 1,000 classes, and all hypernyms up to entity', () => {
    expect(table.rows.filter(({ wnid }) => (wordNet.byWnid.get(wnid)?.gloss ?? '') === '')).toEqual([]);
    expect(wordNet.byWnid.get(wnidOf('kite'))?.gloss).toContain('hawk');
    expect(table.rows.filter(({ wnid }) => !hypernymsOf(wnid, wordNet).has('n00001740'))).toEqual([]);
    expect(
      [...wordNet.byWnid.values()].flatMap(({ hypernyms }) => hypernyms).filter((up) => !wordNet.byWnid.has(up)),
    ).toEqual([]);
  });

  it('has the 118 breeds below the dog', () => {
    expect(classesBelow(['n02084071'], wordNet)).toHaveLength(118);
    expect(classesBelow(['n02084071'], wordNet)).toContain(wnidOf('golden retriever'));
    expect(classesBelow(['n99999999'], wordNet)).toEqual([]);
  });

  it.each([
    ['dog', 'n02084071'],
    ['N02084071-dogs', 'n02084071'],
    ['Trucks', 'n04490091'],
    ['wolves', 'n02114100'],
    ['foxes', 'n02118333'],
    ['berries', 'n07742704'],
    ['Canis familiaris', 'n02084071'],
  ])('finds the hypernym %s', (label, wnid) => {
    expect(wordNet.hypernymsNamed(label).map((hypernym) => hypernym.wnid)).toEqual([wnid]);
  });

  it('finds every hypernym by its wnid and by each of its names', () => {
    const labels = [...wordNet.byWnid.values()].flatMap(({ wnid, names, below }) =>
      names === undefined || below === true ? [] : [wnid, ...names],
    );
    expect(labels.length).toBeGreaterThan(2000);
    expect(labels.filter((label) => wordNet.hypernymsNamed(label).length === 0)).toEqual([]);
  });

  it('finds every hyponym by its wnid and by each of its names, and no hypernym or class', () => {
    const all = [...wordNet.byWnid.values()];
    const labelsOf = (isBelow: boolean) =>
      all.flatMap(({ wnid, names = [], below = false }) => (below === isBelow ? [wnid, ...names] : []));
    expect(labelsOf(true).filter((label) => wordNet.hyponymsNamed(label).length === 0)).toEqual([]);
    const wnids = new Set(all.filter(({ below }) => below === true).map(({ wnid }) => wnid));
    expect(
      labelsOf(false)
        .flatMap((label) => wordNet.hyponymsNamed(label))
        .filter(({ wnid }) => !wnids.has(wnid)),
    ).toEqual([]);
    expect(wnids.size).toBe(1474);
  });

  it('is refused if it was changed, except for its line ends', async () => {
    const text = await readFile(path.join(packageRoot, 'config/classes/wordnet.jsonl'), 'utf8');
    const parse = (changed: string) => parseWordNet(changed, 'wordnet.jsonl');
    expect(parse(text.replaceAll('\n', '\r\n')).byWnid.size).toBe(3334);
    expect(() => parse(text.replace('n02084071', 'n02084072'))).toThrow(
      /^Expected the WordNet table with SHA-256 \w{64} in wordnet.jsonl but received \w{64}; restore the file/,
    );
  });
});

describe('relatedPairs', () => {
  const family = createWordNet([
    { wnid: 'n00000001', names: ['dog'], hypernyms: [] },
    { wnid: 'n00000002', names: ['spaniel'], hypernyms: ['n00000001'] },
    { wnid: 'n00000003', gloss: 'a cocker', hypernyms: ['n00000002'] },
    { wnid: 'n00000004', gloss: 'a springer', hypernyms: ['n00000002', 'n00000001'] },
    { wnid: 'n00000005', gloss: 'a pug', hypernyms: ['n00000001'] },
  ]);

  it('finds classes of which one is a hypernym of the other, at any distance', () => {
    expect(relatedPairs(['n00000003', 'n00000001'], family)).toEqual([
      { relation: 'overlap', wnids: ['n00000001', 'n00000003'], hypernym: 'n00000001' },
    ]);
  });

  it('finds each pair of siblings once, with the first synset that they share', () => {
    const siblings = (a: string, b: string, hypernym: string) => ({ relation: 'siblings', wnids: [a, b], hypernym });
    expect(relatedPairs(['n00000003', 'n00000004', 'n00000005'], family)).toEqual([
      siblings('n00000003', 'n00000004', 'n00000002'),
      siblings('n00000004', 'n00000005', 'n00000001'),
    ]);
  });

  it('finds no overlap among the 1,000 classes, and siblings', () => {
    const pairs = relatedPairs(
      table.rows.map(({ wnid }) => wnid),
      wordNet,
    );
    expect(pairs.filter(({ relation }) => relation === 'overlap')).toEqual([]);
    const wolves = [wnidOf('timber wolf'), wnidOf('white wolf')];
    expect(pairs).toContainEqual({ relation: 'siblings', wnids: wolves, hypernym: 'n02114100' });
  });
});

import { describe, expect, it } from 'vitest';
import type { Answers } from '../../../../src/measure/evaluate/metrics/kendall.ts';
import { creatorsOf, fairnessFrom, rankingOf, type FairnessFacts } from '../../../../src/measure/report/fairness.ts';

const answers = (text: string): Answers => text.split('').map((one) => (one === '?' ? null : one === '1'));
const model = (name: string, onSet: string) => ({
  model: name,
  isMember: name === 'm' || name === 'n',
  sharesBackbone: name === 'head',
  onSet: answers(onSet),
});
const without = (member: string, on: string, undecided = 0) => ({
  counts: { member, kept: 4, removed: 0, gained: on.length - 4, undecided },
  answers: answers(on),
});
const photosBy = (creators: readonly (string | null)[]): FairnessFacts['photos'] =>
  creators.map((creator) => ({ rights: { source: 'flickr', creator } }) as FairnessFacts['photos'][number]);

const FACTS: FairnessFacts = {
  models: [model('a', '0110'), model('b', '0?00'), model('head', '1111'), model('m', '0000'), model('n', '0000')],
  leftOut: [without('m', '000011'), without('n', '00001')],
  photos: photosBy(['Ana', 'Ben', 'Ana', null]),
  isFilled: false,
};
const NONE = { kendallTau: null, kendallTauLow: null, kendallTauHigh: null };

describe('fairness of a report', () => {
  it('measures a member where the others keep photos, and another model on the set', () => {
    const { models } = fairnessFrom(FACTS, NONE);
    expect(models.map(({ model: name, photos, accuracy }) => [name, photos, accuracy])).toEqual([
      ['a', 4, 0.5],
      ['b', 3, 0],
      ['m', 6, 2 / 6],
      ['n', 5, 0.2],
    ]);
  });

  it('ranks members by their own photos, and leaves out heads over their backbones', () => {
    const { ranked, onSet, own } = rankingOf(FACTS);
    expect(ranked).toEqual(['a', 'b', 'm', 'n']);
    expect(onSet).toEqual(['0110', '0?00', '0000', '0000'].map(answers));
    expect(own).toEqual([null, null, answers('000011'), answers('00001')]);
  });

  it.each([
    ['photos are undecided', [without('m', '000011', 1), without('n', '00001')]],
    ['a centre crop was not seen', [without('m', '00001?'), without('n', '00001')]],
  ])('knows no accuracy of the member and no ranking if %s', (_, leftOut) => {
    const { models, ranked } = fairnessFrom({ ...FACTS, leftOut }, NONE);
    expect(models.find(({ model: name }) => name === 'm')?.accuracy).toBeNull();
    expect(ranked).toEqual([]);
  });

  it('leaves out photos that stay without evidence after it was filled', () => {
    const leftOut = [without('m', '00001?', 1), without('n', '00001')];
    const { models, ranked } = fairnessFrom({ ...FACTS, leftOut, isFilled: true }, NONE);
    expect(models.find(({ model: name }) => name === 'm')).toMatchObject({ photos: 5, accuracy: 0.2, unread: 2 });
    expect(ranked).toEqual(['a', 'b', 'm', 'n']);
  });

  it('compares no rankings with one member', () => {
    expect(fairnessFrom({ ...FACTS, leftOut: [] }, NONE)).toMatchObject({ leftOut: [], ranked: [], kendallTau: null });
  });

  it('takes the photos of one creator at one source as a cluster, and each photo without one as its own', () => {
    expect(creatorsOf(FACTS.photos)).toEqual({ clusters: [0, 1, 0, 2], creators: 2, unnamed: 1 });
    for (const creators of [
      [null, null, null, null],
      ['Ana', 'Ana', 'Ana', 'Ana'],
    ])
      expect(fairnessFrom({ ...FACTS, photos: photosBy(creators) }, NONE).byCreator).toBeNull();
  });
});

import { describe, expect, it } from 'vitest';
import { toDecisionLine, type LineNames } from '../../../../../src/core/filter/run/decision-line.ts';
import type { DecisionRow, StoredCropRow } from '../../../../../src/core/filter/run/decision-list.repository.ts';
import { softmax } from '../../../../../src/core/models/evidence/softmax.ts';

const names: LineNames = {
  wnids: ['n01', 'n02', 'n03'],
  memberIds: [70, 71],
  memberNames: ['lite0', 'lite1'],
  sigmoidIds: [],
  nameOf: (wnid) => `the ${wnid}`,
};

const crop: StoredCropRow = {
  memberId: 71,
  crop: 4,
  top1: 2,
  pTop1: 0.9,
  pTrue: 0.05,
  logits: null,
};
const dropped: DecisionRow = {
  sha256: 'ab'.repeat(32),
  wnid: 'n02',
  candidates: [
    { source: 'folder', sourceId: 'b.jpg@1' },
    { source: 'flickr', sourceId: '77' },
  ],
  state: 'dropped',
  reason: 'confident',
  detail: null,
  maxTrueProb: 0.3,
  isLowerBound: true,
  memberId: 70,
  crop: 9,
  confusionWnid: null,
  confusionProb: null,
  crops: [crop],
};
const nothing = { reason: null, maxTrueProb: null, isLowerBound: null, memberId: null, crop: null };
const undecided: DecisionRow = { ...dropped, ...nothing, state: 'undecided' };

describe('toDecisionLine', () => {
  it('has exactly the fields of the contract, with names for ids and positions', () => {
    expect(toDecisionLine(dropped, names)).toEqual({
      sha256: dropped.sha256,
      wnid: 'n02',
      source: 'folder',
      sourceId: 'b.jpg@1',
      candidates: dropped.candidates,
      state: 'dropped',
      reason: 'confident',
      maxTrueProb: 0.3,
      maxTrueProbIsLowerBound: true,
      decidedBy: { model: 'lite0', crop: 9 },
      confusion: null,
      crops: [{ model: 'lite1', crop: 4, top1: 'n03', pTop1: 0.9, pTrue: 0.05 }],
      detail: null,
    });
  });

  it('names the confusion of a kept photo', () => {
    const kept = { ...dropped, state: 'kept', memberId: null, crop: null, confusionWnid: 'n03', confusionProb: 0.8 };
    expect(toDecisionLine({ ...kept, state: 'kept' }, names)).toMatchObject({
      decidedBy: null,
      confusion: { wnid: 'n03', name: 'the n03', prob: 0.8 },
    });
  });

  it('tells what is known of an undecided photo: the largest p(true) so far, or null', () => {
    const some = toDecisionLine({ ...undecided, crops: [crop, { ...crop, crop: 9, pTrue: 0.07 }] }, names);
    expect(some).toMatchObject({ maxTrueProb: 0.07, maxTrueProbIsLowerBound: true, decidedBy: null });
    expect(toDecisionLine({ ...undecided, crops: [] }, names)).toMatchObject({ maxTrueProb: null, crops: [] });
    expect(toDecisionLine({ ...undecided, crops: [{ ...crop, pTrue: null }] }, names)).toMatchObject({
      maxTrueProb: null,
    });
  });

  it('derives p(true) from float32 logits where it is not stored', () => {
    const logits = Float32Array.from([1.5, -0.1, 3]);
    const hex = Buffer.from(logits.buffer).toString('hex');
    const line = toDecisionLine({ ...dropped, crops: [{ ...crop, pTrue: null, logits: hex }] }, names);
    expect(line.crops[0]?.pTrue).toBe(softmax(logits)[1]);
  });

  it('names a member that the ensemble no longer has by its id', () => {
    expect(toDecisionLine({ ...dropped, memberId: 12 }, names).decidedBy).toEqual({ model: 'member 12', crop: 9 });
  });
});

import { describe, expect, it } from 'vitest';
import { decisionOf, undecodable } from '../../../../../src/core/filter/rule/decision.ts';
import type { Outcome } from '../../../../../src/core/filter/rule/decide.ts';

const names = { wnids: ['n01', 'n02', 'n03'], memberIds: [70, 71] };
const of = (outcome: Outcome) => decisionOf(5, 'n02', { outcome, names });

describe('decisionOf', () => {
  it('is nothing while the outcome is open', () => {
    expect(of({ state: 'undecided', missing: [{ member: 0, crop: 4 }] })).toBeNull();
  });

  it('names the member and the crop that dropped the photo', () => {
    const dropped = of({
      state: 'dropped',
      reason: 'confident',
      decidedBy: { member: 1, crop: 0 },
      maxTrueProb: 0.2,
      maxTrueProbIsLowerBound: true,
    });
    expect(dropped).toEqual({
      photoId: 5,
      wnid: 'n02',
      state: 'dropped',
      reason: 'confident',
      detail: null,
      maxTrueProb: 0.2,
      isLowerBound: true,
      memberId: 71,
      crop: 0,
      confusionWnid: null,
      confusionProb: null,
    });
  });

  it('names what a kept photo is taken for', () => {
    expect(of({ state: 'kept', maxTrueProb: 0, confusion: 2, confusionProb: 0.7 })).toMatchObject({
      state: 'kept',
      reason: null,
      maxTrueProb: 0,
      isLowerBound: false,
      memberId: null,
      confusionWnid: 'n03',
      confusionProb: 0.7,
    });
  });
});

it('undecodable fails the photo, says why, and knows no probability', () => {
  expect(undecodable(5, 'n02', 'cut off')).toMatchObject({
    state: 'failed',
    reason: 'undecodable',
    detail: 'cut off',
    maxTrueProb: null,
    isLowerBound: true,
  });
});

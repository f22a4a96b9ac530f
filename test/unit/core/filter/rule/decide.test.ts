import { describe, expect, it } from 'vitest';
import { cropOrder } from '../../../../../src/core/filter/rule/crop-order.ts';
import { decide } from '../../../../../src/core/filter/rule/decide.ts';
import type { Policy } from '../../../../../src/core/filter/rule/policy.ts';
import { CROPS_PER_MEMBER, summariseCrop, type CropRef } from '../../../../../src/core/models/evidence/evidence.ts';
import { cellOf, emptyMatrix, POLICIES, reveal } from './cases.ts';
import type { Case, Matrix } from './cases.ts';

const MAX_ANY: Policy = { threshold: 0.15, aggregation: 'max', members: 'any' };
const ALL_CROPS = Array.from({ length: CROPS_PER_MEMBER }, (_, crop) => crop);

function uniform(members: number, logits: readonly number[], truth: number): Matrix {
  const cell = summariseCrop(Float32Array.from(logits), [truth]);
  return Array.from({ length: members }, () => ALL_CROPS.map(() => cell));
}

describe.each(POLICIES)('decide with aggregation $aggregation and members $members', (rules) => {
  it('is undecided on no evidence, and wants the centre crop of the first member first', () => {
    const outcome = decide(emptyMatrix(2), 0, { ...rules, threshold: 0.15 });
    const missing = cropOrder(2);
    expect(outcome).toEqual({ state: 'undecided', missing });
    expect(missing[0]).toEqual({ member: 0, crop: 4 });
  });

  it('keeps at exactly the threshold and drops just above it', () => {
    const full = uniform(2, [1, 1, 1, 1], 3);
    expect(decide(full, 3, { ...rules, threshold: 0.25 })).toEqual({
      state: 'kept',
      maxTrueProb: 0.25,
      confusion: 0,
      confusionProb: 0.25,
    });
    const below = 0.25 - 2 ** -54;
    expect(decide(full, 3, { ...rules, threshold: below })).toMatchObject({
      state: 'dropped',
      reason: 'confident',
      maxTrueProb: 0.25,
      maxTrueProbIsLowerBound: false,
    });
  });

  it('counts a tie for the first class in the list', () => {
    expect(decide(uniform(2, [2, 2, 0], 0), 0, { ...rules, threshold: 0.9 })).toMatchObject({ reason: 'correct' });
    expect(decide(uniform(2, [2, 2, 0], 1), 1, { ...rules, threshold: 0.9 })).toMatchObject({
      state: 'kept',
      confusion: 0,
    });
    expect(decide(uniform(1, [0, 2, -9, 2], 2), 2, { ...rules, threshold: 0.9 })).toMatchObject({ confusion: 1 });
  });

  it('decides each of several classes by itself', () => {
    const logits = Float32Array.from([4, 0, 0]);
    const cell = summariseCrop(logits, [0, 1]);
    const full = Array.from({ length: 2 }, () => ALL_CROPS.map(() => cell));
    expect(decide(full, 0, { ...rules, threshold: 0.15 })).toMatchObject({ state: 'dropped', reason: 'correct' });
    expect(decide(full, 1, { ...rules, threshold: 0.15 })).toMatchObject({ state: 'kept', confusion: 0 });
    // Not stored, but the logits know.
    expect(decide(full, 2, { ...rules, threshold: 0.15 })).toMatchObject({ state: 'kept', confusion: 0 });
  });
});

const right = summariseCrop(Float32Array.from([9, 0]), [0]);
const wrong = summariseCrop(Float32Array.from([-9, 9]), [0]);
const summary = { ...wrong, logits: null };

function row(cell: Matrix[number][number]): Matrix[number] {
  return ALL_CROPS.map(() => cell);
}

function missingOf(matrix: Matrix, policy: Partial<Policy> = {}): readonly CropRef[] {
  const outcome = decide(matrix, 0, { ...MAX_ANY, ...policy });
  if (outcome.state !== 'undecided') throw new Error(`unexpectedly ${outcome.state}`);
  return outcome.missing;
}

describe('the crops that a photo waits for', () => {
  it('are only those of members that have not said "drop", if all must say it', () => {
    const matrix = [[null, null, null, null, right, null, null, null, null, null], row(null)];
    expect(missingOf(matrix, { members: 'all' })).toEqual(cropOrder(2).filter(({ member }) => member === 1));
  });

  it('are all that lack logits once one member has saved the photo, if all must say "drop"', () => {
    const matrix = [row(wrong), row(null)];
    expect(missingOf(matrix, { members: 'all' })).toEqual(cropOrder(2).filter(({ member }) => member === 1));
    expect(missingOf([row(summary), row(wrong)], { members: 'all' })).toHaveLength(10);
    const hitAndSaved = [[right, ...row(null).slice(1)], row(wrong)];
    expect(missingOf(hitAndSaved, { members: 'all' })).toHaveLength(9);
  });

  it('are those without logits once nothing can drop the photo: its confusion needs them', () => {
    const matrix = [row(summary), row(wrong)];
    expect(missingOf(matrix)).toEqual(cropOrder(2).filter(({ member }) => member === 0));
  });

  it('are those not evaluated before those that only lack logits', () => {
    const matrix = [row(summary), [...row(summary).slice(0, 9), null]];
    expect(missingOf(matrix)).toEqual([{ member: 1, crop: 9 }]);
  });

  it('include summaries that do not know the class in question', () => {
    const other = { ...summariseCrop(Float32Array.from([-9, 9, 0]), [2]), logits: null };
    expect(missingOf([row(other)])).toHaveLength(10);
  });

  it('include summaries under the mean, whose argmax needs all logits', () => {
    expect(missingOf([row(summary)], { aggregation: 'mean' })).toHaveLength(10);
  });
});

describe('a drop', () => {
  it('on summaries alone needs no logits', () => {
    const cell = { ...summariseCrop(Float32Array.from([9, 0]), [0]), logits: null };
    const matrix = emptyMatrix(2);
    reveal(matrix, { member: 1, crop: 7 }, cell);
    expect(decide(matrix, 0, MAX_ANY)).toEqual({
      state: 'dropped',
      reason: 'correct',
      decidedBy: { member: 1, crop: 7 },
      maxTrueProb: cell.top1Prob,
      maxTrueProbIsLowerBound: true,
    });
  });

  it('by the mean is certain as soon as the known part exceeds the threshold', () => {
    const one: Case = {
      logits: [ALL_CROPS.map(() => Float32Array.from([1, 0.9]))],
      truth: 1,
      policy: { threshold: 0.15, aggregation: 'mean', members: 'any' },
    };
    const matrix = emptyMatrix(1);
    const states = ALL_CROPS.slice(0, 5).map((crop) => {
      reveal(matrix, { member: 0, crop }, cellOf(one, { member: 0, crop }, false));
      return decide(matrix, 1, one.policy).state;
    });
    expect(states).toEqual(['undecided', 'undecided', 'undecided', 'dropped', 'dropped']);
  });
});

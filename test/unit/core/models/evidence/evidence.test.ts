import { describe, expect, it } from 'vitest';
import {
  mergeEvidence,
  noEvidence,
  probabilityOf,
  summariseCrop,
  type CropEvidence,
} from '../../../../../src/core/models/evidence/evidence.ts';
import { softmax } from '../../../../../src/core/models/evidence/softmax.ts';

const logits = Float32Array.from([0.5, 3, -1, 3]);

describe('summariseCrop', () => {
  it('gives the first class of the largest logit and p of the requested classes', () => {
    const probs = softmax(logits);
    const crop = summariseCrop(logits, [2, 0]);
    expect(crop).toEqual({
      top1: 1,
      top1Prob: probs[1],
      trueProbs: new Map([
        [2, probs[2]],
        [0, probs[0]],
      ]),
      logits,
    });
  });

  it.each([Number.NaN, Infinity, -Infinity])('refuses a model that gives %s for any class', (wrong) => {
    for (const at of logits.keys()) {
      const broken = logits.with(at, wrong);
      expect(() => summariseCrop(broken, [0])).toThrow(RangeError);
      expect(() => summariseCrop(broken, [0])).toThrow(`received ${wrong} at class ${at} of 4`);
    }
  });

  it('accepts the largest finite numbers', () => {
    const extreme = Float32Array.from([3.4028234663852886e38, -3.4028234663852886e38]);
    expect(summariseCrop(extreme, [1])).toMatchObject({ top1: 0, top1Prob: 1, trueProbs: new Map([[1, 0]]) });
  });
});

describe('probabilityOf', () => {
  const summary: CropEvidence = { top1: 1, top1Prob: 0.6, trueProbs: new Map([[2, 0.125]]), logits: null };

  it('is the stored value for the class, even if the logits are known', () => {
    expect(probabilityOf({ ...summary, logits }, 2)).toBe(0.125);
  });

  it('is computed from the logits if nothing is stored', () => {
    expect(probabilityOf({ ...summary, logits }, 3)).toBe(softmax(logits)[3]);
  });

  it('is known for the first class of a summary, and for no other class', () => {
    expect(probabilityOf(summary, 1)).toBe(0.6);
    expect(probabilityOf(summary, 2)).toBe(0.125);
    expect(probabilityOf(summary, 0)).toBeNull();
  });
});

function cell(truth: number, withLogits: boolean): CropEvidence {
  return { ...summariseCrop(logits, [truth]), ...(withLogits ? {} : { logits: null }) };
}

describe('mergeEvidence', () => {
  it('merges what both know about a cell', () => {
    const [stored, newer] = [[[cell(0, true), null, cell(2, false)]], [[cell(3, false), cell(1, false), null]]];
    const [merged] = mergeEvidence(stored, newer);
    expect(merged).toEqual([
      { ...cell(0, true), trueProbs: new Map([...cell(0, true).trueProbs, ...cell(3, true).trueProbs]) },
      cell(1, false),
      cell(2, false),
    ]);
  });

  it('adds no imported probability to a cell that winnow evaluated, and none of its own to an imported one', () => {
    const own = cell(3, true);
    const imported: CropEvidence = { ...cell(0, false), trueProbs: new Map([[0, 0.9]]), executionProvider: 'imported' };
    expect(mergeEvidence([[imported]], [[own]])).toEqual([[own]]);
    expect(mergeEvidence([[own]], [[imported]])).toEqual([[imported]]);
  });

  it('returns the other matrix if one of the two is empty', () => {
    const some = noEvidence(2).map((crops) => crops.map(() => cell(1, true)));
    expect(mergeEvidence(some, noEvidence(2))).toEqual(some);
    expect(mergeEvidence(noEvidence(2), some)).toEqual(some);
    expect(mergeEvidence(some, [])).toEqual(some);
  });
});

import { describe, expect, it } from 'vitest';
import { summariseCrop, type PhotoEvidence } from '../../../../../src/core/models/evidence/evidence.ts';
import { decide } from '../../../../../src/core/filter/rule/decide.ts';
import { digestOf, judgeDigest, maxTrueProbOf, restsOnLogits } from '../../../../../src/core/filter/rule/digest.ts';
import { isAlwaysDropped } from '../../../../../src/core/filter/rule/judge.ts';
import {
  cellOf,
  cropsOf,
  emptyMatrix,
  expected,
  POLICIES,
  randomCase,
  reveal,
  type Case,
  type Matrix,
} from './cases.ts';
import { seededRandom, type Random } from '../../../../support/random.ts';

function partOf(one: Case, random: Random): Matrix {
  const matrix = emptyMatrix(one.logits.length);
  const share = random.pick([0.1, 0.5, 1]);
  const logitShare = random.pick([0, 0.7, 1]);
  for (const ref of cropsOf(one))
    if (random.next() < share) reveal(matrix, ref, cellOf(one, ref, random.next() < logitShare));
  return matrix;
}

function withoutLogits(matrix: Matrix): Matrix {
  return matrix.map((row) => row.map((cell) => (cell === null ? null : { ...cell, logits: null })));
}

describe.each(POLICIES)('a digest, judged with aggregation $aggregation and members $members', (rules) => {
  it('says what deciding on the evidence says, and lacks as many crops', () => {
    const random = seededRandom(3);
    const states = new Map<string, number>();
    for (let i = 0; i < 2_000; i += 1) {
      const one = randomCase(random, rules);
      const matrix = partOf(one, random);
      const outcome = decide(matrix, one.truth, one.policy);
      const digest = digestOf(matrix, one.truth);
      const missing = outcome.state === 'undecided' ? outcome.missing.length : 0;
      expect(judgeDigest(digest, one.policy)).toEqual({ state: outcome.state, missing });
      const maxTrueProb = maxTrueProbOf(digest, one.policy.aggregation);
      expect(outcome.state === 'kept' ? maxTrueProb : null).toBe(outcome.state === 'kept' ? outcome.maxTrueProb : null);
      states.set(outcome.state, (states.get(outcome.state) ?? 0) + 1);
    }
    for (const state of ['kept', 'dropped', 'undecided']) expect(states.get(state)).toBeGreaterThan(30);
  });

  it('tells which photos need their logits stored to be decided alike again, and no others', () => {
    const random = seededRandom(4);
    let resting = 0;
    for (let i = 0; i < 1_000; i += 1) {
      const one = randomCase(random, rules);
      const matrix = emptyMatrix(one.logits.length);
      for (const ref of cropsOf(one)) reveal(matrix, ref, cellOf(one, ref));
      const { state } = decide(matrix, one.truth, one.policy);
      const again = decide(withoutLogits(matrix), one.truth, one.policy).state;
      const rests = restsOnLogits(digestOf(matrix, one.truth), one.policy);
      expect([rests, again]).toEqual([again !== state, rests ? 'undecided' : state]);
      if (rests) resting += 1;
    }
    expect(resting).toBeGreaterThan(50);
  });
});

describe('a photo that all members must drop', () => {
  const ALL = { threshold: 0.15, aggregation: 'max', members: 'all' } as const;
  const [right, wrong] = [
    [9, 0],
    [0, 9],
  ].map((logits) => {
    // As a summary without logits, which is stored of photos that are dropped.
    const cell = { ...summariseCrop(Float32Array.from(logits), [0]), logits: null };
    return Array.from({ length: 10 }, () => cell);
  });
  const unknown = Array.from({ length: 10 }, () => null);
  const judged = (...matrix: PhotoEvidence) => judgeDigest(digestOf(matrix, 0), ALL);

  it('needs only the crops of the members that do not drop it yet', () => {
    expect(judged(right ?? [], unknown)).toEqual({ state: 'undecided', missing: 10 });
    expect(judged(right ?? [], [...unknown.slice(1), wrong?.[0] ?? null])).toEqual({ state: 'undecided', missing: 9 });
    expect(judged(unknown, unknown)).toEqual({ state: 'undecided', missing: 20 });
  });

  it('is kept by one member that does not drop it, and then needs the logits of all', () => {
    expect(judged(right ?? [], wrong ?? [])).toEqual({ state: 'undecided', missing: 20 });
    expect(judged(unknown, wrong ?? [])).toEqual({ state: 'undecided', missing: 20 });
    expect(judged(right ?? [], right ?? [])).toEqual({ state: 'dropped', missing: 0 });
  });
});

describe('isAlwaysDropped', () => {
  it('says of summaries that no setting keeps the photo, and is wrong of none', () => {
    const random = seededRandom(5);
    const counts = { told: 0, kept: 0 };
    for (let i = 0; i < 800; i += 1) {
      const some = randomCase(random, { aggregation: 'max', members: 'any' });
      // Otherwise the true class is seldom liked.
      const love = random.pick([0, 2, 5]);
      const like = (row: Float32Array): Float32Array => row.map((logit, at) => logit + (at === some.truth ? love : 0));
      const one = { ...some, logits: some.logits.map((rows) => rows.map(like)) };
      const isTold = isAlwaysDropped(withoutLogits(partOf(one, random)), one.truth, one.policy);
      const states = POLICIES.flatMap((rules) =>
        [0.01, 0.3, 0.6, 0.999].map((threshold) => expected({ ...one, policy: { ...rules, threshold } })),
      );
      const isKept = states.some((state) => 'confusion' in state);
      expect(isTold && isKept).toBe(false);
      counts[isTold ? 'told' : 'kept'] += 1;
    }
    expect(Math.min(counts.told, counts.kept)).toBeGreaterThan(50);
  });

  it('in mode O is told where every crop is surely for a class that is not wanted', () => {
    const at = (logits: readonly number[]): Matrix => [
      Array.from({ length: 10 }, () => ({ ...summariseCrop(Float32Array.from(logits), []), logits: null })),
    ];
    const policy = { mode: 'O', minConfidence: 0.9, predictable: [1, 2] } as const;
    expect(isAlwaysDropped(at([9, 0, 0]), null, policy)).toBe(true);
    // Dropped at 0.9, and the second class may have more than it seems.
    expect(isAlwaysDropped(at([1, 1, 0]), null, policy)).toBe(false);
    expect(isAlwaysDropped(at([0, 9, 0]), null, policy)).toBe(false);
  });
});

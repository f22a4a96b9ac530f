import { isDeepStrictEqual } from 'node:util';
import { describe, expect, it } from 'vitest';
import { cropOrder } from '../../../../../src/core/filter/rule/crop-order.ts';
import { decide, type Outcome } from '../../../../../src/core/filter/rule/decide.ts';
import { digestOf, judgeDigest } from '../../../../../src/core/filter/rule/digest.ts';
import { cropsMissing } from '../../../../../src/core/filter/rule/judge.ts';
import { CROPS_PER_MEMBER, summariseCrop, type CropRef } from '../../../../../src/core/models/evidence/evidence.ts';
import { cellOf, cropsOf, emptyMatrix, essence, expected, POLICIES, randomCase, reveal } from './cases.ts';
import type { Case, Matrix } from './cases.ts';
import { seededRandom, type Random } from '../../../../support/random.ts';

/**
 * Reveals all crops in random order and decides after each. Some come as summaries first, as they are stored of photos
 * that were dropped, and with their logits later. Returns failed checks, for `expect` would be slow for tens of thousands of
 * them, and how many crops were known when the photo was decided.
 */
function revealAll(one: Case, random: Random) {
  const wanted = expected(one);
  const matrix = emptyMatrix(one.logits.length);
  const crops = random.shuffle(cropsOf(one));
  const first = crops.map((ref) => ({ ref, withLogits: random.next() < 0.7 }));
  const again = first.filter(({ withLogits }) => !withLogits).map(({ ref }) => ({ ref, withLogits: true }));
  const run = { complaints: [] as unknown[], state: 'undecided' as Outcome['state'], cropsNeeded: crops.length };
  for (const [step, { ref, withLogits }] of [...first, ...again].entries()) {
    reveal(matrix, ref, cellOf(one, ref, withLogits));
    const outcome = decide(matrix, one.truth, one.policy);
    const fits =
      outcome.state === 'undecided'
        ? run.state === 'undecided' && isUseful(outcome.missing, matrix)
        : isDeepStrictEqual(essence(outcome), wanted);
    if (!fits) run.complaints.push({ one, step, outcome, before: run.state, wanted });
    if (run.state === 'undecided' && outcome.state !== 'undecided') run.cropsNeeded = Math.min(step + 1, crops.length);
    run.state = outcome.state;
  }
  return run;
}

/** Something to run, each crop once, and none whose logits are known. */
function isUseful(missing: readonly CropRef[], matrix: Matrix): boolean {
  const keys = new Set(missing.map(({ member, crop }) => member * CROPS_PER_MEMBER + crop));
  const known = missing.some(({ member, crop }) => (matrix[member]?.[crop]?.logits ?? null) !== null);
  return missing.length > 0 && keys.size === missing.length && !known;
}

/** Runs what is asked for, or any other of the missing crops, until the photo is decided. */
function runMissing(one: Case, random: Random) {
  const matrix = emptyMatrix(one.logits.length);
  const complaints: unknown[] = [];
  let ran = 0;
  let outcome = decide(matrix, one.truth, one.policy);
  while (outcome.state === 'undecided' && complaints.length === 0) {
    const next = random.next() < 0.5 ? outcome.missing[0] : random.shuffle(outcome.missing)[0];
    if (next === undefined || matrix[next.member]?.[next.crop] !== null) complaints.push({ one, outcome });
    else reveal(matrix, next, cellOf(one, next));
    ran += 1;
    outcome = decide(matrix, one.truth, one.policy);
  }
  if (!isDeepStrictEqual(essence(outcome), expected(one))) complaints.push({ one, outcome });
  return { complaints, cropsNeeded: ran };
}

describe.each(POLICIES)('decide with aggregation $aggregation and members $members', (rules) => {
  it('equals the protocol read literally, in whatever order crops are revealed, and never changes its mind', () => {
    const random = seededRandom(1);
    const cases = Array.from({ length: 150 }, () => randomCase(random, rules));
    const runs = cases.map((one) => revealAll(one, random));
    expect(runs.flatMap((run) => run.complaints)).toEqual([]);
    // The cases are worth something: both ends are common, and many are decided before all crops are known.
    const count = (state: string): number => runs.filter((run) => run.state === state).length;
    expect(count('kept')).toBeGreaterThan(20);
    expect(count('dropped')).toBeGreaterThan(20);
    expect(count('undecided')).toBe(0);
    const early = runs.filter((run, i) => run.cropsNeeded < cropsOf(cases[i] ?? { logits: [] }).length);
    expect(early.length).toBeGreaterThan(20);
  });

  it('asked which crop to run next, needs no crop twice, no more than all, and ends with the same outcome', () => {
    const random = seededRandom(2);
    const cases = Array.from({ length: 200 }, () => randomCase(random, rules));
    const runs = cases.map((one) => runMissing(one, random));
    expect(runs.flatMap((run) => run.complaints)).toEqual([]);
    const all = cases.map((one) => cropsOf(one).length);
    expect(runs.filter((run, i) => run.cropsNeeded > (all[i] ?? 0))).toEqual([]);
    expect(runs.filter((run, i) => run.cropsNeeded < (all[i] ?? 0)).length).toBeGreaterThan(20);
  });
});

it.each(POLICIES)(
  'without a member, $aggregation and $members keep what the other members alone would keep',
  (rules) => {
    const random = seededRandom(3);
    const states: string[] = [];
    while (states.length < 60) {
      const one = randomCase(random, rules);
      if (one.logits.length < 2) continue;
      const policy = { ...one.policy, without: random.below(one.logits.length) };
      const matrix = emptyMatrix(one.logits.length);
      // The left-out member has seen all crops, which is no help to the others.
      for (const ref of cropsOf(one)) if (ref.member === policy.without) reveal(matrix, ref, cellOf(one, ref));
      for (let missing = cropsMissing(matrix, one.truth, policy); missing.length > 0;) {
        if (missing.some(({ member }) => member === policy.without)) states.push('asks the left-out member');
        for (const ref of missing.slice(0, 3)) reveal(matrix, ref, cellOf(one, ref));
        missing = cropsMissing(matrix, one.truth, policy);
      }
      const { state } = judgeDigest(digestOf(matrix, one.truth), policy);
      const isOther = (_: unknown, member: number): boolean => member !== policy.without;
      const others = { ...one, logits: one.logits.filter(isOther), sigmoid: one.sigmoid.filter(isOther) };
      expect(expected(others)).toMatchObject({ state });
      states.push(state);
    }
    expect(new Set(states)).toEqual(new Set(['kept', 'dropped']));
  },
);

/** One member gets it right at one place of its crops in `cropOrder(2)`, or nowhere (10); crops before `known` are revealed. */
type Prefix = { readonly hitAt: number; readonly known: number; readonly row: Matrix[number] };

const CROPS_OF = [0, 1].map((member) => cropOrder(2).flatMap((ref) => (ref.member === member ? [ref.crop] : [])));

function everyPrefix(member: number): Prefix[] {
  const right = summariseCrop(Float32Array.from([0, 9, 0]), [1]);
  const wrong = summariseCrop(Float32Array.from([0, -9, 9]), [1]);
  const lengths = Array.from({ length: CROPS_PER_MEMBER + 1 }, (_, i) => i);
  return lengths.flatMap((hitAt) =>
    lengths.map((known): Prefix => {
      const places = lengths.slice(0, CROPS_PER_MEMBER).map((crop) => CROPS_OF[member]?.indexOf(crop) ?? -1);
      return { hitAt, known, row: places.map((place) => (place >= known ? null : place === hitAt ? right : wrong)) };
    }),
  );
}

function expectedOf(prefixes: readonly Prefix[], members: 'any' | 'all'): object {
  const hits = prefixes.flatMap(({ hitAt, known }, member) =>
    hitAt < known ? [{ member, crop: CROPS_OF[member]?.[hitAt] ?? -1 }] : [],
  );
  const complete = prefixes.every(({ known }) => known === CROPS_PER_MEMBER);
  if (hits.length < (members === 'any' ? 1 : 2)) return { state: complete ? 'kept' : 'undecided' };
  const decidedBy = cropOrder(2).find((ref) => hits.some((hit) => isDeepStrictEqual(hit, ref)));
  return { state: 'dropped', decidedBy, maxTrueProbIsLowerBound: !complete };
}

function shownOf(outcome: Outcome): object {
  if (outcome.state !== 'dropped') return { state: outcome.state };
  const { state, decidedBy, maxTrueProbIsLowerBound } = outcome;
  return { state, decidedBy, maxTrueProbIsLowerBound };
}

it.each(['any', 'all'] as const)(
  'decide, over every place of a hit and every number of known crops of two members is right where %s must say "drop"',
  (members) => {
    const complaints: unknown[] = [];
    for (const first of everyPrefix(0)) {
      for (const second of everyPrefix(1)) {
        const outcome = decide([first.row, second.row], 1, { threshold: 0.15, aggregation: 'max', members });
        const wanted = expectedOf([first, second], members);
        if (!isDeepStrictEqual(shownOf(outcome), wanted)) complaints.push({ first, second, outcome, wanted });
      }
    }
    expect(everyPrefix(0)).toHaveLength(121);
    expect(complaints).toEqual([]);
  },
);

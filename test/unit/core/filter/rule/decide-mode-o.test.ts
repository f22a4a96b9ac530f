import { isDeepStrictEqual } from 'node:util';
import { describe, expect, it } from 'vitest';
import { decideModeO, type ModeOOutcome } from '../../../../../src/core/filter/rule/decide-mode-o.ts';
import { modeODecisionOf } from '../../../../../src/core/filter/rule/decision.ts';
import type { ModeOPolicy } from '../../../../../src/core/filter/rule/policy.ts';
import {
  CROPS_PER_MEMBER,
  noEvidence,
  summariseCrop,
  type CropEvidence,
} from '../../../../../src/core/models/evidence/evidence.ts';
import { overOurs, withRelated } from '../../../../../src/core/models/evidence/related-members.ts';
import { emptyMatrix, meanOf, probabilities, reveal, type Matrix } from './cases.ts';
import { seededRandom, type Random } from '../../../../support/random.ts';

interface Case {
  /** Of each crop. */
  readonly logits: readonly Float32Array[];
  readonly policy: ModeOPolicy;
  readonly isSigmoid?: boolean;
}

/** Few classes and few values, so that ties are common; often one class is liked by every crop, as it must be to be kept. */
function randomCase(random: Random): Case {
  const classes = 2 + random.below(5);
  const liked = random.below(classes);
  const love = random.pick([0, 1, 3, 6]);
  const logits = Array.from({ length: CROPS_PER_MEMBER }, () =>
    Float32Array.from({ length: classes }, (_, at) => random.below(3) + (at === liked ? love : 0)),
  );
  const predictable = Array.from({ length: classes }, (_, at) => at).filter(() => random.next() < 0.6);
  const isSigmoid = random.below(3) === 0;
  const exactly = Math.max(...meansOf({ logits, isSigmoid }));
  const minConfidence = random.pick([0, 0.3, 0.5, 0.9, exactly]);
  return { logits, isSigmoid, policy: { mode: 'O', minConfidence, predictable } };
}

/** The protocol's "Mode O" read literally on all evidence, sharing no code with what is tested. */
function expected(one: Case): object {
  const { policy } = one;
  const means = meansOf(one);
  const score = Math.max(...means);
  const predicted = means.indexOf(score);
  if (score < policy.minConfidence || !policy.predictable.includes(predicted)) return { state: 'dropped' };
  return { state: 'kept', predicted, score };
}

const meansOf = ({ logits, isSigmoid }: Omit<Case, 'policy'>): number[] =>
  meanOf(logits.map((row) => probabilities(row, isSigmoid)));

function essence(outcome: ModeOOutcome): object {
  return outcome.state === 'kept' ? outcome : { state: outcome.state };
}

function show(
  { logits, isSigmoid }: Case,
  matrix: Matrix,
  at: { readonly crop: number; readonly withLogits: boolean },
): void {
  const cell = summariseCrop(logits[at.crop] ?? new Float32Array(1), [], isSigmoid);
  reveal(matrix, { member: 0, crop: at.crop }, at.withLogits ? cell : { ...cell, logits: null });
}

/** Crops in random order, some as summaries first, as they are stored of what was dropped. What is wrong, in words. */
function revealAll(one: Case, random: Random) {
  const matrix = emptyMatrix(1);
  const order = random.shuffle(Array.from({ length: CROPS_PER_MEMBER }, (_, crop) => crop));
  const first = order.map((crop) => ({ crop, withLogits: random.next() < 0.7 }));
  const again = first.filter(({ withLogits }) => !withLogits).map(({ crop }) => ({ crop, withLogits: true }));
  const complaints: unknown[] = [];
  let before: ModeOOutcome['state'] = 'undecided';
  let cropsNeeded: number = CROPS_PER_MEMBER;
  for (const [step, next] of [...first, ...again].entries()) {
    show(one, matrix, next);
    const outcome = decideModeO(matrix, one.policy);
    const fits =
      outcome.state === 'undecided'
        ? before === 'undecided' && outcome.missing.length > 0
        : isDeepStrictEqual(essence(outcome), expected(one));
    if (!fits) complaints.push({ one, step, outcome, wanted: expected(one) });
    if (before === 'undecided' && outcome.state !== 'undecided') cropsNeeded = Math.min(step + 1, CROPS_PER_MEMBER);
    before = outcome.state;
  }
  if (before === 'undecided') complaints.push({ one, before });
  return { complaints, cropsNeeded };
}

/** The same crops over a longer list: our logits at `places`, and those of one to three classes outside our list. */
function longerList({ logits, isSigmoid }: Case, random: Random) {
  const classes = logits[0]?.length ?? 0;
  const others = 1 + random.below(3);
  const places = random
    .shuffle(Array.from({ length: classes + others }, (_, at) => at))
    .slice(0, classes)
    .toSorted((a, b) => a - b);
  const strength = random.pick([-4, 0, 3]);
  const longer = logits.map((row) => {
    const all = Float32Array.from({ length: classes + others }, () => random.below(3) + strength);
    places.forEach((place, at) => (all[place] = row[at] ?? 0));
    return all;
  });
  return { logits: longer, places, isSigmoid };
}

/** The evidence of the related member on a crop, which is a bound where its logits are not stored. */
function saidByRelated(list: ReturnType<typeof longerList>, crop: number, withLogits: boolean): CropEvidence {
  const cell = summariseCrop(list.logits[crop] ?? new Float32Array(1), [], list.isSigmoid);
  return overOurs(withLogits ? cell : { ...cell, logits: null }, list.places, []);
}

/**
 * Some crops evaluated over the longer list, or none, and some over ours; then what is asked for runs, in its order or any.
 * Returns what is wrong, and how it ended.
 */
function runWithRelated(one: Case, random: Random) {
  const longer = longerList(one, random);
  const [share, logitShare] = [random.pick([0, 0.3, 1]), random.pick([0, 0, 0.5])];
  const ourShare = random.pick([0, 0.2]);
  const theirs = emptyMatrix(1).map((row) =>
    row.map((_, crop) => (random.next() < share ? saidByRelated(longer, crop, random.next() < logitShare) : null)),
  );
  const ours = emptyMatrix(1);
  for (let crop = 0; crop < CROPS_PER_MEMBER; crop += 1)
    if (random.next() < ourShare) show(one, ours, { crop, withLogits: random.next() < 0.3 });
  const matrix = ours.map((row, member) => [...withRelated(row, theirs[member] ?? [])]);
  let outcome = decideModeO(matrix, one.policy);
  const ran = new Set<number>();
  while (outcome.state === 'undecided') {
    const next = random.next() < 0.5 ? outcome.missing[0] : random.shuffle(outcome.missing)[0];
    if (next === undefined || ran.has(next.crop))
      return { complaints: [one, outcome], state: 'stuck', toldByRelated: false };
    show(one, matrix, { crop: next.crop, withLogits: true });
    ran.add(next.crop);
    outcome = decideModeO(matrix, one.policy);
  }
  const fits = isDeepStrictEqual(essence(outcome), expected(one));
  const complaints: unknown[] = fits ? [] : [{ one, theirs, ours, outcome, wanted: expected(one) }];
  return { complaints, state: outcome.state, toldByRelated: ran.size === 0 };
}

describe('decideModeO', () => {
  it('decides the same whatever was stored before, also of a longer class list, by running each missing crop once', () => {
    const random = seededRandom(3);
    const runs = Array.from({ length: 6_000 }, () => runWithRelated(randomCase(random), random));
    expect(runs.flatMap(({ complaints }) => complaints).slice(0, 1)).toEqual([]);
    const count = (state: string, toldByRelated: boolean): number =>
      runs.filter((run) => run.state === state && run.toldByRelated === toldByRelated).length;
    expect(Math.min(count('kept', false), count('dropped', false), count('dropped', true))).toBeGreaterThan(100);
  });

  it('gives the state, the class and the score of all evidence, whatever the order in which crops come', () => {
    const random = seededRandom(1);
    const runs = Array.from({ length: 3_000 }, () => revealAll(randomCase(random), random));
    expect(runs.flatMap((run) => run.complaints).slice(0, 1)).toEqual([]);
    expect(runs.filter((run) => run.cropsNeeded < CROPS_PER_MEMBER).length).toBeGreaterThan(500);
  });

  it('asks for the centre crop first and needs nothing but two unsure crops to drop at 0.9', () => {
    const policy: ModeOPolicy = { mode: 'O', minConfidence: 0.9, predictable: [0, 1] };
    const matrix = emptyMatrix(1);
    expect(decideModeO(noEvidence(1), policy)).toMatchObject({
      missing: [{ member: 0, crop: 4 }, { crop: 2 }, {}, {}, {}, {}, {}, {}, {}, {}],
    });
    const one = { logits: Array.from({ length: 10 }, () => Float32Array.of(1, 1, 1)), policy };
    show(one, matrix, { crop: 4, withLogits: true });
    expect(decideModeO(matrix, policy).state).toBe('undecided');
    show(one, matrix, { crop: 9, withLogits: true });
    expect(decideModeO(matrix, policy)).toMatchObject({ state: 'dropped', reason: 'not-confident' });
  });

  it('drops for the class what is sure enough of one that is not wanted', () => {
    const policy: ModeOPolicy = { mode: 'O', minConfidence: 0.9, predictable: [1] };
    const matrix = emptyMatrix(1);
    const one = { logits: Array.from({ length: 10 }, () => Float32Array.of(9, 1, 1)), policy };
    for (const crop of [4, 9]) show(one, matrix, { crop, withLogits: true });
    const outcome = decideModeO(matrix, policy);
    expect(outcome).toMatchObject({ state: 'dropped', reason: 'other-class', leading: 0 });
    const names = { wnids: ['n01', 'n02', 'n03'], memberIds: [7] };
    expect(modeODecisionOf({ photoId: 1, wnid: 'gnome' }, { outcome, policy, names })).toMatchObject({
      state: 'dropped',
      reason: 'other-class',
      detail: "most like n01, which is none of the collection's classes",
      maxTrueProb: null,
      memberId: 7,
      crop: null,
    });
  });

  it('needs no logits to drop again what was dropped before, and asks for them where a lower bar may keep it', () => {
    const one = { logits: Array.from({ length: 10 }, () => Float32Array.of(2, 1, 1)) };
    const matrix = emptyMatrix(1);
    for (const crop of [4, 9, 0]) show({ ...one, policy: at(0.9) }, matrix, { crop, withLogits: false });
    expect(decideModeO(matrix, at(0.9)).state).toBe('dropped');
    expect(decideModeO(matrix, at(0.5))).toMatchObject({ state: 'undecided', missing: { length: 10, 0: { crop: 2 } } });

    function at(minConfidence: number): ModeOPolicy {
      return { mode: 'O', minConfidence, predictable: [0, 1, 2] };
    }
  });
});

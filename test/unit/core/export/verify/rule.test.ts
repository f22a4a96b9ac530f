import { describe, expect, it } from 'vitest';
import { summariseCrop, type PhotoEvidence } from '../../../../../src/core/models/evidence/evidence.ts';
import type { PhotoRow } from '../../../../../src/core/export/select/photo-row.ts';
import type { Protocol } from '../../../../../src/core/export/protocol.ts';
import { controlRuleProblems, ruleProblems } from '../../../../../src/core/export/verify/rule.ts';
import { decide } from '../../../../../src/core/filter/rule/decide.ts';
import { seededRandom } from '../../../../support/random.ts';
import { expected, expectedMaxTrueProb, POLICIES, randomCase, type Case } from '../../filter/rule/cases.ts';
import { photoRow } from '../../../../support/photo-files.ts';
import { protocolOf as sampleProtocol } from '../../../../support/exported.ts';

const WNIDS = ['n01440764', 'n01443537', 'n01514668', 'n01530575'];
const CASES_OF_EACH_POLICY = 400;
const [MODEL] = sampleProtocol().models;
const MODELS = {
  softmax: MODEL === undefined ? [] : [MODEL],
  sigmoid: MODEL === undefined ? [] : [{ ...MODEL, preprocessing: `${MODEL.preprocessing} sigmoid` }],
};

function evidenceOf({ logits, truth, sigmoid = [] }: Case): PhotoEvidence {
  return logits.map((crops, member) => crops.map((crop) => summariseCrop(crop, [truth], sigmoid[member])));
}

function protocolFor({ logits, policy, sigmoid }: Case): Protocol {
  const among = WNIDS.slice(0, logits[0]?.[0]?.length);
  const { threshold, aggregation, members } = policy;
  const models = logits.flatMap((_, member) => MODELS[sigmoid?.[member] === true ? 'sigmoid' : 'softmax']);
  return sampleProtocol({
    models,
    rule: { mode: 'A', threshold, aggregation, members, cap: 15 },
    among,
    searched: among,
  });
}

/** The row that the protocol, read literally, gives a photo that is kept. A photo that is dropped gets some prediction. */
function rowFor(one: Case): PhotoRow {
  const { confusion = one.truth === 0 ? 1 : 0, confusionProb = 0.5 } = expected(one) as Partial<Record<string, number>>;
  return photoRow('p0', {
    wnid: WNIDS[one.truth] ?? '',
    max_true_prob: expectedMaxTrueProb(one),
    predicted_wnid: WNIDS[confusion] ?? '',
    predicted_prob: confusionProb,
  });
}

const outcome = (one: Case): unknown => (expected(one) as { state: string }).state;

/** The outcome of a photo that a problem, or none, implies. */
function reading(problem: string | undefined): string {
  if (problem === undefined) return 'kept';
  return problem.startsWith('Expected a photo that the rule keeps but') ? 'dropped' : problem;
}

/** The case on a processor that gives the true class less. */
function lowered(one: Case, by: number): Case {
  const lower = (crop: Float32Array): Float32Array => crop.map((logit, at) => (at === one.truth ? logit - by : logit));
  return { ...one, logits: one.logits.map((crops) => crops.map(lower)) };
}

/** Kept under the usual rule: p(true) is 0.0149 on each crop of each member, and the second class has the rest. */
const KEPT: Case = {
  logits: Array.from({ length: 2 }, () => Array.from({ length: 10 }, () => Float32Array.of(0, 4.1, 0.5))),
  truth: 0,
  policy: { threshold: 0.15, aggregation: 'max', members: 'any' },
};

describe.each(POLICIES)('the rule under aggregation $aggregation and members $members', (policy) => {
  const random = seededRandom(7);
  const cases = Array.from({ length: CASES_OF_EACH_POLICY }, () => randomCase(random, policy));

  it('keeps what the protocol, read literally, keeps', () => {
    // Another processor may have given the true class 1e-4 less, so a photo at the very edge of the rule is kept.
    const clear = cases.filter((one) => outcome(one) === outcome(lowered(one, 1e-3)));
    expect(new Set(clear.map(outcome))).toEqual(new Set(['kept', 'dropped']));
    for (const one of clear)
      expect(reading(ruleProblems(rowFor(one), evidenceOf(one), protocolFor(one))[0])).toBe(outcome(one));
  });

  it('takes as a control what the filter drops as correct, and nothing that it keeps', () => {
    const clear = cases.filter((one) => outcome(one) === outcome(lowered(one, -1e-3)));
    const problems = (one: Case) => controlRuleProblems(rowFor(one), evidenceOf(one), protocolFor(one));
    const correct = clear.filter((one) => {
      const decided = decide(evidenceOf(one), one.truth, one.policy);
      return decided.state === 'dropped' && decided.reason === 'correct';
    });
    expect(correct.length).toBeGreaterThan(20);
    expect(correct.flatMap(problems)).toEqual([]);
    for (const one of clear.filter((each) => outcome(each) === 'kept')) expect(problems(one)).toHaveLength(1);
  });
});

describe('a row that says something else than the evidence', () => {
  const wrong: readonly [string, Partial<PhotoRow>, string][] = [
    ['the largest p', { max_true_prob: 0.0151 }, 'Expected the max_true_prob 0.0158'],
    ['the predicted class', { predicted_wnid: 'n01514668' }, 'Expected the predicted class n01443537'],
    ['the p of the predicted class', { predicted_prob: 0.5 }, 'Expected the predicted_prob 0.957'],
  ];

  it.each(wrong)('is found: %s', (_, change, problem) => {
    const [found, ...others] = ruleProblems({ ...rowFor(KEPT), ...change }, evidenceOf(KEPT), protocolFor(KEPT));
    expect([found, others]).toEqual([expect.stringContaining(problem), []]);
  });

  it('may differ by what another processor changes', () => {
    const row = { ...rowFor(KEPT), max_true_prob: expectedMaxTrueProb(KEPT) + 1e-5 };
    expect(ruleProblems(row, evidenceOf(KEPT), protocolFor(KEPT))).toEqual([]);
  });

  const nearly: readonly [string, Partial<PhotoRow>][] = [
    ['the largest p', { max_true_prob: 0.0158 + 0.009 }],
    ['the p of the predicted class', { predicted_prob: 0.957 - 0.009 }],
  ];

  it.each(nearly)('may differ by what another engine changes if it rests on imported evidence: %s', (_, change) => {
    const row = { ...rowFor(KEPT), ...change };
    expect(ruleProblems(row, evidenceOf(KEPT), protocolFor(KEPT))).toHaveLength(1);
    const imported = { ...row, evidence: 'imported' as const };
    expect(ruleProblems(imported, evidenceOf(KEPT), protocolFor(KEPT))).toEqual([]);
    const [[key, value] = ['', 0]] = Object.entries(change);
    const further = { ...imported, [key]: Number(value) + (key === 'max_true_prob' ? 0.01 : -0.01) };
    expect(ruleProblems(further, evidenceOf(KEPT), protocolFor(KEPT))).toHaveLength(1);
  });

  it('may be near the limit of the rule only if it rests on imported evidence', () => {
    // p(true) is above the threshold, by less than 0.02 of a logit.
    const logit = Math.log(0.15 / 0.85) + Math.log(Math.exp(4.1) + Math.exp(0.5)) + 0.015;
    const near = { ...KEPT, logits: KEPT.logits.map((crops) => crops.map(() => Float32Array.of(logit, 4.1, 0.5))) };
    const row = { ...rowFor(near), max_true_prob: 0.1499, predicted_wnid: WNIDS[1] ?? '', predicted_prob: 0.8265 };
    const [first] = ruleProblems(row, evidenceOf(near), protocolFor(near));
    expect(first).toMatch('Expected a photo that the rule keeps but');
    expect(ruleProblems({ ...row, evidence: 'imported' }, evidenceOf(near), protocolFor(near))).toEqual([]);
  });
});

describe('the predicted class of a row', () => {
  /** The same logits on every crop of both members. */
  const alike = (logits: readonly number[], given: Partial<Case> = {}): Case => ({
    ...KEPT,
    logits: KEPT.logits.map((crops) => crops.map(() => Float32Array.from(logits))),
    ...given,
  });
  const found = (one: Case, change: Partial<PhotoRow>): string[] =>
    ruleProblems({ ...rowFor(one), ...change }, evidenceOf(one), protocolFor(one));

  it.each([
    ['another processor', undefined, 4.099_95, 4.0995],
    ['another engine, on imported evidence,', 'imported', 4.085, 4.05],
  ] as const)(
    'may be the second one only if it is as near to the first as %s changes',
    (...[, evidence, near, far]) => {
      const [close, apart] = [near, far].map((logit) => {
        const change = { predicted_wnid: WNIDS[2] ?? '', evidence };
        return found(alike([0, 4.1, logit]), change).map((problem) => problem.slice(0, 29));
      });
      expect([close, apart]).toEqual([[], ['Expected the predicted class ']]);
    },
  );

  it('is never the searched class, nor one that the models do not choose among, however near all of them are', () => {
    const one = alike([-12, -12, -12], { truth: 2, sigmoid: [true, true] });
    expect(found(one, { predicted_wnid: WNIDS[1] ?? '' })).toEqual([]);
    for (const predicted_wnid of [WNIDS[2] ?? '', 'n99999999'])
      expect(found(one, { predicted_wnid })).toEqual([
        expect.stringMatching(`Expected the predicted class ${WNIDS[0]} .* but its row has '${predicted_wnid}'`),
      ]);
  });
});

it('evidence that proves nothing is a problem', () => {
  const lacking = evidenceOf(KEPT).map((cells) => cells.map((cell) => cell && { ...cell, logits: null }));
  expect(ruleProblems(rowFor(KEPT), lacking, protocolFor(KEPT))).toEqual([
    'Expected the logits of every crop of every member',
  ]);
});

describe('the rule of mode O', () => {
  const evidence = evidenceOf({ ...KEPT, logits: KEPT.logits.slice(0, 1) });
  const protocol = (minConfidence: number, searched: string[]): Protocol =>
    sampleProtocol({
      rule: { mode: 'O', minConfidence, cap: 15 },
      among: WNIDS.slice(0, 3),
      searched,
      folders: 'predicted',
    });
  const row = photoRow('p0', { ...rowFor(KEPT), wnid: 'n01443537', max_true_prob: null, searched_wnid: 'n99999999' });

  it.each([
    ['keeps a confident photo of a wanted class', 0.9, 'n01443537', 'kept'],
    ['drops a photo below the confidence', 0.99, 'n01443537', 'dropped'],
    ['drops a photo of a class that is not wanted', 0.9, 'n01440764', 'dropped'],
  ] as const)('%s', (...[, minConfidence, searched, state]) => {
    const given = protocol(minConfidence, [searched]);
    expect(reading(ruleProblems(row, evidence, given)[0])).toBe(state);
  });
});

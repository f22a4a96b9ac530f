import { describe, expect, it } from 'vitest';
import { fiftyOneAnswers } from '../../../../../src/core/review/import/fiftyone-answers.ts';
import type { VerdictRules } from '../../../../../src/core/review/import/imported-verdict.ts';
import { sha256Of } from '../../../../support/sha256.ts';

const RULES: VerdictRules = {
  mode: 'A',
  resolveClass: (label) =>
    label === 'n01' ? { ok: true, wnid: label } : { ok: false, detail: `'${label}' names no class` },
  reviewer: 'ana',
};

function sample(tags: readonly string[], changes: object = {}): object {
  return { _id: { $oid: 'f00' }, tags, sha256: sha256Of('a'), searched_as_wnid: 'n01', metadata: null, ...changes };
}

const said = (samples: readonly object[], rules = RULES): unknown => {
  const { verdicts, problems, unanswered } = fiftyOneAnswers(samples, rules);
  return { verdicts: verdicts.map(({ verdict, reason }) => [verdict, reason]), problems, unanswered };
};

describe('verdicts of FiftyOne', () => {
  it('are tags of samples, with the reason of a reject behind a colon', () => {
    const samples = [
      sample(['accept']),
      sample(['reject']),
      sample(['blurry', 'reject:low-quality']),
      sample(['Unsure']),
      sample(['reject', 'reject: wrong-class']),
      sample(['blurry']),
      sample([]),
    ];
    expect(said(samples)).toEqual({
      verdicts: [
        ['accept', null],
        ['reject', null],
        ['reject', 'low-quality'],
        ['unsure', null],
        ['reject', 'wrong-class'],
      ],
      problems: [],
      unanswered: 2,
    });
    expect(fiftyOneAnswers(samples, RULES).verdicts[0]).toEqual({
      line: 1,
      item: 'sample f00',
      sha256: sha256Of('a'),
      wnid: 'n01',
      verdict: 'accept',
      reason: null,
      reviewer: 'ana',
      note: '',
      at: undefined,
    });
  });

  it('are labels of a Classification named verdict, and name their reviewer in a field', () => {
    const verdict = { _cls: 'Classification', label: 'reject:several-classes', tags: [] };
    const { verdicts } = fiftyOneAnswers(
      [sample([], { verdict, reviewer: 'bo' }), sample([], { verdict: null })],
      RULES,
    );
    expect(verdicts).toMatchObject([{ verdict: 'reject', reason: 'several-classes', reviewer: 'bo' }]);
  });

  it.each<[string, object, RegExp]>([
    ['two verdicts', sample(['accept', 'reject']), /^sample f00: .*'accept' and 'reject'\. Leave one/],
    ['two reasons', sample(['reject:other', 'reject:low-quality']), /^sample f00: expected one verdict/],
    ['a tag and a label', sample(['accept'], { verdict: { label: 'unsure' } }), /'accept' and 'unsure'/],
    ['an unknown reason', sample(['reject:low-qualty']), /'low-qualty'\. Did you mean 'low-quality'\?/],
    ['an unknown label', sample([], { verdict: { label: 'good' } }), /accept, reject or unsure .* received 'good'/],
    ['an unknown class', sample(['accept'], { searched_as_wnid: 'swan' }), /'swan' names no class/],
    ['no hash', sample(['accept'], { sha256: undefined }), /^sample 1: expected a sample .* 'sha256' is missing/],
  ])('of a wrong sample are a problem that quotes it: %s', (_, one, message) => {
    const { problems, verdicts } = fiftyOneAnswers([one], RULES);
    expect([problems.length, verdicts]).toEqual([1, []]);
    expect(problems[0]).toMatch(message);
  });
});

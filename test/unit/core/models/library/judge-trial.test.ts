import { describe, expect, it } from 'vitest';
import {
  judge,
  refusalText,
  trialText,
  type TrialOutcome,
} from '../../../../../src/core/models/library/judge-trial.ts';

/** A result with `right` of `photos` right, over `classes` classes, with outputs that differ. */
function outcome(right: number, photos: number, classes: number): TrialOutcome {
  const answers = Array.from({ length: photos }, (_, i) => ({ truth: 1, answer: i < right ? 1 : 0 }));
  const rows = answers.map((_, i) => Float32Array.of(i, 1, 2));
  return { rows, answers, classes, isSoftmax: false };
}

describe('judge', () => {
  it('takes one right answer in 32 among 1,000 classes for chance, and two for knowledge', () => {
    expect([0, 1, 2, 20].map((right) => judge(outcome(right, 32, 1000)).verdict)).toEqual([
      'chance',
      'chance',
      'ok',
      'ok',
    ]);
  });

  it('requires more right answers if there are few classes, because guesses are often right', () => {
    expect([8, 12, 14, 16].map((right) => judge(outcome(right, 16, 2)).verdict)).toEqual([
      'chance',
      'chance',
      'ok',
      'ok',
    ]);
  });

  it('does not judge by fewer than 16 photos of its classes', () => {
    const trial = judge(outcome(0, 15, 2));
    expect(trial.verdict).toBe('ok');
    expect(trialText(trial)).toBe('0 of 15 sample photos right (by chance: 8, too few to judge the model)');
  });

  it('refuses values that are not finite numbers, and the same values for every photo', () => {
    const rows = [Float32Array.of(1, 2), Float32Array.of(1, Number.NaN)];
    const answers = rows.map(() => ({ truth: null, answer: 1 }));
    expect(refusalText(judge({ rows, answers, classes: 2, isSoftmax: false }))).toMatch(/not finite numbers/);
    const same = [Float32Array.of(1, 2), Float32Array.of(1, 2)];
    expect(refusalText(judge({ rows: same, answers, classes: 2, isSoftmax: false }))).toMatch(
      /same values for all of 2/,
    );
  });

  it('reports unknown accuracy if no photo shows a class of the model', () => {
    const rows = [Float32Array.of(1, 2), Float32Array.of(2, 1)];
    const trial = judge({ rows, answers: rows.map(() => ({ truth: null, answer: 0 })), classes: 2, isSoftmax: false });
    expect([trial.verdict, trialText(trial)]).toEqual(['ok', expect.stringMatching(/accuracy is unknown/)]);
  });
});

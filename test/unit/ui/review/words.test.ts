import { describe, expect, it } from 'vitest';
import { toSha256 } from '../../../../src/kernel/ids.ts';
import { actionText, doneText } from '../../../../src/ui/review/words.ts';

const subjects = ['1', '2'].map((digit) => ({ sha256: toSha256(digit.repeat(64)), wnid: 'n01440764' }));
const one = subjects.slice(0, 1);

describe('the words for what a person did', () => {
  it('name each kind of action, and how many photos it is on', () => {
    const judgement = { verdict: 'reject', reason: 'wrong-class' } as const;
    const of = { client: 'tab', sequence: 1 };
    expect(
      [
        { kind: 'verdict', subjects: one, value: { ...judgement, shownBy: 'lowest' } } as const,
        { kind: 'adjudicate', subjects, value: { verdict: 'accept', reason: null } } as const,
        { kind: 'tag', subjects: one, value: { tags: ['pose', 'style'] } } as const,
        { kind: 'note', subjects: one, value: { note: 'blurred' } } as const,
        { kind: 'note', subjects: one, value: { note: '' } } as const,
        { kind: 'flag', subjects: one, value: { flagged: false } } as const,
        { kind: 'redo', of } as const,
      ].map(actionText),
    ).toEqual([
      'wrong class',
      'accepted (2 photos)',
      'tags: pose, style',
      'note: “blurred”',
      'no note',
      'flag taken off',
      'redo',
    ]);
  });

  it('say how many photos a decision on several left as they are', () => {
    expect(doneText('accepted', { stored: 1_200, skipped: 0 })).toBe('1,200 accepted');
    expect(doneText('done again', { stored: 2, skipped: 3 })).toMatch(/^2 done again, 3 left as they are: /);
  });
});

import { describe, expect, it } from 'vitest';
import { importText } from '../../../../../src/core/cli/review/import.ts';
import { namesOfPeople } from '../../../../../src/core/kernel/people.ts';

const DONE = { imported: 2, known: 0, conflicts: [], notListed: [], unanswered: 0, skipped: 0, ofPeople: [] };

describe('an import of verdicts', () => {
  it('warns of reviewers whose names belong to people with tokens, in whatever case', () => {
    const ofPeople = namesOfPeople(['ana', 'Bo', 'ana', 'import'], ['ana', 'bo', 'cem']);
    expect(ofPeople).toEqual(['ana', 'Bo']);
    expect(importText({ ...DONE, ofPeople })).toMatch(/^2 verdicts imported.*\nwarning: 'ana', 'Bo' in the file: /);
  });

  it('warns of nobody if its names are free', () => {
    expect(importText(DONE)).toBe('2 verdicts imported, 0 verdicts known before\n');
  });
});

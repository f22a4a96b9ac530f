import { expect, it } from 'vitest';
import { furtherClassesOf } from '../../../../src/review/import/imported-verdict.ts';

const among = new Map(['n01', 'n02', 'n03'].map((wnid) => [wnid, wnid]));
const classesIn = (text: string, mode: 'A' | 'O' = 'A') => furtherClassesOf(text, { wnid: 'n01', among, mode });

it('the further classes of an imported verdict are ids with semicolons or blanks between them, each once', () => {
  expect(classesIn(' n03;n02 ; n03 ')).toEqual({ alsoWnids: ['n02', 'n03'] });
  expect(classesIn('')).toEqual({ alsoWnids: [] });
  expect(classesIn('', 'O')).toEqual({ alsoWnids: [] });
});

it('an imported verdict may not name its own class, an unknown one, or any in mode O', () => {
  expect(classesIn('n02;n01')).toEqual({ problem: expect.stringMatching(/other than n01, .* but received 'n01'$/) });
  expect(classesIn('eel')).toEqual({ problem: expect.stringMatching(/but received 'eel'$/) });
  expect(classesIn('n02', 'O')).toEqual({ problem: expect.stringMatching(/^expected no also_wnids in mode O/) });
});

import { describe, expect, it } from 'vitest';
import {
  selectPhotos,
  type ExportCandidate,
  type SelectionRules,
} from '../../../../../src/core/export/select/select.ts';
import { sampleRights } from '../../../../support/sample-rights.ts';
import { candidate } from './candidate.ts';

const RULES: SelectionRules = {
  mode: 'A',
  folder: 'n01',
  cap: 15,
  isLicenceAllowed: (licence) => licence === 'CC0-1.0',
};
const reasons = (candidates: readonly ExportCandidate[], rules: Partial<SelectionRules> = {}): (string | null)[] =>
  selectPhotos(candidates, { ...RULES, ...rules }).map(({ leftOut }) => leftOut);

describe('the photos of a revision', () => {
  it.each(['unreviewed', 'rejected', 'unsure', 'disputed'] as const)('do not have one that is %s', (state) => {
    expect(reasons([candidate('a', { state })])).toEqual([state]);
  });

  it.each(['taken-down', 'withdrawn', 'dropped', 'failed', 'undecided', 'left-out'] as const)(
    'do not have one whose verdict does not count: %s',
    (whyNot) => {
      expect(reasons([candidate('a', { whyNot })])).toEqual([whyNot]);
      expect(reasons([candidate('a', { whyNot, state: 'rejected' })])).toEqual(['rejected']);
    },
  );

  it('are left out if their licence is not allowed, or none is known', () => {
    expect(reasons([candidate('a', { rights: sampleRights({ licence: 'unknown' }) })])).toEqual(['licence']);
    expect(reasons([candidate('b', { rights: null })])).toEqual(['licence']);
    expect(reasons([candidate('b', { rights: null })], { isLicenceAllowed: () => true })).toEqual(['licence']);
  });

  it('have no photo that shows two classes; in mode O the first of its concepts stays', () => {
    const twice = [
      candidate('a', { wnid: 'n05', alsoAcceptedAs: 'n07' }),
      candidate('b', { wnid: 'n05', alsoAcceptedAs: 'n03' }),
    ];
    expect(reasons(twice)).toEqual(['duplicate', 'duplicate']);
    expect(reasons(twice, { mode: 'O' })).toEqual([null, 'duplicate']);
  });

  it('have at most the cap of each confusion, those that rank first; rejected ones take no place', () => {
    const three = [
      candidate('a', { rank: 3 }),
      candidate('b', { rank: 1 }),
      candidate('c', { rank: 2, state: 'rejected' }),
      candidate('d', { rank: 4, confusionWnid: 'n09' }),
    ];
    expect(reasons(three, { cap: 1 })).toEqual(['cap', null, 'rejected', null]);
    expect(reasons(three, { cap: 2 })).toEqual([null, null, 'rejected', null]);
    const concepts = [candidate('a', { wnid: 'n05' }), candidate('b', { wnid: 'n07' })];
    expect(reasons(concepts, { mode: 'O', cap: 1 })).toEqual([null, null]);
  });

  it('have every accepted control of a class that has other photos, whatever the cap is', () => {
    const control = { split: 'control', whyNot: 'control', rank: null } as const;
    const photos = [candidate('a'), candidate('b', control), candidate('c', control)];
    expect(reasons(photos, { cap: 1 })).toEqual([null, null, null]);
    expect(reasons([candidate('a', { state: 'rejected' }), ...photos.slice(1)])).toEqual([
      'rejected',
      'left-out',
      'left-out',
    ]);
  });
});

import { describe, expect, it } from 'vitest';
import type { ExportCandidate, SelectedPhoto } from '../../../../../src/core/export/select/select.ts';
import { ExportTally } from '../../../../../src/core/export/select/tally.ts';
import type { ReviewVerdict } from '../../../../../src/core/review/events/event.ts';
import { sampleRights } from '../../../../support/sample-rights.ts';
import { candidate } from './candidate.ts';

type Given = Partial<ExportCandidate> & Partial<Pick<SelectedPhoto, 'leftOut'>>;

/** Counts photos. Each has the number of its place as its name. */
function countsOf(photos: readonly Given[]) {
  const tally = new ExportTally();
  for (const [i, { leftOut = null, ...given }] of photos.entries())
    tally.add({ ...candidate(String(i), given), leftOut, folder: 'n01' });
  return tally.counts((folder) => folder);
}

/** A review for each blind verdict, which is null if the reviewer could see the other verdict. */
const reviewed = (...blindVerdicts: (ReviewVerdict | null)[]): Pick<ExportCandidate, 'reviews'> => ({
  reviews: blindVerdicts.map((blindVerdict, i) => ({
    reviewer: `reviewer ${i}`,
    verdict: blindVerdict ?? 'accept',
    blindVerdict,
    reason: null,
    alsoWnids: [],
    tags: [],
    pass: i + 1,
    shownBy: 'confusions',
    at: '2026-11-26T12:00:00.000Z',
  })),
});

describe('the agreement that an export states', () => {
  const agreementOf = (photos: readonly Given[]) => countsOf(photos).review.agreement;

  it('counts each photo with two or more blind verdicts, also one that is left out', () => {
    const agreement = agreementOf([
      reviewed('accept', 'accept'),
      reviewed('accept', 'accept', 'accept'),
      { ...reviewed('reject', 'reject'), leftOut: 'rejected' },
      { ...reviewed('accept', 'reject'), leftOut: 'disputed' },
    ]);
    expect(agreement).toMatchObject({ photos: 4, percent: 75 });
  });

  it('does not count a photo with one blind verdict or none', () => {
    const agreement = agreementOf([reviewed(), reviewed('accept'), reviewed('accept', null)]);
    expect(agreement).toMatchObject({ photos: 0, percent: null });
  });
});

describe('the controls that an export states', () => {
  const control = { split: 'control', whyNot: 'control', rank: null } as const;

  it('are null if no photo is a control', () => {
    expect(countsOf([{}]).control).toBeNull();
  });

  it('are counted by their verdicts, with the number and the sorted licences of those in the set', () => {
    const [free, other, kept] = ['CC0-1.0', 'CC-BY-4.0', 'CC-BY-NC-4.0'].map((licence) => sampleRights({ licence }));
    const rejected = { ...control, state: 'rejected', leftOut: 'rejected', rights: kept } as const;
    const photos = [{}, { ...control, rights: free }, { ...control, rights: other }, ...Array(3).fill(rejected)];
    const counts = countsOf([...photos, { ...control, state: 'unreviewed', leftOut: 'unreviewed' }]);
    expect(counts.control).toEqual({ photos: 2, accepted: 2, rejected: 3, licences: ['CC-BY-4.0', 'CC0-1.0'] });
    expect(counts).toMatchObject({ photos: 1, leftOut: [], originalBytes: 300 });
  });

  it('are stated with 0 photos if all of them are left out', () => {
    const counts = countsOf([{}, { ...control, state: 'unreviewed', leftOut: 'unreviewed' }]);
    expect(counts.control).toEqual({ photos: 0, accepted: 0, rejected: 0, licences: [] });
  });

  it('count one that is left out among the accepted, but not among the photos', () => {
    const counts = countsOf([control, { ...control, leftOut: 'licence' }]);
    expect(counts.control).toMatchObject({ photos: 1, accepted: 2 });
  });
});

import { describe, expect, it } from 'vitest';
import type { OwnReview } from '../../../../src/review/desk/desk.ts';
import { isLeftUnsure } from '../../../../src/ui/review/disputes-read.ts';

const said = (verdict: OwnReview['verdict']): OwnReview => ({
  verdict,
  reason: null,
  tags: [],
  note: '',
  flagged: false,
});
const others = ['ben', 'cleo', 'dan'].map((reviewer) => ({ ...said('unsure'), reviewer }));

describe('isLeftUnsure', () => {
  it('is true once three people were asked, whether or not this reviewer is one of them', () => {
    expect(isLeftUnsure({ isSettled: false, mine: said('unsure'), others: others.slice(1) })).toBe(true);
    expect(isLeftUnsure({ isSettled: false, mine: said(null), others })).toBe(true);
    expect(isLeftUnsure({ isSettled: false, mine: said(null), others: others.slice(1) })).toBe(false);
  });

  it('is false for a photo that was settled as unsure', () => {
    expect(isLeftUnsure({ isSettled: true, mine: said('unsure'), others })).toBe(false);
  });
});

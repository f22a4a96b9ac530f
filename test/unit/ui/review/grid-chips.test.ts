import { describe, expect, it } from 'vitest';
import { chipsOf, isGone } from '../../../../src/ui/review/grid-chips.ts';

const nameOf = (wnid: string): string => ({ n01440764: 'tench' })[wnid] ?? wnid;

describe('chipsOf', () => {
  it('names each part of a filter, and says what the filter is without it', () => {
    const filter = { wnid: 'n01440764', state: 'open', noise: true, pMax: 0.05 } as const;
    expect(chipsOf(filter, nameOf).map(({ text }) => text)).toEqual([
      'open',
      'searched as tench',
      'all models agree',
      'p up to 0.05',
    ]);
    expect(chipsOf(filter, nameOf)[0]?.without).toEqual({ ...filter, state: undefined });
  });

  it('has no chip for photos that no filter limits', () => {
    expect(chipsOf({}, nameOf)).toEqual([]);
  });

  it('keeps a bound of 0', () => {
    expect(chipsOf({ pMin: 0 }, nameOf).map(({ text }) => text)).toEqual(['p from 0']);
  });
});

describe('isGone', () => {
  it.each([
    [{ state: 'accepted', reason: null }, { state: 'open' }, true],
    [{ state: 'accepted', reason: null }, { state: 'accepted' }, false],
    [{ state: 'rejected', reason: 'other' }, { reason: 'wrong-class' }, true],
    [{ state: 'rejected', reason: 'other' }, { wnid: 'n01440764' }, false],
    [{ flagged: false }, { flagged: true }, true],
    [{ flagged: true }, { state: 'open' }, false],
  ] as const)('%j under the filter %j: %s', (change, filter, expected) => {
    expect(isGone(change, filter)).toBe(expected);
  });
});

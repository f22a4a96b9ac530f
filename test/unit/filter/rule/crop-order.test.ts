import { describe, expect, it } from 'vitest';
import { cropOrder } from '../../../../src/filter/rule/crop-order.ts';

describe('cropOrder', () => {
  it.each([1, 2, 3])('has every crop of %i members once', (members) => {
    const all = Array.from({ length: members }, (_, member) =>
      Array.from({ length: 10 }, (__, crop) => `${member} ${crop}`),
    );
    expect(
      cropOrder(members)
        .map(({ member, crop }) => `${member} ${crop}`)
        .toSorted(),
    ).toEqual(all.flat().toSorted());
  });
});

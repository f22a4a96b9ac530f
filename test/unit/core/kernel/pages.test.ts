import { describe, expect, it } from 'vitest';
import { pagesOf, rangeOf } from '../../../../src/core/kernel/pages.ts';

describe('pages', () => {
  it('cover every id once, without gaps', () => {
    for (let page = 0; page < 5; page += 1) expect(rangeOf(page).before).toBe(rangeOf(page + 1).from);
    expect(rangeOf(0).from).toBe(0);
  });

  it.each([0, 1, 63, 64, 65, 127, 128, 10 ** 12])('contain the id %i that they are computed from', (id) => {
    const { from, before } = rangeOf(pagesOf([id])[0] ?? -1);
    expect(id >= from && id < before).toBe(true);
    expect(before - from).toBe(64);
  });

  it('of many ids are listed once each, in ascending order', () => {
    expect(pagesOf([700, 1, 2, 64, 63, 1])).toEqual([0, 1, 10]);
    expect(pagesOf(new Set<number>())).toEqual([]);
  });
});

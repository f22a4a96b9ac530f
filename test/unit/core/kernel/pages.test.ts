import { describe, expect, it } from 'vitest';
import { IDS_PER_PAGE, pageOf, pagesOf, rangeOf } from '../../../../src/core/kernel/pages.ts';

describe('pages', () => {
  it('cover every id once, without gaps', () => {
    for (let page = 0; page < 5; page += 1) expect(rangeOf(page).before).toBe(rangeOf(page + 1).from);
    expect(rangeOf(0).from).toBe(0);
  });

  it.each([0, 1, 63, 64, 65, 127, 128, 10 ** 12])('contain the id %i that they are computed from', (id) => {
    const { from, before } = rangeOf(pageOf(id));
    expect(id >= from && id < before).toBe(true);
    expect(before - from).toBe(IDS_PER_PAGE);
  });

  it('of many ids are listed once each, in ascending order', () => {
    expect(pagesOf([700, 1, 2, 64, 63, 1])).toEqual([0, 1, 10]);
    expect(pagesOf(new Set<number>())).toEqual([]);
  });
});

import { describe, expect, it } from 'vitest';
import { cursorAfter, layoutOf } from '../../../../src/ui/review/grid-layout.ts';

const REM = 16;

describe('layoutOf', () => {
  it.each([
    [296, 2],
    [366, 2],
    [1_130, 6],
  ])('puts tiles into a grid of %i pixels in %i columns', (width, columns) => {
    expect(layoutOf(width, REM).columns).toBe(columns);
  });

  it.each([280, 296, 700, 1_130, 2_250, 3_500])('fills a width of %i pixels exactly', (width) => {
    const { columns, tileWidth, gap } = layoutOf(width, REM);
    expect(columns * tileWidth + (columns - 1) * gap).toBeCloseTo(width);
  });

  it('keeps 100,000 photos within what Firefox scrolls', () => {
    const { columns, rowHeight } = layoutOf(544, REM);
    expect((100_000 / columns) * rowHeight).toBeLessThan(17_800_000);
    const narrowest = layoutOf(296, REM);
    expect((100_000 / narrowest.columns) * narrowest.rowHeight).toBeLessThan(17_800_000);
  });
});

describe('cursorAfter', () => {
  const at = (cursor: number) => ({ cursor, count: 23, columns: 5, rowsInView: 3 });

  it.each([
    ['ArrowRight', 0, 1],
    ['ArrowRight', 22, 22],
    ['ArrowLeft', 0, 0],
    ['ArrowDown', 3, 8],
    ['ArrowDown', 19, 22],
    ['ArrowDown', 21, 21],
    ['ArrowUp', 3, 3],
    ['ArrowUp', 8, 3],
    ['Home', 13, 0],
    ['End', 13, 22],
    ['PageDown', 0, 10],
    ['PageDown', 20, 22],
    ['PageUp', 12, 2],
    ['PageUp', 7, 2],
    ['j', 4, 5],
    ['k', 4, 3],
  ])('%s moves the cursor from %i to %i', (key, cursor, expected) => {
    expect(cursorAfter(key, at(cursor))).toBe(expected);
  });

  it('leaves other keys alone', () => {
    expect(cursorAfter('a', at(3))).toBeNull();
  });

  it('stays at the start of an empty grid', () => {
    expect(cursorAfter('End', { cursor: 0, count: 0, columns: 5, rowsInView: 3 })).toBe(0);
  });
});

import { describe, expect, it } from 'vitest';
import {
  afterDecision,
  allSelected,
  cleared,
  clickedOn,
  extendedTo,
  isSelected,
  itemsIn,
  movedTo,
  NOTHING_SELECTED,
  selectedCount,
  targetsOf,
  toggledAt,
} from '../../../../src/ui/review/selection.ts';

describe('the selection of the grid', () => {
  it('is the photo under the cursor for a decision, if nothing is selected', () => {
    const moved = movedTo(NOTHING_SELECTED, 7);
    expect(selectedCount(moved)).toBe(0);
    expect(targetsOf(moved)).toEqual([[7, 7]]);
  });

  it('grows and shrinks with the end of a range, in both directions', () => {
    const start = movedTo(NOTHING_SELECTED, 5);
    const forwards = extendedTo(start, 9);
    expect(targetsOf(forwards)).toEqual([[5, 9]]);
    expect(targetsOf(extendedTo(forwards, 6))).toEqual([[5, 6]]);
    expect(targetsOf(extendedTo(forwards, 2))).toEqual([[2, 5]]);
  });

  it('keeps earlier ranges when a new one starts elsewhere, and joins those that meet', () => {
    const first = extendedTo(movedTo(NOTHING_SELECTED, 0), 2);
    const second = extendedTo(movedTo(first, 10), 12);
    expect(second.spans).toEqual([
      [0, 2],
      [10, 12],
    ]);
    expect(extendedTo(second, 3).spans).toEqual([[0, 10]]);
  });

  it('loses what a click selected when the cursor moves, and keeps what was toggled', () => {
    expect(movedTo(clickedOn(4), 5).spans).toEqual([]);
    expect(toggledAt(clickedOn(4), 6).spans).toEqual([
      [4, 4],
      [6, 6],
    ]);
    expect(movedTo(toggledAt(NOTHING_SELECTED, 4), 5).spans).toEqual([[4, 4]]);
  });

  it('is split by a photo that is taken out', () => {
    const split = toggledAt(allSelected(NOTHING_SELECTED, 10), 3);
    expect(split.spans).toEqual([
      [0, 2],
      [4, 9],
    ]);
    expect(selectedCount(split)).toBe(9);
    expect(isSelected(split, 3)).toBe(false);
    expect(toggledAt(split, 3).spans).toEqual([[0, 9]]);
  });

  it('keeps the cursor when it is cleared', () => {
    expect(cleared(allSelected(movedTo(NOTHING_SELECTED, 8), 100))).toMatchObject({ cursor: 8, spans: [] });
  });

  it('is empty after a decision, and the cursor goes on if it was on one photo', () => {
    expect(afterDecision(movedTo(NOTHING_SELECTED, 3), 10)).toMatchObject({ cursor: 4, spans: [] });
    expect(afterDecision(movedTo(NOTHING_SELECTED, 9), 10)).toMatchObject({ cursor: 9 });
    const range = extendedTo(movedTo(NOTHING_SELECTED, 3), 6);
    expect(afterDecision(range, 10)).toMatchObject({ cursor: 6, spans: [] });
  });

  it('has nothing in an empty grid', () => {
    expect(selectedCount(allSelected(NOTHING_SELECTED, 0))).toBe(0);
    expect(itemsIn([], targetsOf(NOTHING_SELECTED))).toEqual([]);
  });

  it('gives the items of all spans in their order', () => {
    const letters = ['a', 'b', 'c', 'd', 'e', 'f'];
    expect(itemsIn(letters, toggledAt(allSelected(NOTHING_SELECTED, 6), 2).spans)).toEqual(['a', 'b', 'd', 'e', 'f']);
  });
});

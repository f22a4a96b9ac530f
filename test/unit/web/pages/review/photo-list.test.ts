import { describe, expect, it } from 'vitest';
import { toSha256 } from '../../../../../src/core/kernel/ids.ts';
import { cursorAfter, layoutOf, rowsAround } from '../../../../../src/web/pages/grid/layout.ts';
import { PhotoList } from '../../../../../src/web/pages/review/photo-list.ts';
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
} from '../../../../../src/web/pages/grid/selection.ts';

const subject = (photo: number) => ({ sha256: toSha256(String(photo).padStart(64, '0')), wnid: 'n01440764' });

function listAt(at: number, ...photos: number[]): PhotoList {
  const list = new PhotoList();
  list.fill(photos.map(subject), at);
  return list;
}
const shown = ({ current }: PhotoList): number | null => (current === undefined ? null : Number(current.sha256));

describe('the list of photos', () => {
  it('takes each photo once', () => {
    const list = listAt(0, 1, 2);
    list.append([subject(2), subject(3)]);
    expect([shown(list), list.count]).toEqual([1, 3]);
  });

  it('goes from a decision to the next open photo, then to open ones that were passed over, then to none', () => {
    const list = listAt(2, 1, 2, 3, 4);
    const decided = new Set([2]);
    for (const next of [4, 1, null]) {
      decided.add(shown(list) ?? 0);
      list.showNextOpen(({ sha256 }) => !decided.has(Number(sha256)));
      expect(shown(list)).toBe(next);
    }
    list.append([subject(5)]);
    expect(shown(list)).toBe(5);
  });

  it('moves no further than its ends, and shows a photo from before in the place before the shown one', () => {
    const list = listAt(1, 1, 2);
    list.move(5);
    list.show(subject(9));
    const seen = [shown(list)];
    for (const by of [1, -1, -1, -1]) {
      list.move(by);
      seen.push(shown(list));
    }
    expect(seen).toEqual([9, 2, 9, 1, 1]);
  });

  it.each([
    [[1, 4], 3],
    [[2, 3], 4],
    [[3, 4], null],
  ])('without the photos %j the third of four becomes %s', (gone, expected) => {
    const list = listAt(2, 1, 2, 3, 4);
    list.remove(gone.map(subject));
    expect(shown(list)).toBe(expected);
  });
});

describe('the selection', () => {
  const at = (cursor: number) => movedTo(NOTHING_SELECTED, cursor);
  const two = extendedTo(movedTo(extendedTo(at(0), 2), 10), 12);
  const split = toggledAt(allSelected(NOTHING_SELECTED, 10), 3);

  it.each([
    ['is the photo under the cursor for a decision', targetsOf(at(7)), [[7, 7]]],
    ['grows with the end of a range', extendedTo(at(5), 9).spans, [[5, 9]]],
    ['shrinks with the end of a range', extendedTo(extendedTo(at(5), 9), 6).spans, [[5, 6]]],
    ['turns around with the end of a range', extendedTo(extendedTo(at(5), 9), 2).spans, [[2, 5]]],
    [
      'keeps an earlier range',
      two.spans,
      [
        [0, 2],
        [10, 12],
      ],
    ],
    ['joins ranges that meet', extendedTo(two, 3).spans, [[0, 10]]],
    ['loses what a click selected when the cursor moves', movedTo(clickedOn(4), 5).spans, []],
    ['keeps what was toggled', movedTo(toggledAt(NOTHING_SELECTED, 4), 5).spans, [[4, 4]]],
    [
      'is split by a photo that is taken out',
      split.spans,
      [
        [0, 2],
        [4, 9],
      ],
    ],
    ['is whole again when it comes back', toggledAt(split, 3).spans, [[0, 9]]],
    ['has nothing in an empty grid', allSelected(NOTHING_SELECTED, 0).spans, []],
    ['is empty after a decision', afterDecision(extendedTo(at(3), 6), 10).spans, []],
  ])('%s', (_, spans, expected) => {
    expect(spans).toEqual(expected);
  });

  it('counts its photos and gives them in their order', () => {
    expect([selectedCount(split), isSelected(split, 3), isSelected(split, 4)]).toEqual([9, false, true]);
    expect(itemsIn(['a', 'b', 'c', 'd', 'e'], split.spans)).toEqual(['a', 'b', 'c', 'e']);
  });

  it('keeps the cursor, which goes on after a decision on one photo', () => {
    expect(cleared(allSelected(at(8), 100)).cursor).toBe(8);
    expect([at(3), at(9), extendedTo(at(3), 6)].map((one) => afterDecision(one, 10).cursor)).toEqual([4, 9, 6]);
  });
});

describe('the layout of the grid', () => {
  it.each([
    [280, 2],
    [366, 2],
    [1_130, 6],
    [2_250, 9],
  ])('fills %i pixels exactly with %i columns', (width, expected) => {
    const { columns, tileWidth, gap } = layoutOf(width, 16);
    expect(columns).toBe(expected);
    expect(columns * tileWidth + (columns - 1) * gap).toBeCloseTo(width);
  });

  it.each([296, 544])('keeps 100,000 photos within what Firefox scrolls, %i pixels wide', (width) => {
    const { columns, rowHeight } = layoutOf(width, 16);
    expect((100_000 / columns) * rowHeight).toBeLessThan(17_800_000);
  });

  it.each([
    ['the first rows', { top: -50, keptRow: 0 }, [0, 6]],
    ['rows in the middle, and the one with the cursor before them', { top: 5_000, keptRow: 1 }, [47, 57]],
    ['the last rows, and the one with the cursor behind them', { top: 8_000, keptRow: 99 }, [77, 87]],
  ])('renders %s', (_, place, [from, to]) => {
    const found = rowsAround({ height: 350, rowHeight: 100, count: 100, ...place });
    expect([found.from, found.to, found.rows.includes(place.keptRow)]).toEqual([from, to, true]);
    expect(new Set(found.rows).size).toBe(found.rows.length);
  });

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
    ['a', 3, null],
  ])('%s moves the cursor from %i to %s', (key, cursor, expected) => {
    expect(cursorAfter(key, { cursor, count: 23, columns: 5, rowsInView: 3 })).toBe(expected);
  });

  it('leaves the cursor at the start of an empty grid', () => {
    expect(cursorAfter('End', { cursor: 0, count: 0, columns: 5, rowsInView: 3 })).toBe(0);
  });
});

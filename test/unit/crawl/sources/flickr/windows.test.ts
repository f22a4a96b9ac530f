import { describe, expect, it } from 'vitest';
import { splitWindow } from '../../../../../src/crawl/sources/flickr/windows.ts';

describe('splitWindow', () => {
  it.each([
    [0, 99, 4_000],
    [10, 11, 4_000],
    [7, 9, 1_000_000],
    [1_075_593_600, 1_900_000_000, 361_690],
  ])('covers every second from %i to %i once, newest first', (from, to, total) => {
    const parts = splitWindow({ from, to, licence: null }, total, [1, 2]) ?? [];
    expect(parts.length).toBeGreaterThan(1);
    expect(parts.length).toBeLessThanOrEqual(12);
    expect([parts[0]?.to, parts.at(-1)?.from]).toEqual([to, from]);
    expect(parts.filter((part) => part.from > part.to)).toEqual([]);
    expect(parts.slice(1).map((part) => part.to + 1)).toEqual(parts.slice(0, -1).map((part) => part.from));
  });

  it('keeps the licence of a window that is split by date', () => {
    expect(splitWindow({ from: 1, to: 2, licence: 4 }, 9_000, [4, 5])).toEqual([
      { from: 2, to: 2, licence: 4 },
      { from: 1, to: 1, licence: 4 },
    ]);
  });

  it('splits one second by licence, and no further', () => {
    const second = { from: 5, to: 5 };
    expect(splitWindow({ ...second, licence: null }, 9_000, [0, 4])).toEqual([
      { ...second, licence: 0 },
      { ...second, licence: 4 },
    ]);
    expect(splitWindow({ ...second, licence: null }, 9_000, [4])).toBeNull();
    expect(splitWindow({ ...second, licence: 4 }, 9_000, [0, 4])).toBeNull();
  });
});

import { describe, expect, it } from 'vitest';
import { descendantsOf, parsePssBytes, parseStat, type ProcessStat } from '../../../../scripts/bench/proc-text.ts';

const TAIL = '20 0 7 0 5301 1448964096 134366 18446744073709551615 1 1 0 0 0 0 0 4096 134300674 0 0 0 17 1 0 0 0 0 0';

describe('files of /proc', () => {
  it('reads the times of a process whose name holds blanks and brackets', () => {
    const stat = parseStat(`4711 (a) b (c) S 17 4711 4711 0 -1 4194304 9 8 7 6 1229 345 67 8 ${TAIL}\n`);
    expect(stat).toEqual({
      pid: 4711,
      parentPid: 17,
      userTicks: 1229,
      systemTicks: 345,
      endedChildrenTicks: { user: 67, system: 8 },
    });
  });

  it('returns null for the file of an ended process', () => {
    expect(parseStat('')).toBeNull();
    expect(parseStat('4711 (node) S 17')).toBeNull();
  });

  it('reads the share of memory, or 0 if the file has none', () => {
    expect(parsePssBytes('55d0-7ffd ---p 0 [rollup]\nRss:   2000 kB\nPss:    1736 kB\nPss_Dirty:  1 kB\n')).toBe(
      1_777_664,
    );
    expect(parsePssBytes('')).toBe(0);
  });

  it('finds exactly the children and their children, in any order of the list', () => {
    const stat = (pid: number, parentPid: number): ProcessStat => {
      return { pid, parentPid, userTicks: 0, systemTicks: 0, endedChildrenTicks: { user: 0, system: 0 } };
    };
    const all = [stat(40, 30), stat(30, 20), stat(20, 1), stat(50, 1), stat(1, 0)];
    expect(
      descendantsOf(all, [20])
        .map(({ pid }) => pid)
        .toSorted((a, b) => a - b),
    ).toEqual([20, 30, 40]);
    expect(descendantsOf(all, [99])).toEqual([]);
  });
});

/** Parses files of Linux's /proc (proc(5)). Pure. */

export interface ProcessStat {
  readonly pid: number;
  readonly parentPid: number;
  /** Clock ticks of all its threads. */
  readonly userTicks: number;
  readonly systemTicks: number;
  /** Clock ticks of its children that have ended and were waited for, including their own such children. */
  readonly endedChildrenTicks: { readonly user: number; readonly system: number };
}

/** Clock ticks a second as user programs see them: 100 on all usual Linux platforms (`getconf CLK_TCK`). */
export const TICKS_PER_SECOND = 100;

/** Parses `/proc/<pid>/stat`. Null if the text is not one. The program's name, in brackets, may contain any character. */
export function parseStat(text: string): ProcessStat | null {
  const nameEnd = text.lastIndexOf(')');
  const pid = Number(text.slice(0, text.indexOf(' ')));
  // The fields from the third one (the state).
  const fields = text.slice(nameEnd + 2).split(' ');
  const field = (number: number): number => Number(fields[number - 3]);
  const stat = {
    pid,
    parentPid: field(4),
    userTicks: field(14),
    systemTicks: field(15),
    endedChildrenTicks: { user: field(16), system: field(17) },
  };
  const numbers = [pid, stat.parentPid, stat.userTicks, stat.systemTicks, ...Object.values(stat.endedChildrenTicks)];
  return nameEnd !== -1 && numbers.every((value) => Number.isInteger(value)) ? stat : null;
}

/**
 * `Pss` of `/proc/<pid>/smaps_rollup` in bytes: resident memory, where shared pages are divided among their users. 0 if the
 * text has none.
 */
export function parsePssBytes(text: string): number {
  return Number(/^Pss:\s+(\d+) kB$/m.exec(text)?.[1] ?? 0) * 1_024;
}

/** Ids of `roots` and all their descendants that exist. */
export function descendantsOf(stats: readonly ProcessStat[], roots: readonly number[]): ProcessStat[] {
  const found = new Map(stats.filter(({ pid }) => roots.includes(pid)).map((stat) => [stat.pid, stat]));
  let before = -1;
  while (found.size > before) {
    before = found.size;
    for (const stat of stats) if (found.has(stat.parentPid)) found.set(stat.pid, stat);
  }
  return [...found.values()];
}

/** The files of Linux's /proc as numbers (proc(5)). Pure. */

export interface ProcessStat {
  readonly pid: number;
  readonly parentPid: number;
  /** Clock ticks, of all of its threads. */
  readonly userTicks: number;
  readonly systemTicks: number;
  /** Clock ticks of its children that have ended and were waited for, and of theirs. */
  readonly endedChildrenTicks: { readonly user: number; readonly system: number };
}

/** Clock ticks a second, which user programs see: 100 on all of Linux's usual platforms (`getconf CLK_TCK`). */
export const TICKS_PER_SECOND = 100;

/** `/proc/<pid>/stat`, or null if it is none. The name of the program, in brackets, may hold anything. */
export function parseStat(text: string): ProcessStat | null {
  const nameEnd = text.lastIndexOf(')');
  const pid = Number(text.slice(0, text.indexOf(' ')));
  // From the third field on, the state.
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

/** `Pss` of `/proc/<pid>/smaps_rollup` in bytes: resident memory, what is shared by several counted in parts. 0 if it does not tell. */
export function parsePssBytes(text: string): number {
  return Number(/^Pss:\s+(\d+) kB$/m.exec(text)?.[1] ?? 0) * 1_024;
}

/** The process ids of those that descend from `roots`, roots included, if they are there. */
export function descendantsOf(stats: readonly ProcessStat[], roots: readonly number[]): ProcessStat[] {
  const found = new Map(stats.filter(({ pid }) => roots.includes(pid)).map((stat) => [stat.pid, stat]));
  let before = -1;
  while (found.size > before) {
    before = found.size;
    for (const stat of stats) if (found.has(stat.parentPid)) found.set(stat.pid, stat);
  }
  return [...found.values()];
}

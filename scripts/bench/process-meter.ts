import { readdirSync, readFileSync } from 'node:fs';
import { descendantsOf, parsePssBytes, parseStat, TICKS_PER_SECOND, type ProcessStat } from './proc-text.ts';
import type { Reading } from './statistics.ts';

/** CPU seconds so far. */
export interface CpuSeconds {
  readonly user: number;
  readonly system: number;
}

/** CPU time and memory used by a group of processes. */
export interface GroupUse {
  readonly cpu: CpuSeconds;
  /** User and system time together, over time. */
  readonly readings: readonly Reading[];
  /** The most memory that the group used, shared pages counted once. */
  readonly peakBytes: number;
}

export interface MeterResult {
  readonly groups: ReadonlyMap<string, GroupUse>;
  /** The most memory that all groups used at one moment, shared pages counted once. Read twice a second. */
  readonly peakBytes: number;
}

/** Returns the ids of a group's root processes; none while there are none. */
export type GroupRoots = () => readonly number[] | Promise<readonly number[]>;

const SAMPLE_MS = 250;
const MEMORY_EVERY_SAMPLES = 2;

/**
 * Reads what groups of processes use from /proc, four times a second, until it is stopped. The last quarter of a second of a
 * process is missed, unless its parent has waited for it and is read once more.
 */
export class ProcessMeter {
  readonly #roots: ReadonlyMap<string, GroupRoots>;
  readonly #ticks = new Map<string, Map<number, { user: number; system: number }>>();
  readonly #readings = new Map<string, Reading[]>();
  readonly #work: Promise<void>;
  readonly #peakBytes = new Map<string, number>();
  #stopped = false;
  #peakBytesOfAll = 0;

  constructor(roots: ReadonlyMap<string, GroupRoots>) {
    this.#roots = roots;
    this.#work = this.#run();
  }

  async stop(): Promise<MeterResult> {
    this.#stopped = true;
    await this.#work;
    const groups = [...this.#roots.keys()].map((name) => [
      name,
      {
        cpu: this.#cpuOf(name),
        readings: this.#readings.get(name) ?? [],
        peakBytes: this.#peakBytes.get(name) ?? 0,
      },
    ]) as [string, GroupUse][];
    return { groups: new Map(groups), peakBytes: this.#peakBytesOfAll };
  }

  async #run(): Promise<void> {
    for (let sample = 0; !this.#stopped; sample += 1) {
      await this.#sample(sample % MEMORY_EVERY_SAMPLES === 0);
      await new Promise((resolve) => setTimeout(resolve, SAMPLE_MS));
    }
  }

  async #sample(withMemory: boolean): Promise<void> {
    const stats = readStats();
    const atMs = Date.now();
    let bytes = 0;
    for (const [name, roots] of this.#roots) {
      const members = descendantsOf(stats, await roots());
      this.#record(name, members, atMs);
      if (!withMemory) continue;
      const ofGroup = memoryOf(members);
      this.#peakBytes.set(name, Math.max(this.#peakBytes.get(name) ?? 0, ofGroup));
      bytes += ofGroup;
    }
    this.#peakBytesOfAll = Math.max(this.#peakBytesOfAll, bytes);
  }

  #record(name: string, members: readonly ProcessStat[], atMs: number): void {
    const ticks = this.#ticks.get(name) ?? new Map<number, { user: number; system: number }>();
    this.#ticks.set(name, ticks);
    for (const pid of ticks.keys()) {
      // The parent's count of ended children includes a process that has ended, with its last moments, if the parent is in
      // the group.
      if (!members.some((member) => member.pid === pid) && members.length > 0) ticks.delete(pid);
    }
    for (const { pid, userTicks, systemTicks, endedChildrenTicks } of members) {
      ticks.set(pid, { user: userTicks + endedChildrenTicks.user, system: systemTicks + endedChildrenTicks.system });
    }
    const readings = this.#readings.get(name) ?? [];
    this.#readings.set(name, readings);
    const { user, system } = this.#cpuOf(name);
    if (members.length > 0) readings.push({ atMs, value: user + system });
  }

  #cpuOf(name: string): CpuSeconds {
    const all = [...(this.#ticks.get(name)?.values() ?? [])];
    const sum = (pick: (ticks: { user: number; system: number }) => number): number =>
      all.reduce((total, ticks) => total + pick(ticks), 0) / TICKS_PER_SECOND;
    return { user: sum(({ user }) => user), system: sum(({ system }) => system) };
  }
}

/** Synchronous: reading a hundred small files that the kernel generates takes a millisecond. */
function readStats(): ProcessStat[] {
  const pids = readdirSync('/proc').filter((name) => /^\d+$/.test(name));
  return pids.map((pid) => parseStat(readOrEmpty(`/proc/${pid}/stat`))).filter((stat) => stat !== null);
}

function memoryOf(members: readonly ProcessStat[]): number {
  return members.reduce((total, { pid }) => total + parsePssBytes(readOrEmpty(`/proc/${pid}/smaps_rollup`)), 0);
}

/** A process may end while it is read. */
function readOrEmpty(file: string): string {
  try {
    return readFileSync(file, 'utf8');
  } catch {
    return '';
  }
}

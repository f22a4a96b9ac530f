import type { PhotoServerReport } from './photo-source.ts';
import type { MeterResult } from './process-meter.ts';
import type { ProgramRun } from './run-program.ts';
import { ratePerSecond, spreadOf, steadyStretch, valueAt, type Spread } from './statistics.ts';
import { POSTGRES } from './winnow-crawl.ts';

/** The result of one round. */
export interface Round {
  readonly photosPerSecond: number;
  readonly cpuSecondsPer1000: number;
  readonly wholeRun: {
    readonly seconds: number;
    readonly photosPerSecond: number;
    readonly cpuSecondsPer1000: number;
    readonly cpuSeconds: Readonly<Record<string, { readonly user: number; readonly system: number }>>;
  };
  readonly steadyCpuSecondsPer1000: Readonly<Record<string, number>>;
  readonly startUpSeconds: number;
  readonly peakMegabytes: number;
}

/** Computes a round from what the program used and when the photos were sent to it. */
export function measure({ startedAtMs, endedAtMs, used }: ProgramRun, served: PhotoServerReport): Round {
  const photos = served.answeredAtMs.length;
  const stretch = steadyStretch(served.answeredAtMs);
  const seconds = (endedAtMs - startedAtMs) / 1_000;
  const steady = steadyCpu(used, stretch);
  const cpu = [...used.groups.values()].reduce((sum, group) => sum + group.cpu.user + group.cpu.system, 0);
  return {
    photosPerSecond: ratePerSecond(stretch),
    cpuSecondsPer1000: Object.values(steady).reduce((sum, value) => sum + value, 0),
    wholeRun: {
      seconds,
      photosPerSecond: photos / seconds,
      cpuSecondsPer1000: (cpu * 1_000) / photos,
      cpuSeconds: Object.fromEntries([...used.groups].map(([name, group]) => [name, group.cpu])),
    },
    steadyCpuSecondsPer1000: steady,
    startUpSeconds: ((served.firstRequestAtMs ?? startedAtMs) - startedAtMs) / 1_000,
    peakMegabytes: used.peakBytes / 1e6,
  };
}

/** CPU seconds for 1,000 photos of each group of processes within the stretch. */
function steadyCpu({ groups }: MeterResult, stretch: ReturnType<typeof steadyStretch>): Record<string, number> {
  return Object.fromEntries(
    [...groups].map(([name, { readings }]) => [
      name,
      ((valueAt(readings, stretch.toMs) - valueAt(readings, stretch.fromMs)) * 1_000) / stretch.items,
    ]),
  );
}

export function roundLine(round: number, measured: Round): string {
  const { photosPerSecond, cpuSecondsPer1000, startUpSeconds } = measured;
  return `  round ${round + 1}  ${photosPerSecond.toFixed(0).padStart(5)} photos/s  ${cpuSecondsPer1000.toFixed(2)} CPU s/1,000  start-up ${startUpSeconds.toFixed(1)} s`;
}

/** All rounds. */
export interface Summary {
  readonly photosPerSecond: Spread;
  readonly cpuSecondsPer1000: Spread;
  readonly startUpSeconds: Spread;
  readonly peakMegabytes: Spread;
  readonly wholeRunPhotosPerSecond: Spread;
  readonly wholeRunCpuSecondsPer1000: Spread;
  readonly rounds: readonly Round[];
}

export function summarise(rounds: readonly Round[]): Summary {
  const spread = (pick: (round: Round) => number): Spread => spreadOf(rounds.map(pick));
  return {
    photosPerSecond: spread((round) => round.photosPerSecond),
    cpuSecondsPer1000: spread((round) => round.cpuSecondsPer1000),
    startUpSeconds: spread((round) => round.startUpSeconds),
    peakMegabytes: spread((round) => round.peakMegabytes),
    wholeRunPhotosPerSecond: spread((round) => round.wholeRun.photosPerSecond),
    wholeRunCpuSecondsPer1000: spread((round) => round.wholeRun.cpuSecondsPer1000),
    rounds,
  };
}

export function summaryText(summary: Summary): string {
  const postgres = summary.rounds.map(({ steadyCpuSecondsPer1000 }) => steadyCpuSecondsPer1000[POSTGRES]);
  const shares = postgres.filter((share) => share !== undefined);
  return [
    '',
    line('photos/s, steady', summary.photosPerSecond, 0),
    line('CPU seconds per 1,000, steady', summary.cpuSecondsPer1000, 2),
    ...(shares.length > 0 ? [line("  PostgreSQL's of these", spreadOf(shares), 2)] : []),
    line('seconds until the first request', summary.startUpSeconds, 1),
    line('photos/s, whole command', summary.wholeRunPhotosPerSecond, 0),
    line('CPU seconds per 1,000, whole command', summary.wholeRunCpuSecondsPer1000, 2),
    line('peak memory, MB', summary.peakMegabytes, 0),
  ].join('\n');
}

function line(label: string, { median, min, max }: Spread, digits: number): string {
  return `  ${label.padEnd(36)} ${median.toFixed(digits).padStart(6)}   (${min.toFixed(digits)} to ${max.toFixed(digits)})`;
}

import { spreadOf, valueAt } from './statistics.ts';
import { WINNOW } from './winnow-crawl.ts';
import type { FilterRun } from './winnow-filter.ts';

/** The result of one run, from the first photo to the last, without starting programs and loading models. */
export interface Measured {
  readonly photos: number;
  readonly photosPerSecond: number;
  readonly cropsPerSecond: number;
  readonly cropsPerPhoto: number;
  /** Processor time of all its processes, which other programs on the machine hardly change. */
  readonly cpuMsPerPhoto: number;
  readonly wholeCommandSeconds: number;
  readonly peakMegabytes: number;
  /** Without PostgreSQL: its buffers fill with rows until they are full. */
  readonly ownPeakMegabytes: number;
  readonly passesPerPhoto: number;
  readonly keptShare: number;
  readonly shares: Shares;
}

/**
 * Shares of the time of the filter's threads. Decoding runs in parallel, so its share is the processor time of decoding
 * alone.
 */
export interface Shares {
  readonly inference: number;
  readonly resize: number;
  readonly decode: number;
}

export function measureRun({ program, kept, dropped, work }: FilterRun, decodeMs: number): Measured {
  const { photos, crops, passes, elapsedSeconds, threads, inferSeconds, prepareSeconds } = work;
  const threadSeconds = threads * elapsedSeconds;
  const fromMs = Date.parse(work.startedAt);
  const { groups, peakBytes } = program.used;
  const cpuSeconds = [...groups.values()].reduce(
    (sum, { readings }) => sum + valueAt(readings, fromMs + elapsedSeconds * 1_000) - valueAt(readings, fromMs),
    0,
  );
  return {
    photos,
    photosPerSecond: photos / elapsedSeconds,
    cropsPerSecond: crops / elapsedSeconds,
    cropsPerPhoto: crops / photos,
    cpuMsPerPhoto: (cpuSeconds * 1_000) / photos,
    wholeCommandSeconds: (program.endedAtMs - program.startedAtMs) / 1_000,
    peakMegabytes: peakBytes / 1e6,
    ownPeakMegabytes: (groups.get(WINNOW)?.peakBytes ?? 0) / 1e6,
    passesPerPhoto: passes / photos,
    keptShare: kept / (kept + dropped),
    shares: {
      inference: inferSeconds / threadSeconds,
      resize: prepareSeconds / threadSeconds,
      decode: (photos * decodeMs) / 1_000 / threadSeconds,
    },
  };
}

export interface Row {
  readonly name: string;
  readonly rounds: readonly Measured[];
}

interface Column {
  readonly title: string;
  readonly pick: (one: Measured) => number;
  readonly text: (value: number) => string;
}

const digits =
  (count: number) =>
  (value: number): string =>
    value.toFixed(count);
const percent = (value: number): string => `${(value * 100).toFixed(0)} %`;

const COLUMNS: readonly Column[] = [
  { title: 'photos/s', pick: (one) => one.photosPerSecond, text: digits(1) },
  { title: 'crops/s', pick: (one) => one.cropsPerSecond, text: digits(1) },
  { title: 'crops/photo', pick: (one) => one.cropsPerPhoto, text: digits(2) },
  { title: 'passes/photo', pick: (one) => one.passesPerPhoto, text: digits(2) },
  { title: 'CPU ms/photo', pick: (one) => one.cpuMsPerPhoto, text: digits(1) },
  { title: 'inference', pick: (one) => one.shares.inference, text: percent },
  { title: 'resize', pick: (one) => one.shares.resize, text: percent },
  { title: 'decode', pick: (one) => one.shares.decode, text: percent },
  { title: 'kept', pick: (one) => one.keptShare, text: percent },
  { title: 'peak MB', pick: (one) => one.peakMegabytes, text: digits(0) },
];
const NAME_WIDTH = 34;

/** A table of the medians of the rounds. */
export function tableOf(rows: readonly Row[]): string {
  const titles = COLUMNS.map(({ title }) => title).join('  ');
  return [`${''.padEnd(NAME_WIDTH)}  ${titles}`, ...rows.map(lineOf)].join('\n');
}

function lineOf({ name, rounds }: Row): string {
  const cells = COLUMNS.map(({ title, pick, text }) => text(spreadOf(rounds.map(pick)).median).padStart(title.length));
  return `${name.padEnd(NAME_WIDTH)}  ${cells.join('  ')}`;
}

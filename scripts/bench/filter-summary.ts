import type { PeerRun } from './filter-peers.ts';
import type { MeterResult } from './process-meter.ts';
import { spreadOf, valueAt, type Spread } from './statistics.ts';
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
  /** Only for winnow. */
  readonly ownPeakMegabytes?: number;
  readonly passesPerPhoto?: number;
  readonly keptShare?: number;
  readonly shares?: Shares;
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

export function measureWinnow({ program, kept, dropped, work }: FilterRun, decodeMs: number): Measured {
  const { photos, crops, passes, elapsedSeconds, threads, inferSeconds, prepareSeconds } = work;
  const threadSeconds = threads * elapsedSeconds;
  return {
    ...measured({
      photos,
      crops,
      elapsedSeconds,
      fromMs: Date.parse(work.startedAt),
      program,
    }),
    // PostgreSQL is left out: its buffers fill with rows until they are full.
    ownPeakMegabytes: (program.used.groups.get(WINNOW)?.peakBytes ?? 0) / 1e6,
    passesPerPhoto: passes / photos,
    keptShare: kept / (kept + dropped),
    shares: {
      inference: inferSeconds / threadSeconds,
      resize: prepareSeconds / threadSeconds,
      decode: (photos * decodeMs) / 1_000 / threadSeconds,
    },
  };
}

export function measurePeer({ program, startedAtMs, elapsedSeconds, crops, decisions }: PeerRun): Measured {
  return measured({ photos: decisions.length, crops, elapsedSeconds, fromMs: startedAtMs, program });
}

function measured(run: {
  readonly photos: number;
  readonly crops: number;
  readonly elapsedSeconds: number;
  readonly fromMs: number;
  readonly program: { readonly startedAtMs: number; readonly endedAtMs: number; readonly used: MeterResult };
}): Measured {
  const { photos, crops, elapsedSeconds, fromMs, program } = run;
  const cpuSeconds = [...program.used.groups.values()].reduce(
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
    peakMegabytes: program.used.peakBytes / 1e6,
  };
}

export interface Row {
  readonly name: string;
  readonly rounds: readonly Measured[];
}

interface Column {
  readonly title: string;
  readonly pick: (one: Measured) => number | undefined;
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
  { title: 'inference', pick: (one) => one.shares?.inference, text: percent },
  { title: 'resize', pick: (one) => one.shares?.resize, text: percent },
  { title: 'decode', pick: (one) => one.shares?.decode, text: percent },
  { title: 'kept', pick: (one) => one.keptShare, text: percent },
  { title: 'peak MB', pick: (one) => one.peakMegabytes, text: digits(0) },
];
const NAME_WIDTH = 46;

/** A table of the medians of the rounds. */
export function tableOf(rows: readonly Row[]): string {
  const titles = COLUMNS.map(({ title }) => title).join('  ');
  return [`${''.padEnd(NAME_WIDTH)}  ${titles}`, ...rows.map(lineOf)].join('\n');
}

function lineOf({ name, rounds }: Row): string {
  const cells = COLUMNS.map(({ title, pick, text }) => {
    const values = rounds.map(pick).filter((value) => value !== undefined);
    return (values.length === 0 ? '' : text(spreadOf(values).median)).padStart(title.length);
  });
  return `${name.padEnd(NAME_WIDTH)}  ${cells.join('  ')}`;
}

export interface Ratio {
  readonly of: string;
  readonly over: string;
  readonly photosPerSecond: Spread;
  /** Processor time of a photo: theirs divided by ours. */
  readonly cpu: Spread;
}

/** Compared round by round, because both ran in the same state of the machine. */
export function ratioOf(of: Row, over: Row): Ratio {
  const ratios = (pick: (ours: Measured, theirs: Measured) => number): Spread =>
    spreadOf(of.rounds.flatMap((ours, i) => (over.rounds[i] === undefined ? [] : [pick(ours, over.rounds[i])])));
  return {
    of: of.name,
    over: over.name,
    photosPerSecond: ratios((ours, theirs) => ours.photosPerSecond / theirs.photosPerSecond),
    cpu: ratios((ours, theirs) => theirs.cpuMsPerPhoto / ours.cpuMsPerPhoto),
  };
}

export function ratioText({ of, over, photosPerSecond, cpu }: Ratio): string {
  return `  ${of} makes ${spreadText(photosPerSecond)} the photos/s of ${over}; ${spreadText(cpu)} the photos a CPU second`;
}

function spreadText({ median, min, max }: Spread): string {
  return `${median.toFixed(2)} x (${min.toFixed(2)} to ${max.toFixed(2)})`;
}

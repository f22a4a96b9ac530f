import process from 'node:process';
import { MultiBar, type SingleBar } from 'cli-progress';
import type { Progress as Step } from '../../library/options.ts';
import { asTyped } from '../../kernel/command-text.ts';
import { oneLine } from '../../kernel/printable.ts';
import { bytesText, countText, durationText, nonEmpty } from './output.ts';

export interface ProgressLine {
  readonly label: string;
  readonly done: number;
  /** Null while the total is unknown. */
  readonly total: number | null;
  /** True if the total may still grow. If so, no remaining time is shown. */
  readonly isGrowing?: boolean;
  readonly bytes?: number;
  /** `kept 12, dropped 88` */
  readonly note: string;
}

export interface Progress {
  readonly lines: readonly ProgressLine[];
  /** Parts of the work, the busiest first. As many are shown as there is room for. */
  readonly parts?: readonly ProgressLine[];
  /** Why the work waits; '' if it does not. */
  readonly waiting?: string;
}

const BAR_UPDATE_MS = 250;
const LINE_EVERY_MS = 10_000;
const PARTS_SHOWN = 6;

/** Bars on a terminal, otherwise lines every ten seconds. */
export function startProgress(progress: () => Progress): { stop(): void } {
  return process.stderr.isTTY ? startBars(progress) : startLines(progress);
}

export async function withProgress<T>(lines: () => readonly ProgressLine[], work: () => Promise<T>): Promise<T> {
  const progress = startProgress(() => ({ lines: lines() }));
  try {
    return await work();
  } finally {
    progress.stop();
  }
}

/** Shows the last step that the work reports. */
export function withSteps<T>(work: (onProgress: (step: Step) => void) => Promise<T>): Promise<T> {
  let lines: readonly ProgressLine[] = [];
  const onProgress = ({ what, note = '', ...step }: Step): void => {
    lines = [{ label: what, ...step, note }];
  };
  return withProgress(
    () => lines,
    () => work(onProgress),
  );
}

export class ProgressTexts {
  readonly #paces = new Map<string, Pace>();
  readonly #complete = new Map<string, string>();
  /** The lines that have news. A complete line is returned once, unless it gets more to do. */
  news(lines: readonly ProgressLine[], nowMs: number): readonly (ProgressLine & { readonly text: string })[] {
    return lines.flatMap((line) => {
      const state = `${line.done} of ${line.total}`;
      if (this.#complete.get(line.label) === state) return [];
      if (line.done === line.total && line.isGrowing !== true) this.#complete.set(line.label, state);
      return [{ ...line, text: this.of(line, nowMs) }];
    });
  }

  /** `1,204 of 5,000  41/s, 12.3 MB/s, 93 s left  dropped 3` */
  of(line: ProgressLine, nowMs: number): string {
    const { label, done, bytes = 0, note } = line;
    const pace = this.#paces.get(label) ?? new Pace();
    this.#paces.set(label, pace);
    const speed = pace.note({ atMs: nowMs, done, bytes });
    return nonEmpty([amountText(line), speed !== null && speedText(line, speed, pace), oneLine(note)]).join('  ');
  }
}

/** `1,204 of 5,000 so far` */
function amountText({ done, total, isGrowing = false }: Pick<ProgressLine, 'done' | 'total' | 'isGrowing'>): string {
  if (total === null) return countText(done);
  return `${countText(done)} of ${countText(total)}${isGrowing ? ' so far' : ''}`;
}

/** `41/s, 12.3 MB/s, 93 s left`. While nothing moves, the time left is unknown: the work may wait for hours. */
function speedText(
  { done, total, isGrowing, bytes = 0 }: ProgressLine,
  { perSecond, bytesPerSecond }: Speed,
  pace: Pace,
): string {
  const isTimeKnown = isGrowing !== true && total !== null && total > done && perSecond > 0;
  return nonEmpty([
    done > 0 && `${perSecond < 10 ? perSecond.toFixed(1) : countText(Math.round(perSecond))}/s`,
    bytes > 0 && `${bytesText(bytesPerSecond)}/s`,
    isTimeKnown && `${durationText(pace.secondsFor(total - done))} left`,
  ]).join(', ');
}

function startLines(progress: () => Progress): { stop(): void } {
  const texts = new ProgressTexts();
  // The speed is measured from here.
  for (const line of progress().lines) texts.of(line, performance.now());
  let lastParts = '';
  const print = (): void => {
    const { lines, parts = [], waiting = '' } = progress();
    for (const { label, text } of texts.news(lines, performance.now())) process.stderr.write(`${label} ${text}\n`);
    const newParts = partsText(parts);
    if (newParts !== '' && newParts !== lastParts) process.stderr.write(`  ${newParts}\n`);
    lastParts = newParts;
    if (waiting !== '') process.stderr.write(`  ${asTyped(waiting)}\n`);
  };
  const timer = setInterval(print, LINE_EVERY_MS);
  return { stop: () => clearInterval(timer) };
}

/** `dragonfly 204 of 1,000, wren 12 of 40; 14 more` */
export function partsText(parts: readonly ProgressLine[]): string {
  const shown = parts.slice(0, PARTS_SHOWN).map(({ label, done, total, note }) => {
    return `${label} ${amountText({ done, total })}${note === '' ? '' : ` (${oneLine(note)})`}`;
  });
  const more = parts.length - shown.length;
  return `${shown.join(', ')}${more > 0 ? `; ${countText(more)} more` : ''}`;
}

function startBars(progress: () => Progress): { stop(): void } {
  const bars = new Bars();
  const texts = new ProgressTexts();
  const update = (): void => {
    const { lines, parts = [], waiting = '' } = progress();
    bars.remark(asTyped(waiting));
    for (const line of texts.news(lines, performance.now())) bars.show(line.label, line, line);
    // Places are fixed, but what they show changes with the busiest parts.
    for (const [place, part] of parts.slice(0, PARTS_SHOWN).entries()) {
      const text = `${amountText(part)}  ${oneLine(part.note)}`;
      bars.show(`part ${place}`, part, { label: `  ${part.label}`, text });
    }
  };
  const timer = setInterval(update, BAR_UPDATE_MS);
  return {
    stop: () => {
      clearInterval(timer);
      update();
      bars.stop();
    },
  };
}

const LABEL_CHARS = 24;

class Bars {
  readonly #bars = new MultiBar({
    stream: process.stderr,
    hideCursor: true,
    clearOnComplete: false,
    format: '{label} {bar} {text}',
    barsize: 20,
  });
  readonly #byKey = new Map<string, SingleBar>();
  #remark: SingleBar | null = null;

  show(key: string, { done, total }: ProgressLine, { label, text }: { label: string; text: string }): void {
    const most = Math.max(total ?? done, done, 1);
    const payload = { label: label.padEnd(LABEL_CHARS).slice(0, LABEL_CHARS), text };
    const bar = this.#byKey.get(key) ?? this.#bars.create(most, 0, payload);
    this.#byKey.set(key, bar);
    bar.setTotal(most);
    bar.update(done, payload);
  }

  remark(text: string): void {
    if (text === '' && this.#remark === null) return;
    this.#remark ??= this.#bars.create(1, 0, { text }, { format: '{text}' });
    this.#remark.update(0, { text });
  }

  stop(): void {
    if (this.#bars.isActive) this.#bars.stop();
  }
}

interface Sample {
  readonly atMs: number;
  readonly done: number;
  readonly bytes: number;
}

interface Speed {
  readonly perSecond: number;
  readonly bytesPerSecond: number;
}

const WINDOW_MS = 30_000;

/** The current speed: over the last half minute, and not before the first sample, which may count earlier work. */
export class Pace {
  readonly #samples: Sample[] = [];

  /** Records the progress and returns the speed per second; null until there is enough data. */
  note(sample: Sample): Speed | null {
    const samples = this.#samples;
    samples.push(sample);
    // Keep the last sample before the window, because the window starts there.
    while ((samples[1]?.atMs ?? Number.POSITIVE_INFINITY) <= sample.atMs - WINDOW_MS) samples.shift();
    const [first = sample] = samples;
    const seconds = (sample.atMs - first.atMs) / 1000;
    if (seconds <= 0) return null;
    return { perSecond: (sample.done - first.done) / seconds, bytesPerSecond: (sample.bytes - first.bytes) / seconds };
  }

  /**
   * Seconds that so many more items take. Work that counts in pages stands still between two of them. So the speed is that up
   * to the last change, and the time since then is taken off: what is left falls.
   */
  secondsFor(items: number): number {
    const [first] = this.#samples;
    const last = this.#samples.at(-1);
    const changed = this.#samples.find(({ done }) => done === last?.done);
    if (first === undefined || last === undefined || changed === undefined) return Number.POSITIVE_INFINITY;
    const secondsUpTo = (sample: Sample): number =>
      (items * (sample.atMs - first.atMs)) / 1000 / (last.done - first.done);
    const left = secondsUpTo(changed) - (last.atMs - changed.atMs) / 1000;
    // Later than expected.
    return left > 0 ? left : secondsUpTo(last);
  }
}

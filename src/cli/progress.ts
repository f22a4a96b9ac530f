import process from 'node:process';
import { MultiBar, type SingleBar } from 'cli-progress';
import { countText } from './output.ts';

/** One line of progress, as it stands now. */
export interface ProgressLine {
  readonly label: string;
  readonly done: number;
  /** Null while the end is not known. */
  readonly total: number | null;
  /** `kept 12, dropped 88` */
  readonly note: string;
}

const BAR_UPDATE_MS = 250;
const LINE_EVERY_MS = 10_000;

/** Shows progress on stderr: bars on a terminal, elsewhere a line every ten seconds. Reads `lines` when it needs them. */
export function startProgress(lines: () => readonly ProgressLine[]): { stop(): void } {
  const startedMs = performance.now();
  const elapsedMs = (): number => performance.now() - startedMs;
  const news = newsOf(lines);
  return process.stderr.isTTY ? startBars(news, elapsedMs) : startLines(news, elapsedMs);
}

/** Only lines with news: what is complete is told once, with the pace that it had then; later it may get more to do. */
function newsOf(lines: () => readonly ProgressLine[]): () => readonly ProgressLine[] {
  const complete = new Map<string, string>();
  return () =>
    lines().filter(({ label, done, total }) => {
      const state = `${done} of ${total}`;
      if (complete.get(label) === state) return false;
      if (done === total) complete.set(label, state);
      return true;
    });
}

function startLines(lines: () => readonly ProgressLine[], elapsedMs: () => number): { stop(): void } {
  const print = (): void => {
    for (const line of lines()) process.stderr.write(`${textOf(line, elapsedMs())}\n`);
  };
  const timer = setInterval(print, LINE_EVERY_MS);
  return { stop: () => clearInterval(timer) };
}

function textOf(line: ProgressLine, elapsedMs: number): string {
  const total = line.total === null ? '' : ` of ${countText(line.total)}`;
  const pace = paceText(line, elapsedMs);
  return [`${line.label} ${countText(line.done)}${total}`, pace, line.note].filter((part) => part !== '').join('  ');
}

/** `102/s, 12 s left` */
function paceText({ done, total }: ProgressLine, elapsedMs: number): string {
  if (done === 0 || elapsedMs === 0) return '';
  const perSecond = done / (elapsedMs / 1000);
  const rate = `${perSecond < 10 ? perSecond.toFixed(1) : countText(Math.round(perSecond))}/s`;
  if (total === null || total <= done) return rate;
  return `${rate}, ${durationText((total - done) / perSecond)} left`;
}

function durationText(seconds: number): string {
  if (seconds < 90) return `${Math.ceil(seconds)} s`;
  if (seconds < 90 * 60) return `${Math.round(seconds / 60)} min`;
  return `${(seconds / 3600).toFixed(1)} h`;
}

function startBars(lines: () => readonly ProgressLine[], elapsedMs: () => number): { stop(): void } {
  const bars = new MultiBar({
    stream: process.stderr,
    hideCursor: true,
    clearOnComplete: false,
    format: '{label} {bar} {text}',
    barsize: 24,
  });
  const byLabel = new Map<string, SingleBar>();
  const update = (): void => {
    for (const line of lines()) {
      const total = Math.max(line.total ?? line.done, line.done, 1);
      const payload = { label: line.label.padEnd(8), text: textOf({ ...line, label: '' }, elapsedMs()).trim() };
      const bar = byLabel.get(line.label) ?? bars.create(total, 0, payload);
      byLabel.set(line.label, bar);
      bar.setTotal(total);
      bar.update(line.done, payload);
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

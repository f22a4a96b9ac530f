import { once } from 'node:events';
import process from 'node:process';
import { setImmediate } from 'node:timers/promises';
import Table from 'cli-table3';
import { codeOf, StopTheRun, WinnowError } from '../kernel/errors.ts';
import { oneLine, printable } from '../kernel/printable.ts';

/** Whoever read stdout has gone, as `| head` does: the command ends, and that is no failure. */
export class ReaderGone extends WinnowError {}

/**
 * Watches stdout, where a failed write shows as an event and not where it was made.
 * `flushed` resolves once all that was written has left; `failure` is what kept it from leaving.
 */
export function watchOutput(): { flushed(): Promise<void>; failure(): WinnowError | null } {
  let failure: WinnowError | null = null;
  process.stdout.on('error', (error) => {
    failure ??=
      codeOf(error) === 'EPIPE'
        ? new ReaderGone('The reader of stdout has gone', { code: 'reader-gone', cause: error })
        : new StopTheRun(`Expected to write the results to stdout but received '${error.message}'`, {
            code: 'stdout',
            cause: error,
          });
  });
  return {
    failure: () => failure,
    flushed: async () => {
      await new Promise<void>((resolve) => {
        process.stdout.write('', () => resolve());
      });
      // The event comes after the callback.
      await setImmediate();
      if (failure !== null) throw failure;
    },
  };
}

/**
 * Writes to stdout, control characters escaped, and waits where the reader is slower. Rejects with EPIPE once the reader
 * has gone. Texts from outside that are part of a line go through `oneLine` before.
 */
export async function writeOut(text: string): Promise<void> {
  if (process.stdout.write(printable(text))) return;
  await once(process.stdout, 'drain');
}

/** One object a line. */
export async function writeJsonLines(rows: AsyncIterable<unknown> | Iterable<unknown>): Promise<number> {
  let count = 0;
  for await (const row of rows) {
    await writeOut(`${JSON.stringify(row)}\n`);
    count += 1;
  }
  return count;
}

/** A table for people: two spaces between columns, numbers to the right; ends with a line break. */
export function tableText(head: readonly string[], rows: readonly (readonly (string | number)[])[]): string {
  const numeric = head.map((_, column) => rows.every((row) => typeof row[column] === 'number'));
  const table = new Table({
    head: [...head],
    colAligns: numeric.map((isNumber) => (isNumber ? 'right' : 'left')),
    style: { head: [], border: [], compact: true, 'padding-left': 0, 'padding-right': 0 },
    chars: PLAIN_CHARS,
  });
  for (const row of rows) table.push(row.map((cell) => (typeof cell === 'number' ? countText(cell) : oneLine(cell))));
  return table.toString().replaceAll(/ +$/gm, '').concat('\n');
}

const PLAIN_CHARS = {
  top: '',
  'top-mid': '',
  'top-left': '',
  'top-right': '',
  bottom: '',
  'bottom-mid': '',
  'bottom-left': '',
  'bottom-right': '',
  left: '',
  'left-mid': '',
  mid: '',
  'mid-mid': '',
  right: '',
  'right-mid': '',
  middle: '  ',
};

/** A word as a shell takes it. */
export function shellWord(text: string): string {
  return /^[\w./:@%+=-]+$/.test(text) ? text : `'${text.replaceAll("'", String.raw`'\''`)}'`;
}

/** `81,413` */
export function countText(count: number): string {
  return count.toLocaleString('en-US');
}

/** `1 photo`, `2 photos` */
export function plural(count: number, one: string, many = `${one}s`): string {
  return `${countText(count)} ${count === 1 ? one : many}`;
}

/** `12.3 %`; nothing for what is not known. */
export function percentText(share: number | null): string {
  return share === null ? '' : `${(share * 100).toFixed(1)} %`;
}

/** `950 B`, `12.3 MB`, `4.90 GB`: decimal units, three digits. */
export function bytesText(bytes: number): string {
  const units = ['B', 'kB', 'MB', 'GB', 'TB'];
  let value = bytes;
  let unit = 0;
  while (value >= 999.5 && unit < units.length - 1) {
    value /= 1000;
    unit += 1;
  }
  if (unit === 0) return `${Math.round(value)} B`;
  return `${value.toFixed(value < 9.995 ? 2 : value < 99.95 ? 1 : 0)} ${units[unit]}`;
}

/** `12 s`, `4 min`, `1.5 h` */
export function durationText(seconds: number): string {
  if (seconds < 90) return `${Math.ceil(seconds)} s`;
  if (seconds < 90 * 60) return `${Math.round(seconds / 60)} min`;
  return `${(seconds / 3600).toFixed(1)} h`;
}

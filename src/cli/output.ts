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

/** cli-table3 compares every row with all others: longer tables are drawn in parts. */
const ROWS_A_PART = 100;

/** A table for people: two spaces between columns, numbers to the right; ends with a line break. */
export function tableText(head: readonly string[], rows: readonly (readonly (string | number)[])[]): string {
  const numeric = head.map((_, column) => rows.every((row) => typeof row[column] === 'number'));
  const texts = rows.map((row) => row.map((cell) => (typeof cell === 'number' ? countText(cell) : oneLine(cell))));
  if (rows.length <= ROWS_A_PART) return drawn({ head, rows: texts, numeric });
  const widths = head.map((name, column) =>
    texts.reduce((widest, row) => Math.max(widest, widthAtMost(row[column] ?? '')), widthAtMost(name)),
  );
  let text = '';
  for (let first = 0; first < texts.length; first += ROWS_A_PART) {
    const part = texts.slice(first, first + ROWS_A_PART);
    text += drawn({ head: first === 0 ? head : [], rows: part, numeric, widths });
  }
  return text;
}

interface Drawn {
  readonly head: readonly string[];
  readonly rows: readonly string[][];
  /** By column. */
  readonly numeric: readonly boolean[];
  /** By column; as wide as its widest cell if left out. */
  readonly widths?: readonly number[];
}

function drawn({ head, rows, numeric, widths }: Drawn): string {
  const table = new Table({
    head: [...head],
    colAligns: numeric.map((isNumber) => (isNumber ? 'right' : 'left')),
    ...(widths === undefined ? {} : { colWidths: [...widths] }),
    style: { head: [], border: [], compact: true, 'padding-left': 0, 'padding-right': 0 },
    chars: PLAIN_CHARS,
  });
  table.push(...rows);
  return table.toString().replaceAll(/ +$/gm, '').concat('\n');
}

/** Columns of a terminal: no character below this takes two (https://www.unicode.org/reports/tr11/), of the others many do. */
const FIRST_WIDE = 0x11_00;

function widthAtMost(text: string): number {
  let width = 0;
  for (const character of text) width += (character.codePointAt(0) ?? 0) < FIRST_WIDE ? 1 : 2;
  return width;
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

const PHOTOS_NAMED = 3;

/** `5 photos (HASH, HASH, HASH and 2 more)` */
export function photosText(hashes: readonly string[]): string {
  const more = hashes.length > PHOTOS_NAMED ? ` and ${hashes.length - PHOTOS_NAMED} more` : '';
  return `${plural(hashes.length, 'photo')} (${hashes.slice(0, PHOTOS_NAMED).join(', ')}${more})`;
}

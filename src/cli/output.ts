import { once } from 'node:events';
import process from 'node:process';
import Table from 'cli-table3';

/** Writes to stdout and waits where the reader is slower. Rejects with EPIPE once the reader has gone. */
export async function writeOut(text: string): Promise<void> {
  if (process.stdout.write(text)) return;
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
  for (const row of rows) table.push(row.map((cell) => (typeof cell === 'number' ? countText(cell) : cell)));
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

import process from 'node:process';
import type { Writable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { stringify } from 'csv-stringify';
import { UsageError } from '../../kernel/errors.ts';
import { printable } from '../../kernel/printable.ts';
import { either } from '../../library/operation.ts';

export const SAFE_CSV = either(
  false,
  "with --format csv: put ' before cells that a spreadsheet would run as a formula (= + - @ at the start)",
);

/** @throws UsageError `safe-csv` if another format is asked for: nothing would be made safe */
export function isSafeCsv({ safeCsv = false }: { readonly safeCsv?: boolean | undefined }, format: string): boolean {
  if (!safeCsv || format === 'csv') return safeCsv;
  throw new UsageError(`Expected --format csv with --safe-csv but received '${format}'`, { code: 'safe-csv' });
}

/** Nested values become JSON. Control characters are escaped on a terminal only. */
export async function writeCsv(
  rows: AsyncIterable<object>,
  isSafe: boolean,
  out: Writable & { readonly isTTY?: boolean } = process.stdout,
): Promise<void> {
  const cast = { object: (value: object) => JSON.stringify(value), boolean: String };
  const csv = stringify({ header: true, cast, escape_formulas: isSafe });
  // A chunk has whole rows.
  const shown = async function* (chunks: AsyncIterable<Buffer>): AsyncGenerator<Buffer | string> {
    for await (const chunk of chunks) yield out.isTTY === true ? printable(String(chunk)) : chunk;
  };
  await pipeline(rows, csv, shown, out, { end: false });
}

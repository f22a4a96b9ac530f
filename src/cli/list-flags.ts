import { type Command, Option } from 'commander';
import { stringify } from 'csv-stringify';
import { pipeline } from 'node:stream/promises';
import process from 'node:process';
import type { Workspace } from '../app/open/workspace.ts';
import { SOURCE_NAMES } from '../collection/collection.ts';
import { conceptsSeen } from '../decision/decision.repository.ts';
import { Interrupted, UsageError } from '../kernel/errors.ts';
import { writeJsonLines, writeOut } from './output.ts';
import { classesOf } from './run/run-stages.ts';
import { addGlobalFlags, collect, type GlobalFlags } from './start/context.ts';

/** The flags that `candidates` and `decisions` share. */
export interface ListFlags extends GlobalFlags {
  readonly class?: readonly string[];
  readonly state?: string;
  readonly reason?: string;
  readonly source?: string;
  readonly format?: 'jsonl' | 'csv' | 'table';
}

export function addListFlags(command: Command, states: readonly string[], reasons: readonly string[]): Command {
  return addGlobalFlags(command)
    .addOption(classOption())
    .addOption(new Option('--state <state>', 'list this state only').choices(states))
    .addOption(new Option('--reason <reason>', 'list this reason only').choices(reasons))
    .addOption(new Option('--source <name>', 'list photos of this source only').choices(SOURCE_NAMES))
    .addOption(new Option('--format <format>', 'jsonl is the format of --json').choices(['table', 'jsonl', 'csv']));
}

/** `--class`: `classesOf` resolves it. */
export function classOption(): Option {
  return new Option(
    '--class <names>',
    'list these classes of the collection only, by wnid or name, separated by commas; or repeat the flag',
  ).argParser(collect);
}

/** The classes (mode O: concepts) that `--class` asks for, or all of the collection. */
export async function wantedClasses(
  { app, collection, scope }: Workspace,
  flags: ListFlags,
): Promise<readonly string[]> {
  if (flags.class !== undefined) return classesOf(collection, flags.class);
  return collection.subjects.ids ?? conceptsSeen(app.db, scope);
}

export function formatOf(flags: ListFlags): 'jsonl' | 'csv' | 'table' {
  if (flags.json !== true) return flags.format ?? 'table';
  if (flags.format === undefined || flags.format === 'jsonl') return 'jsonl';
  throw new UsageError(`Give either --json or --format ${flags.format}, not both`, { code: 'two-formats' });
}

/** The rows until Ctrl-C, which stops a list at once. Exit code 130 shows that it is not complete. */
export async function* untilInterrupted<Row>(rows: AsyncIterable<Row>, signal: AbortSignal): AsyncGenerator<Row> {
  for await (const row of rows) {
    if (signal.aborted) throw new Interrupted();
    yield row;
  }
}

/** @throws UsageError if no photo can have the reason in that state: an empty list would hide the mistake */
export function refuseImpossible(
  { state, reason }: ListFlags,
  reasonsOfState: Readonly<Record<string, readonly string[]>>,
): void {
  if (state === undefined || reason === undefined) return;
  const possible = reasonsOfState[state] ?? [];
  if (possible.includes(reason)) return;
  const expected = possible.length === 0 ? 'no --reason' : `a --reason out of ${possible.join(', ')}`;
  throw new UsageError(`Expected ${expected} with --state ${state} but received '${reason}'`, {
    code: 'impossible-filter',
  });
}

interface ListOutput<Row> {
  readonly format: 'jsonl' | 'csv' | 'table';
  /** A row of the table, in one line. */
  readonly lineOf: (row: Row) => string;
  /** `candidate` */
  readonly what: string;
}

/** Writes rows as they arrive. If there are none, it says so on stderr, so that stdout holds only rows. */
export async function writeList<Row extends object>(
  rows: AsyncIterable<Row>,
  { format, lineOf, what }: ListOutput<Row>,
): Promise<void> {
  let count = 0;
  const counted = async function* (): AsyncGenerator<Row> {
    for await (const row of rows) {
      count += 1;
      yield row;
    }
  };
  if (format === 'jsonl') await writeJsonLines(counted());
  else if (format === 'csv') await writeCsv(counted());
  else for await (const row of counted()) await writeOut(`${lineOf(row)}\n`);
  if (count === 0) console.error(`winnow: no ${what} matches`);
}

/** Nested values are written as JSON in their cells. */
async function writeCsv(rows: AsyncIterable<object>): Promise<void> {
  await pipeline(
    rows,
    stringify({ header: true, cast: { object: (value) => JSON.stringify(value), boolean: String } }),
    process.stdout,
    { end: false },
  );
}

import { type Command, Option } from 'commander';
import { stringify } from 'csv-stringify';
import { pipeline } from 'node:stream/promises';
import process from 'node:process';
import { UsageError } from '../kernel/errors.ts';
import type { Workspace } from '../app/workspace.ts';
import { addGlobalFlags, type GlobalFlags } from './context.ts';
import { writeJsonLines } from './output.ts';
import { classOf } from './run-stages.ts';

/** What `candidates` and `decisions` take alike. */
export interface ListFlags extends GlobalFlags {
  readonly class?: string;
  readonly state?: string;
  readonly reason?: string;
  readonly source?: string;
  readonly format?: 'jsonl' | 'csv' | 'table';
}

export function addListFlags(command: Command, states: readonly string[], reasons: readonly string[]): Command {
  return addGlobalFlags(command)
    .addOption(new Option('--class <wnid or name>', 'only this class'))
    .addOption(new Option('--state <state>', 'only this state').choices(states))
    .addOption(new Option('--reason <reason>', 'only this reason').choices(reasons))
    .addOption(new Option('--source <name>', 'only photos of this source'))
    .addOption(new Option('--format <format>', 'jsonl is what --json gives').choices(['table', 'jsonl', 'csv']));
}

/** The classes that `--class` asks for: one, or all of the collection. */
export function wantedClasses({ collection }: Workspace, flags: ListFlags): readonly string[] {
  return flags.class === undefined ? collection.classes.wnids : [classOf(collection, flags.class)];
}

export function formatOf(flags: ListFlags): 'jsonl' | 'csv' | 'table' {
  if (flags.json !== true) return flags.format ?? 'table';
  if (flags.format === undefined || flags.format === 'jsonl') return 'jsonl';
  throw new UsageError(`Expected --json or --format ${flags.format} but received both`, { code: 'two-formats' });
}

/** Writes rows as JSON Lines, or as CSV with nested values as JSON in their cells. */
export async function writeRows(rows: AsyncIterable<object>, format: 'jsonl' | 'csv'): Promise<void> {
  if (format === 'jsonl') await writeJsonLines(rows);
  else
    await pipeline(
      rows,
      stringify({ header: true, cast: { object: (value) => JSON.stringify(value), boolean: String } }),
      process.stdout,
      { end: false },
    );
}

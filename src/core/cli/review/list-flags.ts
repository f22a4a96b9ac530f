import type { Command } from 'commander';
import * as z from 'zod';
import { SOURCE_NAMES } from '../../config/sources/sources.ts';
import { UsageError } from '../../kernel/errors.ts';
import { CRAWL, type ListOptions } from '../../library/options.ts';
import { refuseImpossible } from '../../library/lists.process.ts';
import type { Winnow } from '../../library/winnow.process.ts';
import { isSafeCsv, SAFE_CSV, writeCsv } from '../text/csv-output.ts';
import { writeJsonLines, writeOut } from '../text/output.ts';
import { addCommand, runOnWinnow } from '../start/context.ts';
import { optional, optionalText, type FlagsOf } from '../start/flags.ts';

const LIST = {
  class: CRAWL.shape.class,
  state: optionalText('state', 'list this state only'),
  reason: optionalText('reason', 'list this reason only'),
  source: optionalText('name', `list photos of this source only: ${SOURCE_NAMES.join(', ')}, or one of your own`),
  format: optional(z.enum(['table', 'jsonl', 'csv']), 'format', 'jsonl is the format of --json'),
  safeCsv: SAFE_CSV,
};

export type ListFlags = FlagsOf<typeof LIST>;

interface ListCommand<Row, State extends string> {
  readonly what: string;
  readonly description: string;
  readonly help: string;
  readonly reasons: Readonly<Record<State, readonly string[]>>;
  readonly rowsOf: (winnow: Winnow, options: ListOptions<State>, flags: ListFlags) => AsyncIterable<Row>;
  readonly lineOf: (row: Row) => string;
}

/** Adds `winnow candidates`, `decisions` or `verdicts`. */
export function addListCommand<Row extends object, State extends string>(
  program: Command,
  list: ListCommand<Row, State>,
): Command {
  const { what, description, help, reasons, rowsOf } = list;
  const command = addCommand(program, `${what}s`, description).flags(LIST);
  const choices = { state: Object.keys(reasons), reason: Object.values<readonly string[]>(reasons).flat() };
  for (const [name, known] of Object.entries(choices))
    command.options.find((option) => option.attributeName() === name)?.choices([...new Set(known)]);
  return command.addHelpText('after', help).run(async (flags) => {
    const format = formatOf(flags);
    const isSafe = isSafeCsv(flags, format);
    // Before the data folder is opened.
    refuseImpossible(flags, reasons);
    await runOnWinnow(flags, { name: `${what}s`, access: 'read' }, async (winnow, { signal }) => {
      const { class: classes, reason, source } = flags;
      // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- one of the choices of the flag
      const state = flags.state as State | undefined;
      const rows = rowsOf(winnow, { class: classes, state, reason, source, signal }, flags);
      await writeList(rows, { list, format, isSafe });
    });
  });
}

/** The format that the flags ask for. `--json` is `jsonl`. */
export function formatOf<Format extends string>(flags: {
  readonly json?: boolean;
  readonly format?: Format | 'jsonl' | undefined;
}): Format | 'jsonl' | 'table' {
  if (flags.json !== true) return flags.format ?? 'table';
  if (flags.format === undefined || flags.format === 'jsonl') return 'jsonl';
  throw new UsageError(`Give either --json or --format ${flags.format}, not both`, { code: 'two-formats' });
}

interface ListWriting<Row> {
  readonly list: Pick<ListCommand<Row, string>, 'what' | 'lineOf'>;
  readonly format: ListFlags['format'];
  readonly isSafe: boolean;
}

/** Writes rows as they arrive. If there are none, stderr says so, so that stdout holds only rows. */
async function writeList<Row extends object>(
  rows: AsyncIterable<Row>,
  { list, format, isSafe }: ListWriting<Row>,
): Promise<void> {
  let count = 0;
  const counted = async function* (): AsyncGenerator<Row> {
    for await (const row of rows) {
      count += 1;
      yield row;
    }
  };
  if (format === 'jsonl') await writeJsonLines(counted());
  else if (format === 'csv') await writeCsv(counted(), isSafe);
  else for await (const row of counted()) await writeOut(`${list.lineOf(row)}\n`);
  if (count === 0) console.error(`winnow: no ${list.what} matches`);
}

import type { Command } from 'commander';
import { describeConfig } from '../config/load-config.ts';
import { isMapping } from '../config/yaml.ts';
import { writeResult } from './text/output.ts';
import { tableText } from './text/table.ts';
import { addCommand, runCommand, type CommandContext } from './start/context.ts';

export function addConfigCommand(program: Command): void {
  addCommand(program, 'config', 'Show every setting, its value and where it comes from; secrets are hidden')
    .addHelpText(
      'after',
      `
A value is taken from the first of these that has one: flags and --set, the environment
(WINNOW_FILTER_THREADS), --config FILE (or config/local.yaml), the collection's settings,
config/default.yaml.

Examples:
  winnow config
  winnow config --collection imagenet-a --set filter.threads=2 --json
`,
    )
    .run((flags) => runCommand(flags, show, { collection: 'named' }));
}

async function show({ flags, loaded }: CommandContext): Promise<void> {
  const rows = describeConfig(loaded);
  const cells = rows.map(({ name, value, origin }) => [name, cellOf(value), origin]);
  await writeResult(flags, rows, () => tableText(['setting', 'value', 'from'], cells));
}

function cellOf(value: unknown): string {
  return isMapping(value) ? JSON.stringify(value) : String(value);
}

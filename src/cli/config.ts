import type { Command } from 'commander';
import { describeConfig } from '../config/load-config.ts';
import { tableText, writeOut } from './output.ts';
import { addGlobalFlags, collectionOf, runCommand, type GlobalFlags } from './start/context.ts';
import { exitWith } from './start/exit.ts';

export function addConfigCommand(program: Command): void {
  addGlobalFlags(
    program.command('config').description('Show every setting, its value and where it comes from; secrets are hidden'),
  )
    .addHelpText(
      'after',
      `
A value is taken from the first of these that has one: flags and --set, the environment
(WINNOW_FILTER_THREADS), --config FILE (or config/local.yaml), the collection's settings, what
\`winnow doctor --tune\` measured for the data folder, config/default.yaml.

Examples:
  winnow config
  winnow config --collection imagenet-a --set filter.threads=2 --json
`,
    )
    .action(async (flags: GlobalFlags) => {
      try {
        const found = flags.collection === undefined ? undefined : await collectionOf(flags);
        await runCommand(
          flags,
          async ({ loaded, tuneProblem, log }) => {
            if (tuneProblem !== null) log.warn(tuneProblem);
            const rows = describeConfig(loaded);
            if (flags.json === true) await writeOut(`${JSON.stringify(rows)}\n`);
            else
              await writeOut(
                tableText(
                  ['setting', 'value', 'from'],
                  rows.map((row) => [row.name, String(row.value), row.origin]),
                ),
              );
          },
          found ?? {},
        );
      } catch (error) {
        exitWith(error);
      }
    });
}

import type { Command } from 'commander';
import { describeConfig } from '../config/load-config.ts';
import { tableText, writeOut } from './output.ts';
import { addGlobalFlags, collectionOf, runCommand, type GlobalFlags } from './start/context.ts';
import { exitWith } from './start/exit.ts';

export function addConfigCommand(program: Command): void {
  addGlobalFlags(
    program.command('config').description('Every setting, its value and where it came from; secrets hidden'),
  )
    .addHelpText(
      'after',
      `
What wins: flags and --set, then the environment (WINNOW_FILTER_THREADS), then --config FILE
(or config/local.yaml), then the collection's settings, then what \`winnow doctor --tune\` measured
for the data folder, then config/default.yaml.

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

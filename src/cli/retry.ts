import { type Command, Option } from 'commander';
import { SOURCE_NAMES } from '../collection/collection.ts';
import { retryPictures } from '../candidate/candidate.repository.ts';
import { FAILED_REASONS } from '../kernel/reasons.ts';
import { addGlobalFlags, runCommand, withApp, type GlobalFlags } from './context.ts';
import { plural, writeOut } from './output.ts';

interface RetryFlags extends GlobalFlags {
  readonly reason: readonly string[];
  readonly source?: string;
}

export function addRetryCommand(program: Command): void {
  addGlobalFlags(program.command('retry').description('Give pictures that could not be had another try'))
    .addOption(
      new Option('--reason <reasons...>', 'those that failed for one of these')
        .choices(FAILED_REASONS)
        .makeOptionMandatory(),
    )
    .addOption(new Option('--source <name>', 'only those of this source').choices(SOURCE_NAMES))
    .addHelpText(
      'after',
      '\nThe next crawl fetches them.\n\nExample:\n  winnow retry --reason timeout-total reset http-5xx\n',
    )
    .action(async (flags: RetryFlags) => {
      await runCommand(flags, (context) =>
        withApp(context, 'retry', async (app) => {
          const sources = flags.source === undefined ? SOURCE_NAMES : [flags.source];
          const count = await retryPictures(app.db, { sources, reasons: flags.reason });
          await writeOut(
            flags.json === true
              ? `${JSON.stringify({ retried: count })}\n`
              : `${plural(count, 'picture')} will be tried again by the next crawl\n`,
          );
        }),
      );
    });
}

import { type Command, Option } from 'commander';
import { SOURCE_NAMES } from '../collection/collection.ts';
import { retryPictures } from '../candidate/fetch-queue.repository.ts';
import { forgetFailed } from '../decision/decision.repository.ts';
import { FAILED_REASONS } from '../kernel/reasons.ts';
import { addGlobalFlags, runCommand, withApp, type GlobalFlags } from './context.ts';
import { plural, writeOut } from './output.ts';

/** Of a decision, not of a picture: there are bytes, but no photo comes of them. */
const UNDECODABLE = 'undecodable';

interface RetryFlags extends GlobalFlags {
  readonly reason: readonly string[];
  readonly source?: string;
}

export function addRetryCommand(program: Command): void {
  addGlobalFlags(program.command('retry').description('Give what could not be had, or not be decoded, another try'))
    .addOption(
      new Option('--reason <reasons...>', 'those that failed for one of these')
        .choices([...FAILED_REASONS, UNDECODABLE])
        .makeOptionMandatory(),
    )
    .addOption(new Option('--source <name>', 'only those of this source').choices(SOURCE_NAMES))
    .addHelpText(
      'after',
      `\nThe next crawl fetches the pictures; the next filter decides the photos that failed as '${UNDECODABLE}'.\n\nExamples:\n  winnow retry --reason timeout-total reset http-5xx\n  winnow retry --reason ${UNDECODABLE}\n`,
    )
    .action(async (flags: RetryFlags) => {
      await runCommand(flags, (context) =>
        withApp(context, { name: 'retry', access: 'use' }, async (app) => {
          const sources = flags.source === undefined ? SOURCE_NAMES : [flags.source];
          const pictures = await retryPictures(app.db, { sources, reasons: flags.reason });
          const decisions = flags.reason.includes(UNDECODABLE) ? await forgetFailed(app.db, UNDECODABLE) : 0;
          const photosText = decisions === 0 ? '' : `, ${plural(decisions, 'photo')} by the next filter`;
          await writeOut(
            flags.json === true
              ? `${JSON.stringify({ retried: pictures, decisions })}\n`
              : `${plural(pictures, 'picture')} will be tried again by the next crawl${photosText}\n`,
          );
        }),
      );
    });
}

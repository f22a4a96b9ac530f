import { type Command, Option } from 'commander';
import { recorded } from '../../runtime/activity/activity.repository.ts';
import { localActor } from '../../runtime/activity/local-actor.process.ts';
import {
  PRUNED,
  RETRIABLE_REASONS,
  retryFailures,
  UNDECODABLE,
  type Retried,
} from '../../operate/upkeep/retry-failures.process.ts';
import { SOURCE_NAMES } from '../../config/sources/sources.ts';
import { nonEmpty, plural, writeResult } from '../text/output.ts';
import { addCommand, runOnData, type GlobalFlags } from '../start/context.ts';

interface RetryFlags extends GlobalFlags {
  readonly reason: readonly string[];
  readonly source?: string;
  readonly host?: string;
}

export function addRetryCommand(program: Command): void {
  addCommand(program, 'retry', 'Try photos again that could not be fetched or decoded, or that were pruned')
    .addOption(
      new Option('--reason <reasons...>', 'those that failed for one of these reasons')
        .choices(RETRIABLE_REASONS)
        .makeOptionMandatory(),
    )
    .addOption(new Option('--source <name>', 'those of this source only').choices(SOURCE_NAMES))
    .option('--host <host>', 'pictures of this host only, as the page of the collection names it')
    .addHelpText(
      'after',
      `\nThe next crawl fetches the pictures; the next filter decides the photos that failed as '${UNDECODABLE}' or 'poison'.\n'${PRUNED}' are photos whose bytes were pruned and which a collection has yet to decide: the next crawl fetches them again.\n\nExamples:\n  winnow retry --reason timeout-total reset http-5xx\n  winnow retry --reason http-5xx --host upload.wikimedia.org\n  winnow retry --reason ${UNDECODABLE}\n  winnow retry --reason ${PRUNED}\n`,
    )
    .action((flags: RetryFlags) =>
      runOnData(flags, { name: 'retry', access: 'use' }, async (app) => {
        const { reason: reasons, source, host } = flags;
        const of = host === undefined ? {} : { host };
        const detail = { reasons, ...(source === undefined ? {} : { source }), ...of };
        const { pictures, ...later } = await recorded(
          app.db,
          { ...localActor(), action: 'retry', detail, resultOf: (result) => result },
          () => retryFailures(app, { reasons, sources: source === undefined ? SOURCE_NAMES : [source], ...of }),
        );
        await writeResult(flags, { retried: pictures, ...later }, () => retryText({ pictures, ...later }, flags));
      }),
    );
}

function retryText({ pictures, decisions, refetched }: Retried, { reason }: RetryFlags): string {
  const parts = nonEmpty([
    reason.some((one) => one !== PRUNED) && `${plural(pictures, 'picture')} will be tried again by the next crawl`,
    decisions > 0 && `${plural(decisions, 'photo')} by the next filter`,
    reason.includes(PRUNED) &&
      `${plural(refetched, 'photo')} that had been pruned will be fetched again by the next crawl`,
  ]);
  return `${parts.join(', ')}\n`;
}

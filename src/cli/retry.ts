import { type Command, Option } from 'commander';
import { SOURCE_NAMES } from '../collection/collection.ts';
import { retryPictures } from '../candidate/fetch-queue.repository.ts';
import type { App } from '../app/app.ts';
import { forgetFailed } from '../decision/decision.repository.ts';
import { refetchPruned } from '../decision/pruned-photos.repository.ts';
import { collectionScopes } from '../decision/retention.repository.ts';
import { FAILED_REASONS } from '../kernel/reasons.ts';
import { addGlobalFlags, runCommand, withApp, type GlobalFlags } from './context.ts';
import { plural, writeOut } from './output.ts';

/** Of a decision, not of a picture: there are bytes, but no photo comes of them. */
const UNDECODABLE = 'undecodable';

/** Of a photo: its bytes were deleted (winnow prune), and a collection cannot decide it without them. */
const PRUNED = 'pruned';

interface RetryFlags extends GlobalFlags {
  readonly reason: readonly string[];
  readonly source?: string;
}

export function addRetryCommand(program: Command): void {
  addGlobalFlags(
    program.command('retry').description('Give what could not be had or decoded, or was pruned, another try'),
  )
    .addOption(
      new Option('--reason <reasons...>', 'those that failed for one of these')
        .choices([...FAILED_REASONS, UNDECODABLE, PRUNED])
        .makeOptionMandatory(),
    )
    .addOption(new Option('--source <name>', 'only those of this source').choices(SOURCE_NAMES))
    .addHelpText(
      'after',
      `\nThe next crawl fetches the pictures; the next filter decides the photos that failed as '${UNDECODABLE}'.\n'${PRUNED}' are photos whose bytes were pruned and which a collection has yet to decide: the next crawl fetches them again.\n\nExamples:\n  winnow retry --reason timeout-total reset http-5xx\n  winnow retry --reason ${UNDECODABLE}\n  winnow retry --reason ${PRUNED}\n`,
    )
    .action(async (flags: RetryFlags) => {
      await runCommand(flags, (context) =>
        withApp(context, { name: 'retry', access: 'use' }, async (app) => {
          const sources = flags.source === undefined ? SOURCE_NAMES : [flags.source];
          const pictures = await retryPictures(app.db, { sources, reasons: flags.reason });
          const decisions = flags.reason.includes(UNDECODABLE) ? await forgetFailed(app.db, UNDECODABLE) : 0;
          const refetched = flags.reason.includes(PRUNED) ? await refetchAll(app, sources) : 0;
          await writeOut(
            flags.json === true
              ? `${JSON.stringify({ retried: pictures, decisions, refetched })}\n`
              : retryText({ pictures, decisions, refetched }, flags),
          );
        }),
      );
    });
}

/** For every collection that has yet to decide some: any crawl of theirs fetches them. */
async function refetchAll({ db }: App, sources: readonly string[]): Promise<number> {
  const scopes = await db.transaction().execute(collectionScopes);
  let refetched = 0;
  for (const { scope } of scopes) refetched += await refetchPruned(db, scope, { sources });
  return refetched;
}

function retryText(
  { pictures, decisions, refetched }: { pictures: number; decisions: number; refetched: number },
  { reason }: RetryFlags,
): string {
  const failures = reason.some((one) => one !== PRUNED)
    ? [`${plural(pictures, 'picture')} will be tried again by the next crawl`]
    : [];
  const parts = [
    ...failures,
    ...(decisions > 0 ? [`${plural(decisions, 'photo')} by the next filter`] : []),
    ...(reason.includes(PRUNED)
      ? [`${plural(refetched, 'photo')} that had been pruned will be fetched again by the next crawl`]
      : []),
  ];
  return `${parts.join(', ')}\n`;
}

import type { Command } from 'commander';
import * as z from 'zod';
import { recorded } from '../../runtime/activity/activity.repository.ts';
import { localActor } from '../../runtime/activity/local-actor.process.ts';
import {
  PRUNED,
  RETRIABLE_REASONS,
  retryFailures,
  UNDECODABLE,
  type Retried,
} from '../../operate/upkeep/retry-failures.process.ts';
import type { App } from '../../runtime/open/app.process.ts';
import type { Workspace } from '../../models/workspace/workspace.process.ts';
import { SOURCE_NAMES } from '../../config/sources/sources.ts';
import { requireSource } from '../../crawl/candidates/query.repository.ts';
import { ALL } from '../../platform/postgres/query.ts';
import { nonEmpty, plural, writeResult } from '../text/output.ts';
import { addCommand, runOnCollection, runOnData } from '../start/context.ts';
import { listOf, option, optionalText, type FlagsOf } from '../start/flags.ts';

const RETRY = {
  reason: option(listOf(z.enum(RETRIABLE_REASONS)), 'reasons...', 'those that failed for one of these reasons'),
  source: optionalText('name', `those of this source only: ${SOURCE_NAMES.join(', ')}, or one of your own`),
  host: optionalText('host', 'pictures of this host only, as the page of the collection names it'),
};

export function addRetryCommand(program: Command): void {
  addCommand(program, 'retry', 'Try photos again that could not be fetched or decoded, or that were pruned')
    .flags(RETRY)
    .addHelpText(
      'after',
      `\nWith --collection only what this collection's crawls found is tried again, otherwise that of every collection.\nThe next crawl fetches the pictures; the next filter decides the photos that failed as '${UNDECODABLE}' or 'poison'.\n'${PRUNED}' are photos whose bytes were pruned and which a collection has yet to decide, or has drawn with shortlist --crawl-sample: the next crawl fetches them again.\n\nExamples:\n  winnow retry --reason timeout-total reset http-5xx\n  winnow retry --reason http-5xx --collection imagenet-a\n  winnow retry --reason http-5xx --host upload.wikimedia.org\n  winnow retry --reason ${UNDECODABLE}\n  winnow retry --reason ${PRUNED}\n`,
    )
    .run((flags) => {
      const use = { name: 'retry', access: 'use' } as const;
      return flags.collection === undefined
        ? runOnData(flags, use, (app) => retry(app, flags))
        : runOnCollection(flags, use, ({ app, scope, collection }) => retry(app, flags, { scope, collection }));
    });
}

async function retry(
  app: App,
  flags: FlagsOf<typeof RETRY>,
  of?: Pick<Workspace, 'scope' | 'collection'>,
): Promise<void> {
  const { reason: reasons, source, host } = flags;
  const asked = { reasons, ...(host === undefined ? {} : { host }) };
  const detail = { ...asked, ...(source === undefined ? {} : { source }) };
  await requireSource(app.db, source);
  const sources = source === undefined ? ALL : [source];
  const { pictures, ...later } = await recorded(
    app.db,
    {
      ...localActor(),
      action: 'retry',
      collection: of?.collection.name ?? null,
      detail,
      resultOf: (result) => result,
    },
    () => retryFailures(app, { ...asked, sources, scope: of?.scope }),
  );
  await writeResult(flags, { retried: pictures, ...later }, () => retryText({ pictures, ...later }, flags));
}

function retryText({ pictures, decisions, refetched }: Retried, { reason }: FlagsOf<typeof RETRY>): string {
  const parts = nonEmpty([
    reason.some((one) => one !== PRUNED) && `${plural(pictures, 'picture')} will be tried again by the next crawl`,
    decisions > 0 && `${plural(decisions, 'photo')} by the next filter`,
    reason.includes(PRUNED) &&
      `${plural(refetched, 'photo')} that had been pruned will be fetched again by the next crawl`,
  ]);
  return `${parts.join(', ')}\n`;
}

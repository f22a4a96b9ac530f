import { type Command, InvalidArgumentError } from 'commander';
import type * as z from 'zod';
import type { App } from '../../core/runtime/open/app.process.ts';
import type { SettingArgument } from '../../core/config/setting-layers.ts';
import { UsageError } from '../../core/kernel/errors.ts';
import { personName, PERSON_NAME_RULE } from '../../core/kernel/people.ts';
import { tokenHoldersOf } from '../server/access/access.ts';
import { pathOf } from '../../core/page/frame.tsx';
import { whereFlags } from '../../core/cli/crawl/crawl.ts';
import { writeOut, writeResult } from '../../core/cli/text/output.ts';
import { serve } from './server.ts';
import { addCommand, runWithCollection, withWorkspace, type CollectionContext } from '../../core/cli/start/context.ts';
import { optional, optionalText, wholeNumber } from '../../core/cli/start/flags.ts';
import { readStatus } from '../../core/status/status.process.ts';
import { nextText } from '../../core/kernel/next-step.ts';

export function addReviewCommand(program: Command): void {
  addCommand(program, 'review', 'Serve the page on which people accept and reject the photos of the shortlist')
    .flags({ reviewer: reviewerFlag('the name under which the reviews are stored'), port: PORT })
    .addHelpText(
      'after',
      `
Prints the address of the page and serves it, with all other pages of winnow server, until Ctrl-C.
--json prints {"url": "http://127.0.0.1:4310/c/NAME/review"}.

Several people can review at the same time. On this machine they need no token. For other machines
give each of them one (server.people); docs/verdicts.md says how.

Examples:
  winnow review --collection imagenet-a
  winnow review --collection imagenet-a --reviewer alice --port 0
`,
    )
    .run((flags) =>
      runWithCollection(flags, { settings: pageSettings(flags) }, (context) =>
        withWorkspace(context, { name: 'review', access: 'use' }, async (workspace) => {
          const { reviewer = null } = flags;
          refuseSecondName(workspace.app, reviewer);
          const { totals, next } = await readStatus(workspace);
          if (totals.shortlisted > 0 && totals.unreviewed === 0 && flags.json !== true) await writeOut(nextText(next));
          if (totals.shortlisted === 0)
            context.log.warn(`No photo is listed yet. \`winnow shortlist ${whereFlags(context)}\` makes the list.`);
          return serveReview(workspace.app, context, reviewer);
        }),
      ),
    );
}

export function reviewerFlag(name: string): z.ZodOptional<z.ZodString> {
  const help = `${name} (without it, the page asks once; with tokens it is theirs)`;
  return optionalText('name', { help, parse: reviewerName });
}

export const PORT = optional(
  wholeNumber(0, 65_535),
  'n',
  'the port to listen on, 0 for any free one (default: server.port)',
);

export function pageSettings({ port }: { readonly port?: number | undefined }): SettingArgument[] {
  return port === undefined ? [] : [['server.port', String(port), '--port']];
}

function reviewerName(text: string): string {
  const name = personName(text);
  if (name === null) throw new InvalidArgumentError(`Expected a name (${PERSON_NAME_RULE}) but received '${text}'.`);
  return name;
}

/** With tokens, the name of a reviewer is that of the token, or each browser chooses one. */
export function refuseSecondName({ config }: App, reviewer: string | null): void {
  if (reviewer === null || tokenHoldersOf(config.server).length === 0) return;
  throw new UsageError(
    `Expected no --reviewer beside tokens but received '${reviewer}': people who log in have names of their own. Leave out --reviewer, or give each person a token in server.people.`,
    { code: 'reviewer-with-tokens' },
  );
}

export async function serveReview(app: App, context: CollectionContext, reviewer: string | null): Promise<number> {
  const { collection, flags } = context;
  return serve(app, context, {
    reviewer,
    announce: (origin) => {
      const url = `${origin}${pathOf(collection.name)}review`;
      return writeResult(flags, { url }, () => `Review ${collection.name} at ${url} (Ctrl-C ends it)\n`);
    },
  });
}

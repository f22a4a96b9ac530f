import path from 'node:path';
import process from 'node:process';
import type { Command } from 'commander';
import type { Workspace } from '../models/workspace/workspace.process.ts';
import { addSampleReferences } from '../filter/references/references.process.ts';
import { packageRoot } from '../config/root.ts';
import { codeOf, messageOf } from '../kernel/errors.ts';
import { whereFlags } from './crawl/crawl.ts';
import { writeOut, EXIT } from './text/output.ts';
import { serveReview } from './review/review.ts';
import { runToShortlist } from './run/run.ts';
import { addGlobalFlags, type CollectionContext, type GlobalFlags } from './start/context.ts';

const SAMPLES = path.join(packageRoot, 'assets', 'samples');

export function addDemoCommand(program: Command): void {
  addGlobalFlags(
    program
      .command('demo')
      .description('Crawl, filter and shortlist the bundled photos with the bundled models; needs no network'),
    { data: 'data/demo' },
  )
    .addHelpText(
      'after',
      `
On a terminal it ends with the review page, which it serves until Ctrl-C. Otherwise it prints the
command that opens the page. A second run finds nothing left to do. For a fresh start, remove the
data folder first.

Example:
  winnow demo
`,
    )
    .action(async (flags: GlobalFlags) => {
      const collection = flags.collection ?? 'demo';
      await runToShortlist({ ...flags, collection, from: SAMPLES, source: ['folder'] }, 'demo', endWithReview);
    });
}

const HUMAN_STEP = `
A photo that the filter keeps is hard for these models, or is no valid photo of its class.
Choosing the valid ones is the human step:
`;

async function endWithReview({ app }: Workspace, context: CollectionContext): Promise<number> {
  await addSampleReferences(app, SAMPLES, context.signal);
  if (context.flags.json === true) return EXIT.done;
  await writeOut(HUMAN_STEP);
  if (process.stdout.isTTY) {
    try {
      return await serveReview(app, context, null);
    } catch (error) {
      // The demo itself has ended well.
      if (codeOf(error) !== 'server-address') throw error;
      context.log.warn(messageOf(error));
    }
  }
  await writeOut(`  winnow review ${whereFlags(context)}\n`);
  return EXIT.done;
}

import path from 'node:path';
import type { Command } from 'commander';
import { addSampleReferences } from '../app/photos/sample-references.ts';
import { packageRoot } from '../config/root.ts';
import { runToShortlist } from './run/run.ts';
import { addGlobalFlags, type GlobalFlags } from './start/context.ts';

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
A second run finds nothing left to do. For a fresh start, remove the data folder first.

Example:
  winnow demo && open data/demo/shortlists/demo/shortlist.html
`,
    )
    .action(async (flags: GlobalFlags) => {
      const from = path.join(packageRoot, 'assets', 'samples');
      const collection = flags.collection ?? 'demo';
      await runToShortlist({ ...flags, collection, from, source: ['folder'] }, 'demo', ({ app }, signal) =>
        addSampleReferences(app, from, signal),
      );
    });
}

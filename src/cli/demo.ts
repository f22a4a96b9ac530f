import path from 'node:path';
import type { Command } from 'commander';
import { displayPath, packageRoot } from '../config/root.ts';
import { addGlobalFlags, runOnCollection, type GlobalFlags } from './context.ts';
import { crawlText, finish } from './crawl.ts';
import { filterText } from './filter.ts';
import { writeOut } from './output.ts';
import { runStages } from './run-stages.ts';
import { makeShortlist } from './shortlist.ts';
import { printStatus } from './status.ts';

export function addDemoCommand(program: Command): void {
  addGlobalFlags(
    program
      .command('demo')
      .description('The main job on the bundled photos and models: crawl, filter, shortlist; no network'),
    { data: 'data/demo' },
  )
    .addHelpText('after', '\nExample:\n  winnow demo && open data/demo/shortlists/demo/shortlist.html\n')
    .action(async (flags: GlobalFlags) => {
      await runOnCollection(
        { ...flags, collection: flags.collection ?? 'demo' },
        { name: 'demo' },
        async (workspace, context) => {
          const from = path.join(packageRoot, 'assets', 'samples');
          const result = await runStages(workspace, context, { stages: ['discover', 'fetch', 'filter'], from });
          if (context.signal.aborted) return finish(result, context);
          const { files } = await makeShortlist(workspace, {});
          if (flags.json !== true) await writeOut(`${crawlText(result)}${filterText(result)}\n`);
          await printStatus(workspace, { json: flags.json === true, everyClass: false });
          if (flags.json !== true) await writeOut(`\ncontact sheet: ${displayPath(files.html)}\n`);
          return finish(result, context);
        },
      );
    });
}

import type { Command } from 'commander';
import { addGlobalFlags, runOnCollection, type GlobalFlags } from './context.ts';
import { addCrawlFlags, crawlText, finish, folderOf, limitSetting } from './crawl.ts';
import { filterText } from './filter.ts';
import { writeOut } from './output.ts';
import { runStages } from './run-stages.ts';
import { makeShortlist } from './shortlist.ts';
import { printStatus } from './status.ts';

interface RunFlags extends GlobalFlags {
  readonly source: string;
  readonly from?: string;
  readonly class?: string;
  readonly limit?: string;
}

export function addRunCommand(program: Command): void {
  addCrawlFlags(
    addGlobalFlags(program.command('run').description('Crawl, filter and shortlist in one go, as photos arrive')),
  )
    .addHelpText('after', '\nExample:\n  winnow run --collection imagenet-a --source folder --from ~/photos\n')
    .action(async (flags: RunFlags) => {
      await runOnCollection(flags, { name: 'run', settings: limitSetting(flags) }, async (workspace, context) => {
        const from = folderOf(flags);
        const result = await runStages(workspace, context, {
          stages: ['discover', 'fetch', 'filter'],
          from,
          classLabel: flags.class,
        });
        if (flags.json !== true) await writeOut(crawlText(result) + filterText(result));
        if (!context.signal.aborted) await makeShortlist(workspace, {});
        await printStatus(workspace, { json: flags.json === true, everyClass: false });
        return finish(result, context);
      });
    });
}

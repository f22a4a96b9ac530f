import type { Command } from 'commander';
import type { Workspace } from '../app/workspace.ts';
import { addGlobalFlags, runOnCollection, type CommandContext, type GlobalFlags } from './context.ts';
import { addCrawlFlags, crawlText, finish, folderOf, limitSetting } from './crawl.ts';
import { filterText } from './filter.ts';
import { outcomeText } from './outcome.ts';
import { shellWord, writeOut } from './output.ts';
import { runStages } from './run-stages.ts';
import { makeShortlist } from './shortlist.ts';
import { checkedFunnel } from './status.ts';

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
    .addHelpText(
      'after',
      `
Going on where an earlier run ended; what is done is not done again. With --json it prints what
winnow status --json prints.

Example:
  winnow run --collection imagenet-a --source folder --from ~/photos
`,
    )
    .action(async (flags: RunFlags) => {
      const from = folderOf(flags);
      await runOnCollection(flags, { name: 'run', settings: limitSetting(flags) }, (workspace, context) =>
        runToShortlist(workspace, context, { from, classLabel: flags.class }),
      );
    });
}

/** The main job from a folder to a shortlist; an interrupted one says what is left instead. */
export async function runToShortlist(
  workspace: Workspace,
  context: CommandContext,
  { from, classLabel }: { readonly from: string; readonly classLabel?: string | undefined },
): Promise<number> {
  const json = context.flags.json === true;
  const result = await runStages(workspace, context, { stages: ['discover', 'fetch', 'filter'], from, classLabel });
  if (!json) await writeOut(crawlText(result) + filterText(result, context));
  const made = context.signal.aborted ? null : await makeShortlist(workspace, {});
  if (json) await writeOut(`${JSON.stringify(made?.funnel ?? (await checkedFunnel(workspace)))}\n`);
  else if (made !== null) await writeOut(`\n${outcomeText(made, statusCommand(workspace, context.flags))}`);
  return finish(result, context);
}

function statusCommand({ collection }: Workspace, flags: GlobalFlags): string {
  const name = flags.collection ?? collection.name;
  return `winnow status --collection ${shellWord(name)} --data ${shellWord(flags.data)}`;
}

import type { Command } from 'commander';
import type { Workspace } from '../../app/open/workspace.ts';
import type { Collection } from '../../collection/collection.ts';
import { countUndecidedPruned } from '../../decision/pruned-photos.repository.ts';
import type { CrawlPlan } from '../crawl/crawl-plan.ts';
import { summaryText } from '../crawl/crawl-summary.ts';
import {
  addCrawlFlags,
  crawlPlanOf,
  crawlSummary,
  finish,
  limitSetting,
  type CrawlSourceFlags,
} from '../crawl/crawl.ts';
import { filterText } from '../filter.ts';
import { outcomeText } from '../outcome.ts';
import { shellWord, writeOut } from '../output.ts';
import { makeShortlistWithProgress } from '../shortlist.ts';
import {
  addGlobalFlags,
  runPrepared,
  type CommandContext,
  type GlobalFlags,
  type WorkspaceCommand,
} from '../start/context.ts';
import { checkedFunnel } from '../status.ts';
import { runStages } from './run-stages.ts';

interface RunFlags extends GlobalFlags {
  readonly source?: readonly string[];
  readonly from?: string;
  readonly class?: readonly string[];
  readonly limit?: string;
}

export function addRunCommand(program: Command): void {
  addCrawlFlags(
    addGlobalFlags(program.command('run').description('Crawl, filter and shortlist in one command, as photos arrive')),
  )
    .addHelpText(
      'after',
      `
Continues where an earlier run ended and repeats nothing. --json prints the same as winnow status --json.

Example:
  winnow run --collection imagenet-a --source folder --from ~/photos
`,
    )
    .action(async (flags: RunFlags) => {
      await runToShortlist(flags, { name: 'run', settings: limitSetting(flags) });
    });
}

/** The whole job from sources to a shortlist. If it is interrupted, it says what is left. */
export async function runToShortlist(flags: GlobalFlags & CrawlSourceFlags, command: WorkspaceCommand): Promise<void> {
  const prepare = (collection: Collection, context: CommandContext): Promise<CrawlPlan> =>
    crawlPlanOf(collection, context, flags);
  await runPrepared(flags, { ...command, prepare }, async (workspace, context, plan) => {
    const json = flags.json === true;
    const result = await runStages(workspace, context, {
      stages: ['discover', 'fetch', 'filter'],
      plan,
      classLabels: flags.class,
    });
    const summary = await crawlSummary(workspace, context, { result, plan });
    const undecidedPruned = await countUndecidedPruned(workspace.app.db, workspace.scope);
    if (!json) await writeOut(summaryText(summary) + filterText(result, context, undecidedPruned));
    const made = context.signal.aborted ? null : await makeShortlistWithProgress(workspace, { signal: context.signal });
    if (json) await writeOut(`${JSON.stringify(made?.funnel ?? (await checkedFunnel(workspace)))}\n`);
    else if (made !== null) await writeOut(`\n${outcomeText(made, statusCommand(workspace, flags))}`);
    return finish(result, context, summary.problems);
  });
}

function statusCommand({ collection }: Workspace, flags: GlobalFlags): string {
  const name = flags.collection ?? collection.name;
  return `winnow status --collection ${shellWord(name)} --data ${shellWord(flags.data)}`;
}

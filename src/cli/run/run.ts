import type { Command } from 'commander';
import type { Workspace } from '../../app/open/workspace.ts';
import { countUndecidedPruned } from '../../decision/pruned-photos.repository.ts';
import type { CrawlPlan } from '../crawl/crawl-plan.ts';
import { summaryText } from '../crawl/crawl-summary.ts';
import {
  addCrawlFlags,
  crawlPlanOf,
  crawlSummary,
  finish,
  limitSetting,
  whereFlags,
  type CrawlSourceFlags,
} from '../crawl/crawl.ts';
import { filterText } from '../filter.ts';
import { outcomeText } from '../outcome.ts';
import { writeOut } from '../output.ts';
import { makeShortlistWithProgress } from '../shortlist.ts';
import {
  addCommand,
  runWithCollection,
  withWorkspace,
  type CollectionContext,
  type GlobalFlags,
} from '../start/context.ts';
import { checkedFunnel } from '../status.ts';
import { runStages, type ClassLabels } from './run-stages.ts';

export function addRunCommand(program: Command): void {
  addCrawlFlags(addCommand(program, 'run', 'Crawl, filter and shortlist in one command, as photos arrive'))
    .addHelpText(
      'after',
      `
Continues where an earlier run ended and repeats nothing. --json prints the same as winnow status --json.

Example:
  winnow run --collection imagenet-a --source folder --from ~/photos
`,
    )
    .action((flags: GlobalFlags & CrawlSourceFlags) => runToShortlist(flags, 'run'));
}

/** The whole job from sources to a shortlist. If it is interrupted, it says what is left. */
export async function runToShortlist(flags: GlobalFlags & CrawlSourceFlags, name: string): Promise<void> {
  await runWithCollection(flags, { settings: limitSetting(flags) }, async (context) => {
    const plan = await crawlPlanOf(context, flags);
    return withWorkspace(context, { name }, (workspace) => run(workspace, context, { plan, classLabels: flags.class }));
  });
}

async function run(
  workspace: Workspace,
  context: CollectionContext,
  { plan, classLabels }: { readonly plan: CrawlPlan; readonly classLabels: ClassLabels },
): Promise<number> {
  const { flags, signal } = context;
  const json = flags.json === true;
  const result = await runStages(workspace, context, { stages: ['discover', 'fetch', 'filter'], plan, classLabels });
  const summary = await crawlSummary(workspace, context, { result, plan });
  const undecidedPruned = await countUndecidedPruned(workspace.app.db, workspace.scope);
  if (!json) await writeOut(summaryText(summary) + filterText(result, context, undecidedPruned));
  const made = signal.aborted ? null : await makeShortlistWithProgress(workspace, { signal });
  if (json) await writeOut(`${JSON.stringify(made?.funnel ?? (await checkedFunnel(workspace)))}\n`);
  else if (made !== null) await writeOut(`\n${outcomeText(made, `winnow status ${whereFlags(context)}`)}`);
  return finish(result, context, summary.problems);
}

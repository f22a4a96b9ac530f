import { discoveryDryRun } from '../app/dry-run.ts';
import type { DryRunLine } from '../app/dry-run-line.ts';
import { walkDryRun } from '../app/walk-dry-run.ts';
import type { Workspace } from '../app/workspace.ts';
import { oneLine } from '../kernel/printable.ts';
import type { CommandContext } from './context.ts';
import type { CrawlPlan } from './crawl-plan.ts';
import { EXIT } from './exit.ts';
import { countText, plural, writeOut } from './output.ts';
import { rulesOf, wantedOf } from './run-stages.ts';

interface DryRunRequest {
  readonly plan: CrawlPlan;
  readonly classLabel: string | undefined;
}

/**
 * `--dry-run`: every query with the number of results that the site reports, the photos of a folder or list by class, what
 * is looked for in a dump; nothing is stored.
 */
export async function dryRun(workspace: Workspace, context: CommandContext, request: DryRunRequest): Promise<number> {
  let problems = 0;
  for await (const line of linesOf(workspace, context, request)) {
    if (line.problem !== null) problems += 1;
    await writeOut(
      context.flags.json === true ? `${JSON.stringify(line)}\n` : `${oneLine(lineText(line, workspace))}\n`,
    );
  }
  return problems > 0 ? EXIT.incomplete : EXIT.done;
}

async function* linesOf(
  workspace: Workspace,
  { signal, loaded }: CommandContext,
  { plan, classLabel }: DryRunRequest,
): AsyncGenerator<DryRunLine> {
  const rules = rulesOf(workspace);
  const wanted = wantedOf(workspace, classLabel);
  const { limitPerClass } = loaded.config.crawl;
  for (const walk of plan.walks) yield* walkDryRun(workspace.app, { walk, rules, wanted, limitPerClass, signal });
  for (const discovery of plan.network) yield* discoveryDryRun(workspace.app, discovery, signal);
}

function lineText({ source, wnid, title, total, problem }: DryRunLine, { collection }: Workspace): string {
  const subject = wnid === null ? source : `${source}  ${collection.subjects.nameOf(wnid)} (${wnid})`;
  if (problem !== null) return `${subject}  ${title}: ${problem}`;
  if (title === '') return `${subject}  ${plural(total ?? 0, 'photo')}`;
  if (wnid === null) return `${subject}  ${total === null ? title : `${plural(total, 'photo')} ${title}`}`;
  return `${subject}  ${title}: ${total === null ? 'an unknown number of' : countText(total)} results`;
}

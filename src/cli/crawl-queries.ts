import { discoveryDryRun } from '../app/dry-run.ts';
import type { Workspace } from '../app/workspace.ts';
import { oneLine } from '../kernel/printable.ts';
import type { CommandContext } from './context.ts';
import type { CrawlPlan } from './crawl-plan.ts';
import { EXIT } from './exit.ts';
import { countText, writeOut } from './output.ts';

/** `--dry-run`: every query with the number of results that the site reports; nothing is stored. */
export async function dryRun(
  { app, collection }: Workspace,
  context: CommandContext,
  plan: CrawlPlan,
): Promise<number> {
  let problems = 0;
  for (const discovery of plan.network) {
    for await (const line of discoveryDryRun(app, discovery, context.signal)) {
      if (line.problem !== null) problems += 1;
      const name = collection.subjects.nameOf(line.wnid);
      const result = line.problem ?? `${line.total === null ? 'an unknown number of' : countText(line.total)} results`;
      await writeOut(
        context.flags.json === true
          ? `${JSON.stringify(line)}\n`
          : `${oneLine(`${line.source}  ${name} (${line.wnid})  ${line.title}: ${result}`)}\n`,
      );
    }
  }
  return problems > 0 ? EXIT.incomplete : EXIT.done;
}

import { type DryRunLine, discoveryDryRun } from '../../crawl/discover/dry-run.process.ts';
import { walkDryRun } from '../../crawl/discover/walk-dry-run.process.ts';
import type { Collection } from '../../collection/collection.ts';
import { oneLine } from '../../kernel/printable.ts';
import { countText, plural, writeResult, EXIT } from '../text/output.ts';
import { hyponymsNamed, rulesOf, wantedOf, wantedWnids } from '../../library/wanted.process.ts';
import { withApp, type CollectionContext } from '../start/context.ts';
import type { CrawlPlan } from '../../library/crawl-plan.process.ts';
import type { CrawlOptions } from '../../library/options.ts';

/** `--dry-run` stores nothing. It opens the data folder only for the permits of a network source. */
export async function dryRun(
  context: CollectionContext,
  plan: CrawlPlan,
  { class: classLabels, allow, since }: Pick<CrawlOptions, 'class' | 'allow' | 'since'>,
): Promise<number> {
  const { collection, signal, loaded, flags } = context;
  let problems = 0;
  const write = async (lines: AsyncIterable<DryRunLine>): Promise<void> => {
    for await (const line of lines) {
      if (line.problem !== null) problems += 1;
      await writeResult(flags, line, () => `${oneLine(lineText(line, collection))}\n`);
    }
  };
  const allowed = [...collection.allowHyponyms, ...(await hyponymsNamed(collection, allow ?? []))];
  const rules = await rulesOf(collection, { allowed, searched: wantedWnids(collection, classLabels) });
  const wanted = wantedOf(collection, classLabels);
  const { limitPerClass } = loaded.config.crawl;
  for (const walk of plan.walks)
    await write(walkDryRun({ walk, rules: { ...rules, since }, wanted, limitPerClass, signal }));
  if (plan.network.length > 0) {
    await withApp(context, { name: 'crawl' }, async (app) => {
      for (const discovery of plan.network) await write(discoveryDryRun(app, discovery, { signal, since }));
    });
  }
  return problems > 0 ? EXIT.incomplete : EXIT.done;
}

function lineText({ source, wnid, title, total, problem }: DryRunLine, { subjects }: Collection): string {
  const subject = wnid === null ? source : `${source}  ${subjects.nameOf(wnid)} (${wnid})`;
  if (problem !== null) return `${subject}  ${title}: ${problem}`;
  if (title === '') return `${subject}  ${plural(total ?? 0, 'photo')}`;
  if (wnid === null) return `${subject}  ${total === null ? title : `${plural(total, 'photo')} ${title}`}`;
  return `${subject}  ${title}: ${total === null ? 'an unknown number of' : countText(total)} results`;
}

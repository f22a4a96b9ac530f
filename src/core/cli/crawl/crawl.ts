import type { Command } from 'commander';
import type { SettingArgument } from '../../config/setting-layers.ts';
import { oneLine } from '../../kernel/printable.ts';
import { CRAWL } from '../../library/options.ts';
import { nonEmpty, shellWord, writeResult, EXIT } from '../text/output.ts';
import { STAGES_USE, type StagesResult } from '../../library/stages.process.ts';
import { leftText, showStages } from '../run/run-stages.ts';
import { addCommand, runWithCollection, withWorkspace, type CollectionContext } from '../start/context.ts';
import { either, optionalText, type FlagsOf } from '../start/flags.ts';
import { planOf, type CrawlPlan } from '../../library/crawl-plan.process.ts';
import { dryRun } from './crawl-queries.ts';
import { crawlSummary } from '../../library/crawl-summary.process.ts';

const { again: AGAIN, ...WHICH } = CRAWL.shape;
export const CRAWL_FLAGS = {
  ...WHICH,
  limit: optionalText('n', 'at most this many photos per class and source (sets crawl.limitPerClass)'),
  again: AGAIN,
};

export type CrawlFlags = FlagsOf<typeof CRAWL_FLAGS>;

export function addCrawlCommand(program: Command): void {
  addCommand(program, 'crawl', 'Find candidate photos and store their bytes')
    .flags(CRAWL_FLAGS)
    .flags({ dryRun: either(false, 'show the queries and how many results they have; store nothing') })
    .addHelpText(
      'after',
      `
A folder holds photos as DIR/<wnid or class name>/..., or lists them in DIR/labels.csv
(columns file, wnid; optional licence, creator, pageUrl). Crawling it again changes nothing.

A list of addresses (--source urls --from FILE) is a .csv, .tsv or .jsonl with url and wnid, or a .txt with one address
a line, all of the class that --class names.

Network sources are searched as the collection's queries file says. winnow keeps to the limits that the
sites ask for (see winnow config) and sends a User-Agent with your contact (crawl.contact). A class without
a line in that file is searched by its name, and the end of the crawl lists it. flickr needs a key, and keys need a Pro
account; commons (Wikimedia Commons) needs none.

--json prints a summary: for each source what was found, new, fetched, dropped and failed by reason, bytes
and speed; then problems, classes searched by name, what waits and until when, and what to do next.

Examples:
  winnow crawl --collection imagenet-a --source folder --from ~/photos
  winnow crawl --collection imagenet-a --source folder --from ~/photos --class dragonfly --limit 500
  winnow crawl --collection imagenet-a --source inaturalist --class 'dragonfly, sea lion' --limit 2000 --set crawl.contact=me@example.org
  winnow crawl --collection imagenet-a --source inaturalist --dry-run --set crawl.contact=me@example.org
  winnow crawl --collection imagenet-a --source urls --from jays.txt --class jay --set crawl.contact=me@example.org
  winnow crawl --collection imagenet-a --from ~/photos --dry-run     # also names the folders that match no class
`,
    )
    .run((flags) =>
      runWithCollection(flags, { settings: limitSetting(flags) }, (context) => crawl(context, flags, flags.dryRun)),
    );
}

async function crawl(context: CollectionContext, flags: CrawlFlags, isDryRun: boolean): Promise<number> {
  let plan = await crawlPlanOf(context, flags);
  if (isDryRun) return dryRun(context, plan, flags);
  return withWorkspace(context, { ...STAGES_USE, name: 'crawl', rules: 'work' }, async (workspace) => {
    const { collection } = workspace;
    if (collection !== context.collection) plan = await crawlPlanOf({ ...context, collection }, flags);
    const { class: classes, allow, since, again } = flags;
    const result = await showStages(workspace, context, {
      stages: ['discover', 'fetch'],
      plan,
      class: classes,
      allow,
      since,
      again,
    });
    const where = whereFlags(context);
    const command = continuing('crawl', where, flags);
    const summary = await crawlSummary(workspace, { result, plan, where, command, from: flags.from });
    await writeResult(flags, summary, async () => {
      // Loaded at the end: string-width takes a thirtieth of a second to load, which would delay the first request.
      const { summaryText } = await import('./crawl-summary-text.ts');
      return summaryText(summary);
    });
    return finish(result, context, summary.problems);
  });
}

export function crawlPlanOf({ collection, loaded, signal }: CollectionContext, flags: CrawlFlags): Promise<CrawlPlan> {
  return planOf(collection, loaded.config, { ...flags, signal });
}

/** The command that goes on, without `--source` and `--from`. */
export function continuing(name: string, where: string, { class: classes = [], limit, since }: CrawlFlags): string {
  return nonEmpty([
    `winnow ${name} ${where}`,
    ...classes.map((label) => `--class ${shellWord(label)}`),
    since !== undefined && `--since ${since}`,
    limit !== undefined && `--limit ${shellWord(limit)}`,
  ]).join(' ');
}

export function limitSetting({ limit }: CrawlFlags): readonly SettingArgument[] {
  return limit === undefined ? [] : [['crawl.limitPerClass', limit, '--limit']];
}

export function finish(result: StagesResult, context: CollectionContext, problems: readonly string[] = []): number {
  if (context.flags.json === true)
    for (const [source, { error }] of result.stopped)
      console.error(`winnow: ${source} was given up: ${oneLine(error)}`);
  const isWhole = result.stopped.size === 0 && problems.length === 0 && result.counts.lost.length === 0;
  if (!context.signal.aborted) return isWhole ? EXIT.done : EXIT.incomplete;
  console.error(`winnow: interrupted; ${leftText(result)}`);
  return EXIT.interrupted;
}

export function whereFlags({ flags, collection }: CollectionContext): string {
  return `--collection ${shellWord(flags.collection ?? collection.name)}`;
}

import { type Command, Option } from 'commander';
import { SOURCE_NAMES, type Collection } from '../collection/collection.ts';
import type { Config } from '../config/settings.ts';
import { addGlobalFlags, runPrepared, type CommandContext, type GlobalFlags } from './context.ts';
import { EXIT } from './exit.ts';
import { countText, plural, writeOut } from './output.ts';
import { planCrawl, type CrawlPlan } from './crawl-plan.ts';
import { dryRun, queryProblems } from './crawl-queries.ts';
import { leftText, runStages, wantedWnids, type StagesResult } from './run-stages.ts';

interface CrawlFlags extends GlobalFlags {
  readonly source?: readonly string[];
  readonly from?: string;
  readonly class?: string;
  readonly limit?: string;
  readonly dryRun?: boolean;
}

export function addCrawlCommand(program: Command): void {
  addCrawlFlags(addGlobalFlags(program.command('crawl').description('Take candidate photos in and store their bytes')))
    .addHelpText(
      'after',
      `
A folder holds photos as DIR/<wnid or class name>/..., or lists them in DIR/labels.csv
(columns file, wnid; optional licence, creator, pageUrl). Crawling it again changes nothing.

Network sources are asked what the collection's queries file says, within the limits that the sites
ask for (winnow config), with a User-Agent that says whom to write to (crawl.contact).

Examples:
  winnow crawl --collection imagenet-a --source folder --from ~/photos
  winnow crawl --collection imagenet-a --source folder --from ~/photos --class dragonfly --limit 500
  winnow crawl --collection imagenet-a --source inaturalist --class dragonfly --limit 2000 --set crawl.contact=me@example.org
  winnow crawl --collection imagenet-a --source inaturalist --dry-run
`,
    )
    .addOption(new Option('--dry-run', 'show what would be asked for and how much there is; store nothing'))
    .action(async (flags: CrawlFlags) => {
      const prepare = (collection: Collection, { loaded }: CommandContext): Promise<CrawlPlan> =>
        crawlPlanOf(collection, loaded.config, flags);
      await runPrepared(
        flags,
        { name: 'crawl', settings: limitSetting(flags), prepare },
        async (workspace, context, plan) => {
          if (flags.dryRun === true) return dryRun(workspace, context, plan);
          const result = await runStages(workspace, context, {
            stages: ['discover', 'fetch'],
            plan,
            classLabel: flags.class,
          });
          const problems = await queryProblems(workspace, plan);
          await writeOut(
            flags.json === true
              ? `${JSON.stringify({ ...crawlJson(result), problems })}\n`
              : crawlText(result, problems),
          );
          return finish(result, context, problems);
        },
      );
    });
}

/** What `--source` and `--from` ask for: by default a folder if one is given, else the collection's own sources. */
export function crawlPlanOf(collection: Collection, config: Config, flags: CrawlSourceFlags): Promise<CrawlPlan> {
  const sources = flags.source ?? (flags.from === undefined ? collection.sources : ['folder']);
  return planCrawl(collection, config, { sources, from: flags.from, wnids: wantedWnids({ collection }, flags.class) });
}

export interface CrawlSourceFlags {
  readonly source?: readonly string[];
  readonly from?: string;
  readonly class?: string;
}

export function addCrawlFlags(command: Command): Command {
  return command
    .addOption(
      new Option(
        '--source <names>',
        `where the photos come from, by comma: ${SOURCE_NAMES.join(', ')} (default: folder with --from, else the collection's)`,
      ).argParser(names),
    )
    .addOption(new Option('--from <dir>', 'the folder of photos'))
    .addOption(new Option('--class <wnid or name>', 'only this class of the collection'))
    .addOption(new Option('--limit <n>', 'photos found per class and source at most (sets crawl.limitPerClass)'));
}

/** `--limit` is a flag for a setting. */
export function limitSetting(flags: { readonly limit?: string }): readonly (readonly [string, string, string])[] {
  return flags.limit === undefined ? [] : [['crawl.limitPerClass', flags.limit, '--limit']];
}

function names(text: string): readonly string[] {
  return text.split(',').map((name) => name.trim());
}

/** Interrupted, done, or done but for sources that refused us and classes that could not be worked; said on stderr. */
export function finish(result: StagesResult, context: CommandContext, problems: readonly string[] = []): number {
  for (const [source, why] of result.blocked)
    console.error(`winnow: ${source} refuses us and is left alone for now: ${why}`);
  if (!context.signal.aborted) return result.blocked.size > 0 || problems.length > 0 ? EXIT.incomplete : EXIT.done;
  console.error(`winnow: interrupted; ${leftText(result)}`);
  return EXIT.interrupted;
}

function crawlJson({ crawl, counts, left }: StagesResult): Record<string, unknown> {
  return { ...crawl, fetched: counts.fetched, notFetched: counts.notFetched, left: left.fetch ?? 0 };
}

export function crawlText({ crawl, counts, left }: StagesResult, problems: readonly string[] = []): string {
  const { seen, newPictures, ignored, overLimit, otherClasses } = crawl ?? {
    seen: counts.found,
    newPictures: null,
    ignored: 0,
    overLimit: 0,
    otherClasses: 0,
  };
  const { fetched, notFetched } = counts;
  const lines = [
    `found ${plural(seen, 'photo')}${newPictures === null ? '' : `, ${newPictures === 0 ? 'none' : countText(newPictures)} of them new`}`,
    ...problems.map((problem) => `problem: ${problem}`),
    fetched + notFetched === 0 && left.fetch === 0
      ? 'nothing is left to fetch'
      : `stored ${plural(fetched, 'photo')}${notFetched > 0 ? `; ${plural(notFetched, 'photo')} refused or not to be had (winnow status tells why)` : ''}`,
    ...(ignored > 0 ? [`passed over ${plural(ignored, 'system file')}`] : []),
    ...(otherClasses > 0 ? [`passed over ${plural(otherClasses, 'photo')} of other classes`] : []),
    ...(overLimit > 0 ? [`passed over ${plural(overLimit, 'photo')}: their classes have reached the limit`] : []),
  ];
  return `${lines.join('\n')}\n`;
}

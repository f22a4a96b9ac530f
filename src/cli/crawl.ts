import { type Command, Option } from 'commander';
import { UsageError } from '../kernel/errors.ts';
import { addGlobalFlags, runOnCollection, type CommandContext, type GlobalFlags } from './context.ts';
import { EXIT } from './exit.ts';
import { countText, plural, writeOut } from './output.ts';
import { leftText, runStages, type StagesResult } from './run-stages.ts';

interface CrawlFlags extends GlobalFlags {
  readonly source: string;
  readonly from?: string;
  readonly class?: string;
  readonly limit?: string;
}

export function addCrawlCommand(program: Command): void {
  addCrawlFlags(addGlobalFlags(program.command('crawl').description('Take candidate photos in and store their bytes')))
    .addHelpText(
      'after',
      `
A folder holds photos as DIR/<wnid or class name>/..., or lists them in DIR/labels.csv
(columns file, wnid; optional licence, creator, pageUrl). Crawling it again changes nothing.

Examples:
  winnow crawl --collection imagenet-a --source folder --from ~/photos
  winnow crawl --collection imagenet-a --source folder --from ~/photos --class dragonfly --limit 500
`,
    )
    .action(async (flags: CrawlFlags) => {
      const from = folderOf(flags);
      await runOnCollection(flags, { name: 'crawl', settings: limitSetting(flags) }, async (workspace, context) => {
        const result = await runStages(workspace, context, {
          stages: ['discover', 'fetch'],
          from,
          classLabel: flags.class,
        });
        await writeOut(context.flags.json === true ? `${JSON.stringify(crawlJson(result))}\n` : crawlText(result));
        return finish(result, context);
      });
    });
}

export function addCrawlFlags(command: Command): Command {
  return command
    .addOption(new Option('--source <name>', 'where the photos come from').choices(['folder']).default('folder'))
    .addOption(new Option('--from <dir>', 'the folder of photos'))
    .addOption(new Option('--class <wnid or name>', 'only this class of the collection'))
    .addOption(new Option('--limit <n>', 'photos found per class and source at most (sets crawl.limitPerClass)'));
}

/** `--limit` is a flag for a setting. */
export function limitSetting(flags: { readonly limit?: string }): readonly (readonly [string, string, string])[] {
  return flags.limit === undefined ? [] : [['crawl.limitPerClass', flags.limit, '--limit']];
}

export function folderOf(flags: { readonly from?: string }): string {
  if (flags.from !== undefined) return flags.from;
  throw new UsageError('Expected --from DIR, the folder of photos, for --source folder but it is missing', {
    code: 'from-missing',
  });
}

/** Interrupted or done, with what is left said on stderr. */
export function finish(result: StagesResult, context: CommandContext): number {
  if (!context.signal.aborted) return EXIT.done;
  console.error(`winnow: interrupted; ${leftText(result)}`);
  return EXIT.interrupted;
}

function crawlJson({ crawl, counts, left }: StagesResult): Record<string, unknown> {
  return { ...crawl, fetched: counts.fetched, notFetched: counts.notFetched, left: left.fetch ?? 0 };
}

export function crawlText({ crawl, counts, left }: StagesResult): string {
  if (crawl === null) return '';
  const { seen, newPictures, ignored, overLimit } = crawl;
  const { fetched, notFetched } = counts;
  const lines = [
    `found ${plural(seen, 'photo')}, ${newPictures === 0 ? 'none' : countText(newPictures)} of them new`,
    fetched + notFetched === 0 && left.fetch === 0
      ? 'nothing is left to fetch'
      : `stored ${plural(fetched, 'photo')}${notFetched > 0 ? `; ${plural(notFetched, 'photo')} refused or not to be had (winnow status tells why)` : ''}`,
    ...(ignored > 0 ? [`passed over ${plural(ignored, 'system file')}`] : []),
    ...(overLimit > 0 ? [`passed over ${plural(overLimit, 'photo')}: their classes have reached the limit`] : []),
  ];
  return `${lines.join('\n')}\n`;
}

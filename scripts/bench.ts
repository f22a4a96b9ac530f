import path from 'node:path';
import process from 'node:process';
import { fileURLToPath } from 'node:url';
import { Command, InvalidArgumentError, Option } from 'commander';
import { benchBackup } from './bench/backup.ts';
import { benchCrawl } from './bench/crawl.ts';
import { benchFilter } from './bench/filter.ts';
import { benchPixels } from './bench/pixels.ts';
import { benchQueue } from './bench/queue.ts';
import { benchExport } from './bench/export.ts';
import { benchReview } from './bench/review.ts';

/**
 * `npm run bench -- <benchmark>` measures the speed of the real commands on this machine. bench/ has one file for each
 * benchmark.
 */
const ROOT = fileURLToPath(new URL('../', import.meta.url));
const WORK = path.join(ROOT, 'data', 'bench');

function wholeNumber({ min, max }: { min: number; max: number }): (text: string) => number {
  return (text) => {
    const value = Number(text);
    if (/^\d+$/.test(text) && value >= min && value <= max) return value;
    throw new InvalidArgumentError(`Expected a whole number from ${min} to ${max} but received '${text}'.`);
  };
}

interface CrawlFlags {
  readonly photos: number;
  readonly rounds: number;
  readonly side: number;
  readonly connections: number;
  readonly out: string;
}

const interrupt = new AbortController();
const program = new Command('bench')
  .description('Measures the real commands. Other programs share the machine, so compare only results of one run.')
  .showHelpAfterError();

program
  .command('crawl')
  .description('photos/s and CPU time of `winnow crawl` from a local server, politeness off')
  .option('--photos <n>', 'distinct photos', wholeNumber({ min: 100, max: 1_000_000 }), 5_000)
  .option('--rounds <n>', 'runs', wholeNumber({ min: 1, max: 100 }), 3)
  .option(
    '--side <pixels>',
    'longer side of the photos; 0: the bundled photos unchanged',
    wholeNumber({ min: 0, max: 8_000 }),
    1_024,
  )
  .option('--connections <n>', 'connections to the server', wholeNumber({ min: 1, max: 64 }), 64)
  .option('--out <file>', 'results as JSON', path.join(WORK, 'crawl.json'))
  .action((flags: CrawlFlags) => benchCrawl({ ...flags, workFolder: WORK, signal: interrupt.signal }));

interface FilterFlags {
  readonly photos: number;
  readonly hard: number;
  readonly resnet: number;
  readonly rounds: number;
  readonly more?: string;
  readonly classes: 'imagenet-a' | 'imagenet-1k';
  readonly set: Readonly<Record<string, string>>;
  readonly out: string;
}

function numbersOf(text: string): number[] {
  return text.split(',').map(wholeNumber({ min: 10, max: 1_000_000 }));
}

function settingOf(text: string, before: Readonly<Record<string, string>>): Record<string, string> {
  const [name = '', ...value] = text.split('=');
  return { ...before, [name]: value.join('=') };
}

program
  .command('filter')
  .description('photos/s of `winnow filter`: photos that exit early, a crawl-like mix, photos that need all crops')
  .option('--photos <n>', 'photos that exit early, and of the mix', wholeNumber({ min: 20, max: 100_000 }), 400)
  .option('--hard <n>', 'of these, photos that need all crops', wholeNumber({ min: 4, max: 10_000 }), 80)
  .option(
    '--resnet <n>',
    'photos for the structure-only ResNet-50 pair; 0: none',
    wholeNumber({ min: 0, max: 1_000 }),
    8,
  )
  .option('--rounds <n>', 'runs', wholeNumber({ min: 1, max: 100 }), 2)
  .option('--more <folder>', 'photos in addition to the samples, in folders named for their classes (n01498041/...)')
  .addOption(
    new Option('--classes <list>', 'classes that the softmax is over')
      .choices(['imagenet-a', 'imagenet-1k'])
      .default('imagenet-a'),
  )
  .option('--set <name=value>', 'a setting of the runs of winnow (repeatable)', settingOf, {})
  .option('--out <file>', 'results as JSON', path.join(WORK, 'filter.json'))
  .action(({ hard, resnet, set, ...flags }: FilterFlags) =>
    benchFilter({
      ...flags,
      hardPhotos: Math.min(hard, flags.photos),
      resnetPhotos: Math.min(resnet, flags.photos),
      settings: set,
      workFolder: WORK,
      signal: interrupt.signal,
    }),
  );

interface PixelsFlags {
  readonly rounds: number;
  readonly side: number;
  readonly out: string;
}

program
  .command('pixels')
  .description('milliseconds of processor time of a resize by each filter, and the ratio to bilinear')
  .option('--rounds <n>', 'resizes of each picture by each filter', wholeNumber({ min: 1, max: 10_000 }), 100)
  .option('--side <pixels>', 'shorter side of the result', wholeNumber({ min: 1, max: 1_024 }), 256)
  .option('--out <file>', 'results as JSON', path.join(WORK, 'pixels.json'))
  .action((flags: PixelsFlags) => benchPixels({ ...flags, signal: interrupt.signal }));

interface QueueFlags {
  readonly jobs: number;
  readonly rounds: number;
  readonly concurrency: number;
  readonly out: string;
}

program
  .command('queue')
  .description('small jobs/s on both backends of the job queues (needs redis-server)')
  .option('--jobs <n>', 'jobs', wholeNumber({ min: 100, max: 1_000_000 }), 50_000)
  .option('--rounds <n>', 'runs of each queue, interleaved', wholeNumber({ min: 1, max: 100 }), 3)
  .option('--concurrency <n>', 'jobs at once', wholeNumber({ min: 1, max: 256 }), 8)
  .option('--out <file>', 'results as JSON', path.join(WORK, 'queue.json'))
  .action((flags: QueueFlags) => benchQueue({ ...flags, signal: interrupt.signal }));

interface ReviewFlags {
  readonly photos: readonly number[];
  readonly decisions: number;
  readonly out: string;
}

program
  .command('review')
  .description('milliseconds from a key to the next photo on the screen (needs chromium)')
  .option('--photos <n,n>', 'listed photos of the collections', numbersOf, [300, 100_000])
  .option('--decisions <n>', 'photos that are decided', wholeNumber({ min: 10, max: 250 }), 200)
  .option('--out <file>', 'results as JSON', path.join(WORK, 'review.json'))
  .action((flags: ReviewFlags) => benchReview({ ...flags, signal: interrupt.signal }));

interface ExportFlags {
  readonly photos: readonly number[];
  readonly side: number;
  readonly out: string;
}

program
  .command('export')
  .description('seconds, MB/s and peak memory of an export, beside cp -r of the same folder')
  .option('--photos <n,n>', 'accepted photos of the sets', numbersOf, [5_000, 50_000])
  .option(
    '--side <pixels>',
    'longer side of the photos; 0: the samples as they are',
    wholeNumber({ min: 0, max: 4_096 }),
    0,
  )
  .option('--out <file>', 'results as JSON', path.join(WORK, 'export.json'))
  .action((flags: ExportFlags) => benchExport({ ...flags, signal: interrupt.signal }));

interface BackupFlags {
  readonly photos: number;
  readonly added: number;
  readonly out: string;
}

program
  .command('backup')
  .description('seconds, bytes and peak memory of a first and a second backup, and of a restore')
  .option('--photos <n>', 'accepted photos', wholeNumber({ min: 1, max: 1_000_000 }), 50_000)
  .option(
    '--added <n>',
    'photos that a crawl is given in between; it takes those of its classes',
    wholeNumber({ min: 1, max: 1_000_000 }),
    1_000,
  )
  .option('--out <file>', 'results as JSON', path.join(WORK, 'backup.json'))
  .action((flags: BackupFlags) => benchBackup({ ...flags, signal: interrupt.signal }));

for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => interrupt.abort());
try {
  await program.parseAsync(process.argv);
} catch (error) {
  console.error(interrupt.signal.aborted ? 'interrupted' : error instanceof Error ? error.message : error);
  process.exitCode = interrupt.signal.aborted ? 130 : 1;
}

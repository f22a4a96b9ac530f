import path from 'node:path';
import process from 'node:process';
import { fileURLToPath } from 'node:url';
import { Command, InvalidArgumentError, Option } from 'commander';
import { benchBackup } from './bench/backup.ts';
import { benchCrawl } from './bench/crawl.ts';
import { benchFilter } from './bench/filter.ts';
import { benchNearDuplicates } from './bench/near-duplicates.ts';
import { benchWhatIf } from './bench/what-if.ts';
import { benchQueue } from './bench/queue.ts';
import { benchExport } from './bench/export.ts';
import { benchReport } from './bench/set-report.ts';
import { benchReview } from './bench/review.ts';
import { benchScale } from './bench/scale.ts';

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
  readonly peers: boolean;
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
  .option('--rounds <n>', 'runs of each program, interleaved', wholeNumber({ min: 1, max: 100 }), 3)
  .option(
    '--side <pixels>',
    'longer side of the photos; 0: the bundled photos unchanged',
    wholeNumber({ min: 0, max: 8_000 }),
    1_024,
  )
  .option(
    '--connections <n>',
    "winnow's connections to the server; img2dataset has 64",
    wholeNumber({ min: 1, max: 64 }),
    64,
  )
  .option('--peers', 'also run img2dataset on the same photos (needs python3; installs it once with pip)', false)
  .option('--out <file>', 'results as JSON', path.join(WORK, 'crawl.json'))
  .action((flags: CrawlFlags) => benchCrawl({ ...flags, workFolder: WORK, signal: interrupt.signal }));

interface FilterFlags {
  readonly photos: number;
  readonly hard: number;
  readonly resnet: number;
  readonly rounds: number;
  readonly more?: string;
  readonly classes: 'imagenet-a' | 'imagenet-1k';
  readonly peers: boolean;
  readonly torch: boolean;
  readonly growth: readonly number[];
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
  .option('--rounds <n>', 'runs of each program, interleaved', wholeNumber({ min: 1, max: 100 }), 2)
  .option('--more <folder>', 'photos in addition to the samples, in folders named for their classes (n01498041/...)')
  .addOption(
    new Option('--classes <list>', 'classes that the softmax is over')
      .choices(['imagenet-a', 'imagenet-1k'])
      .default('imagenet-a'),
  )
  .option('--peers', 'also run Python: ONNX Runtime, and PyTorch with torchvision (installs them once)', false)
  .option('--no-torch', 'leave PyTorch out: it takes longer than all other peers together')
  .option('--growth <list>', 'also filter these numbers of photos, e.g. 1000,10000', numbersOf, [])
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

interface NearDuplicatesFlags {
  readonly regions: number;
  readonly more?: string;
  readonly hashes: number;
  readonly distance: number;
  readonly rounds: number;
  readonly peers: boolean;
  readonly out: string;
}

program
  .command('near-duplicates')
  .description(
    'queries/s of the search among stored perceptual hashes; then false matches among pairs of unrelated pictures, and copies found',
  )
  .option('--hashes <n>', 'hashes', wholeNumber({ min: 1_000, max: 10_000_000 }), 100_000)
  .option('--distance <bits>', 'largest number of bits that may differ', wholeNumber({ min: 0, max: 64 }), 6)
  .option(
    '--regions <n>',
    'pictures cut out of each photo, for unrelated pairs; 0: measure queries/s only',
    wholeNumber({ min: 0, max: 1_000 }),
    60,
  )
  .option('--more <folder>', 'photos in addition to the samples, for unrelated pairs and copies')
  .option('--rounds <n>', 'rounds; the fastest counts', wholeNumber({ min: 1, max: 100 }), 3)
  .option('--peers', 'also run faiss and imagededup on the same hashes (needs python3; installs them once)', false)
  .option('--out <file>', 'results as JSON', path.join(WORK, 'near-duplicates.json'))
  .action((flags: NearDuplicatesFlags) =>
    benchNearDuplicates({ ...flags, workFolder: WORK, signal: interrupt.signal }),
  );

interface ScaleFlags {
  readonly rounds: number;
  readonly out: string;
}

program
  .command('scale')
  .description('common commands on a large catalogue that scripts/make-catalogue.ts made')
  .argument('<data>', 'data folder of the catalogue')
  .option('--rounds <n>', 'runs of each command', wholeNumber({ min: 1, max: 100 }), 3)
  .option('--out <file>', 'results as JSON', path.join(WORK, 'scale.json'))
  .action((data: string, flags: ScaleFlags) => benchScale({ ...flags, data, signal: interrupt.signal }));

interface WhatIfFlags {
  readonly photos: number;
  readonly rounds: number;
  readonly out: string;
}

program
  .command('what-if')
  .description('seconds of `winnow what-if` over 48 settings, on photos whose evidence is made up (kept in data/bench)')
  .option('--photos <n>', 'decided photos', wholeNumber({ min: 1_000, max: 1_000_000 }), 100_000)
  .option('--rounds <n>', 'runs; the median counts', wholeNumber({ min: 1, max: 100 }), 5)
  .option('--out <file>', 'results as JSON', path.join(WORK, 'what-if.json'))
  .action((flags: WhatIfFlags) => benchWhatIf({ ...flags, workFolder: WORK, signal: interrupt.signal }));

interface QueueFlags {
  readonly jobs: number;
  readonly rounds: number;
  readonly concurrency: number;
  readonly out: string;
}

program
  .command('queue')
  .description('small jobs/s on both backends of the job queues, next to plain BullMQ (needs redis-server)')
  .option('--jobs <n>', 'jobs', wholeNumber({ min: 100, max: 1_000_000 }), 50_000)
  .option('--rounds <n>', 'runs of each queue, interleaved', wholeNumber({ min: 1, max: 100 }), 3)
  .option('--concurrency <n>', 'jobs at once', wholeNumber({ min: 1, max: 256 }), 8)
  .option('--out <file>', 'results as JSON', path.join(WORK, 'queue.json'))
  .action((flags: QueueFlags) => benchQueue({ ...flags, signal: interrupt.signal }));

interface ReviewFlags {
  readonly photos: readonly number[];
  readonly decisions: number;
  readonly peers?: string;
  readonly out: string;
}

program
  .command('review')
  .description('milliseconds from a key to the next photo on the screen (needs chromium)')
  .option('--photos <n,n>', 'listed photos of the collections', numbersOf, [300, 100_000])
  .option('--decisions <n>', 'photos that are decided', wholeNumber({ min: 10, max: 250 }), 200)
  .option('--peers <label-studio>', 'also Label Studio with the same photos: its program')
  .option('--out <file>', 'results as JSON', path.join(WORK, 'review.json'))
  .action(({ peers, ...flags }: ReviewFlags) => benchReview({ ...flags, peers, signal: interrupt.signal }));

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

interface ReportFlags {
  readonly photos: number;
  readonly out: string;
}

program
  .command('report')
  .description('seconds and peak memory of a report whose photos every model has seen already')
  .option('--photos <n>', 'accepted photos, and as many clean ones', wholeNumber({ min: 1, max: 100_000 }), 10_000)
  .option('--out <file>', 'results as JSON', path.join(WORK, 'report.json'))
  .action((flags: ReportFlags) => benchReport({ ...flags, signal: interrupt.signal }));

for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => interrupt.abort());
try {
  await program.parseAsync(process.argv);
} catch (error) {
  console.error(interrupt.signal.aborted ? 'interrupted' : error instanceof Error ? error.message : error);
  process.exitCode = interrupt.signal.aborted ? 130 : 1;
}

import { execFile } from 'node:child_process';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import path from 'node:path';
import process from 'node:process';
import { promisify } from 'node:util';
import { measure, roundLine, summarise, summaryText, type Round } from './crawl-summary.ts';
import { prepareImg2dataset, runImg2dataset } from './img2dataset.ts';
import { startPhotoSource, type PhotoSource } from './photo-source.ts';
import { hostOfRun, writeReport } from './report.ts';
import type { ProgramRun } from './run-program.ts';
import { runCrawl, WINNOW } from './winnow-crawl.ts';

export interface CrawlBenchOptions {
  readonly photos: number;
  readonly rounds: number;
  /** Longer side of the photos in pixels; 0: the bundled photos unchanged. */
  readonly side: number;
  readonly peers: boolean;
  /** `fetch.connections` and `fetch.connectionsPerHost`. */
  readonly connections: number;
  /** The file of results. */
  readonly out: string;
  /** Folder in which each run has its own folder. */
  readonly workFolder: string;
  readonly signal: AbortSignal;
}

/** One tool in one mode. */
interface Contender {
  readonly name: string;
  readonly does: string;
  run(at: { folder: string; list: string }): Promise<ProgramRun>;
}

export async function benchCrawl(options: CrawlBenchOptions): Promise<void> {
  const { photos, rounds } = options;
  await mkdir(options.workFolder, { recursive: true });
  // Removed only at the end: for a minute ext4 steps over the inodes of deleted files, one by one, for each new file.
  const workFolder = await mkdtemp(path.join(options.workFolder, 'crawls-'));
  const source = await startPhotoSource(options.side);
  try {
    const contenders = await contendersOf(source, options);
    console.log(
      `${photos} distinct photos (${options.side === 0 ? 'the bundled ones' : `of ${options.side} pixels`}) from a local server, ${rounds} rounds, interleaved`,
    );
    const results = new Map<string, Round[]>(contenders.map(({ name }) => [name, []]));
    for (let round = 0; round < rounds; round += 1) {
      for (const contender of rotated(contenders, round)) {
        const measured = await oneRound(contender, source, { ...options, workFolder });
        results.get(contender.name)?.push(measured);
        console.log(roundLine(round, contender.name, measured));
      }
    }
    await finish(contenders, results, options);
  } finally {
    await source.close();
    await rm(workFolder, { recursive: true, force: true });
  }
}

/** Writes data of one run to disk, so that the next run does not wait for it. */
async function settleDisk(): Promise<void> {
  if (process.platform !== 'win32') await promisify(execFile)('sync');
}

async function contendersOf(source: PhotoSource, options: CrawlBenchOptions): Promise<Contender[]> {
  const { connections, signal } = options;
  const winnow: Contender = {
    name: WINNOW,
    does: 'hashes, decodes all compressed data (the pixels of luma only), fingerprints, stores each file synced, and catalogues each photo',
    run: (at) => runCrawl({ ...at, connections, address: source.address, signal }),
  };
  if (!options.peers) return [winnow];
  const python = await prepareImg2dataset(signal);
  if (typeof python !== 'string') {
    console.log(`img2dataset is not available: ${python.why}`);
    return [winnow];
  }
  return [
    winnow,
    {
      name: 'img2dataset, decode check',
      does: 'decodes each photo with OpenCV and stores its bytes as they are in tar files (skip_reencode, resize_mode no)',
      run: (at) => runImg2dataset({ ...at, python, mode: 'decode-check', photos: options.photos, signal }),
    },
    {
      name: 'img2dataset, bytes',
      does: 'stores the bytes as they are in tar files, unseen (disable_all_reencoding)',
      run: (at) => runImg2dataset({ ...at, python, mode: 'bytes', photos: options.photos, signal }),
    },
  ];
}

/** A different contender goes first in each round. */
function rotated<T>(items: readonly T[], by: number): T[] {
  const start = by % items.length;
  return [...items.slice(start), ...items.slice(0, start)];
}

async function oneRound(contender: Contender, source: PhotoSource, options: CrawlBenchOptions): Promise<Round> {
  const folder = await mkdtemp(path.join(options.workFolder, 'crawl-'));
  const list = path.join(folder, 'list.csv');
  const rows = Array.from({ length: options.photos }, (_, number) => `${source.urlOf(number)},n02268443`);
  await writeFile(list, `url,wnid\n${rows.join('\n')}\n`);
  await settleDisk();
  await source.report();
  const run = await contender.run({ folder, list });
  const served = await source.report();
  if (served.answeredAtMs.length !== options.photos) {
    throw new Error(
      `Expected ${contender.name} to ask for ${options.photos} photos but it asked for ${served.answeredAtMs.length}`,
    );
  }
  return measure(run, served);
}

async function finish(
  contenders: readonly Contender[],
  results: ReadonlyMap<string, readonly Round[]>,
  options: CrawlBenchOptions,
): Promise<void> {
  const winnow = results.get(WINNOW) ?? [];
  const summaries = contenders.map(
    ({ name, does }) => [name, summarise(does, results.get(name) ?? [], winnow)] as const,
  );
  for (const [name, summary] of summaries) console.log(summaryText(name, summary));
  const { photos, rounds, side, connections } = options;
  await writeReport(options.out, {
    benchmark: 'crawl',
    at: new Date().toISOString(),
    command: ['npm', 'run', 'bench', '--', ...process.argv.slice(2)].join(' '),
    host: hostOfRun(),
    photos,
    rounds,
    sidePixels: side,
    connections,
    results: Object.fromEntries(summaries),
  });
  console.log(`written to ${options.out}`);
}

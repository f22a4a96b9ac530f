import { execFile } from 'node:child_process';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import path from 'node:path';
import process from 'node:process';
import { promisify } from 'node:util';
import { measure, roundLine, summarise, summaryText, type Round } from './crawl-summary.ts';
import { startPhotoSource, type PhotoSource } from './photo-source.ts';
import { hostOfRun, writeReport } from './report.ts';
import { runCrawl, WINNOW } from './winnow-crawl.ts';

export interface CrawlBenchOptions {
  readonly photos: number;
  readonly rounds: number;
  /** Longer side of the photos in pixels; 0: the bundled photos unchanged. */
  readonly side: number;
  /** `fetch.connections` and `fetch.connectionsPerHost`. */
  readonly connections: number;
  /** The file of results. */
  readonly out: string;
  /** Folder in which each run has its own folder. */
  readonly workFolder: string;
  readonly signal: AbortSignal;
}

export async function benchCrawl(options: CrawlBenchOptions): Promise<void> {
  const { photos, rounds, side } = options;
  await mkdir(options.workFolder, { recursive: true });
  // Removed only at the end: for a minute ext4 steps over the inodes of deleted files, one by one, for each new file.
  const workFolder = await mkdtemp(path.join(options.workFolder, 'crawls-'));
  const source = await startPhotoSource(side);
  try {
    console.log(
      `${photos} distinct photos (${side === 0 ? 'the bundled ones' : `of ${side} pixels`}) from a local server, ${rounds} rounds`,
    );
    const results: Round[] = [];
    for (let round = 0; round < rounds; round += 1) {
      const measured = await oneRound(source, { ...options, workFolder });
      results.push(measured);
      console.log(roundLine(round, measured));
    }
    await finish(results, options);
  } finally {
    await source.close();
    await rm(workFolder, { recursive: true, force: true });
  }
}

/** Writes data of one run to disk, so that the next run does not wait for it. */
async function settleDisk(): Promise<void> {
  if (process.platform !== 'win32') await promisify(execFile)('sync');
}

async function oneRound(source: PhotoSource, options: CrawlBenchOptions): Promise<Round> {
  const folder = await mkdtemp(path.join(options.workFolder, 'crawl-'));
  const list = path.join(folder, 'list.csv');
  const rows = Array.from({ length: options.photos }, (_, number) => `${source.urlOf(number)},n02268443`);
  await writeFile(list, `url,wnid\n${rows.join('\n')}\n`);
  await settleDisk();
  await source.report();
  const { connections, signal } = options;
  const run = await runCrawl({ folder, list, connections, address: source.address, signal });
  const served = await source.report();
  if (served.answeredAtMs.length !== options.photos) {
    throw new Error(
      `Expected the crawl to ask for ${options.photos} photos but it asked for ${served.answeredAtMs.length}`,
    );
  }
  return measure(run, served);
}

async function finish(results: readonly Round[], options: CrawlBenchOptions): Promise<void> {
  const summary = summarise(results);
  console.log(summaryText(summary));
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
    results: { [WINNOW]: summary },
  });
  console.log(`written to ${options.out}`);
}

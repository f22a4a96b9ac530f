import { mkdir, readFile, rm } from 'node:fs/promises';
import path from 'node:path';
import process from 'node:process';
import { loadClassTable } from '../../src/core/collection/class-table.process.ts';
import { wnidsOf } from '../../src/core/collection/class-table.ts';
import { decodeRgb } from '../../src/core/platform/image/inspect.ts';
import { writePhotoSet, type Labelling, type PhotoSet } from './filter-photos.ts';
import { measureRun, tableOf, type Measured } from './filter-summary.ts';
import { hostOfRun, writeReport } from './report.ts';
import { openProject, RESNET_TWIN, runFilter, takeIn, writeCollection, type Project } from './winnow-filter.ts';

export interface FilterBenchOptions {
  /** Photos that exit early, and photos of the crawl-like mix. */
  readonly photos: number;
  /** Photos that need all crops: twenty times the work. */
  readonly hardPhotos: number;
  /** Photos for the ResNet-50 pair. 0: none. */
  readonly resnetPhotos: number;
  readonly rounds: number;
  /** A folder of folders named for classes, with photos in addition to the samples. */
  readonly more?: string | undefined;
  readonly classes: 'imagenet-a' | 'imagenet-1k';
  /** `--set` of the runs. */
  readonly settings: Readonly<Record<string, string>>;
  readonly out: string;
  readonly workFolder: string;
  readonly signal: AbortSignal;
}

/** Some photos to filter, and how. */
interface Case {
  readonly name: string;
  readonly labelling: Labelling;
  readonly ensemble: keyof typeof ENSEMBLES;
  readonly photos: number;
  /** True if all crops run, also those of decided photos. */
  readonly all?: boolean;
}

const ENSEMBLES = {
  lite: ['efficientnet-lite0', 'efficientnet-lite1'],
  resnet: ['resnet50-structure', RESNET_TWIN],
} as const;
const DECODED_FOR_TIME = 100;

/** Measures `winnow filter` on each case, in rounds. */
export async function benchFilter(options: FilterBenchOptions): Promise<void> {
  const { workFolder, signal, out } = options;
  await mkdir(workFolder, { recursive: true });
  const project = await openProject(path.join(workFolder, 'filter'), signal);
  try {
    const wnids = wnidsOf(options.classes, (await loadClassTable()).rows);
    const wanted = { count: options.photos, more: options.more, wnids };
    const set = await writePhotoSet(path.join(project.folder, 'photos'), wanted);
    const decodeMs = await decodeMsOf(set.files.slice(0, DECODED_FOR_TIME));
    console.log(
      `${options.photos} photos (${set.distinct} distinct), ${options.classes}, ${options.rounds} rounds, interleaved; a photo takes ${decodeMs.toFixed(1)} ms to decode`,
    );
    const rows = await runRounds({ options, project, set, decodeMs });
    console.log(`\n${tableOf(rows)}\n`);
    await writeReport(out, {
      benchmark: 'filter',
      at: new Date().toISOString(),
      command: ['npm', 'run', 'bench', '--', ...process.argv.slice(2)].join(' '),
      host: hostOfRun(),
      photos: { ...options, files: set.files.length, distinct: set.distinct, signal: undefined },
      decodeMs,
      results: rows,
    });
    console.log(`written to ${out}`);
  } finally {
    await rm(project.folder, { recursive: true, force: true });
  }
}

function casesOf({ photos, hardPhotos, resnetPhotos }: FilterBenchOptions): Case[] {
  const cases: readonly Case[] = [
    { name: 'mostly exits early (true labels)', labelling: 'true', ensemble: 'lite', photos },
    { name: 'crawl-like mix', labelling: 'crawl-like', ensemble: 'lite', photos },
    { name: 'nothing exits early', labelling: 'hard', ensemble: 'lite', photos: hardPhotos },
    { name: 'all crops forced', labelling: 'true', ensemble: 'lite', photos: hardPhotos, all: true },
    { name: 'ResNet-50 pair', labelling: 'hard', ensemble: 'resnet', photos: resnetPhotos },
  ];
  return cases.filter((each) => each.photos > 0);
}

/** Processor time that decoding a photo takes, alone. */
async function decodeMsOf(files: readonly string[]): Promise<number> {
  const bytes = await Promise.all(files.map((file) => readFile(file)));
  const before = process.cpuUsage();
  for (const each of bytes) await decodeRgb(each);
  const { user, system } = process.cpuUsage(before);
  return (user + system) / 1_000 / files.length;
}

interface Bench {
  readonly options: FilterBenchOptions;
  readonly project: Project;
  readonly set: PhotoSet;
  readonly decodeMs: number;
}

async function runRounds(bench: Bench): Promise<{ name: string; rounds: Measured[] }[]> {
  const { rounds, signal } = bench.options;
  const rows: { name: string; rounds: Measured[]; run: () => Promise<Measured> }[] = [];
  for (const one of casesOf(bench.options))
    rows.push({ name: one.name, rounds: [], run: await prepareCase(bench, one) });
  for (let round = 0; round < rounds; round += 1) {
    // A different case goes first in each round.
    const start = round % rows.length;
    for (const row of [...rows.slice(start), ...rows.slice(0, start)]) {
      signal.throwIfAborted();
      const measured = await row.run();
      row.rounds.push(measured);
      const { photosPerSecond, cpuMsPerPhoto } = measured;
      console.log(
        `  round ${round + 1}  ${row.name.padEnd(34)} ${photosPerSecond.toFixed(1).padStart(6)} photos/s  ${cpuMsPerPhoto.toFixed(1).padStart(6)} CPU ms/photo`,
      );
    }
  }
  return rows.map(({ name, rounds: measured }) => ({ name, rounds: measured }));
}

/** Crawls the photos of a case. The function that is returned filters them. */
async function prepareCase(
  { options, project, set, decodeMs }: Bench,
  { labelling, ensemble, photos, all = false }: Case,
): Promise<() => Promise<Measured>> {
  const collection = await writeCollection(project, {
    name: `bench-${ensemble}`,
    classes: options.classes,
    ensemble: ENSEMBLES[ensemble],
  });
  const data = await takeIn(project, `${ensemble}-${labelling}-${photos}`, {
    collection,
    files: set.files.slice(0, photos),
    wnids: set.labels[labelling].slice(0, photos),
  });
  const settings = { ...options.settings, ...(all ? { 'filter.evaluate': 'all' } : {}) };
  return async () => measureRun(await runFilter(project, { collection, data, settings }), decodeMs);
}

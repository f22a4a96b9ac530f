import { mkdir, readFile, rm } from 'node:fs/promises';
import path from 'node:path';
import process from 'node:process';
import { loadClassTable } from '../../src/collection/class-table.process.ts';
import { wnidsOf } from '../../src/collection/class-table.ts';
import { decodeRgb } from '../../src/platform/image/inspect.ts';
import { contendersOf, type Contender, type FilterBenchOptions, type Run } from './filter-contenders.ts';
import { benchGrowth } from './filter-growth.ts';
import { preparePeers, type Peers } from './filter-peers.ts';
import { writePhotoSet } from './filter-photos.ts';
import { ratioOf, ratioText, tableOf, type Measured, type Ratio, type Row } from './filter-summary.ts';
import { measureProcessorLimit } from './processor-limit.ts';
import { hostOfRun, writeReport } from './report.ts';
import { openProject } from './winnow-filter.ts';

const LITE = ['efficientnet-lite0', 'efficientnet-lite1'];
const DECODED_FOR_TIME = 100;

export async function benchFilter(options: FilterBenchOptions): Promise<void> {
  const { workFolder, signal, out } = options;
  await mkdir(workFolder, { recursive: true });
  const peers = options.peers ? await askedPeers(options) : null;
  const project = await openProject(path.join(workFolder, 'filter'), signal);
  try {
    const wnids = wnidsOf(options.classes, (await loadClassTable()).rows);
    const wanted = { count: options.photos, more: options.more, wnids };
    const set = await writePhotoSet(path.join(project.folder, 'photos'), wanted);
    const decodeMs = await decodeMsOf(set.files.slice(0, DECODED_FOR_TIME));
    console.log(
      `${options.photos} photos (${set.distinct} distinct), ${options.classes}, ${options.rounds} rounds, interleaved; a photo takes ${decodeMs.toFixed(1)} ms to decode`,
    );
    const limit = await measureProcessorLimit(LITE);
    console.log(limitText(limit));
    const contenders = await contendersOf({ options, project, set, wnids, decodeMs, peers });
    const { rows, disagreements } = await runRounds(contenders, options);
    const ratios = ratiosOf(contenders, rows);
    console.log(`\n${tableOf(rows)}\n`);
    for (const ratio of ratios) console.log(ratioText(ratio));
    for (const text of disagreements) console.log(`  DIFFERENT ${text}`);
    const growth = await benchGrowth(project, { counts: options.growth, wnids, settings: options.settings });
    await writeReport(out, {
      benchmark: 'filter',
      at: new Date().toISOString(),
      command: ['npm', 'run', 'bench', '--', ...process.argv.slice(2)].join(' '),
      host: hostOfRun(),
      photos: { ...options, files: set.files.length, distinct: set.distinct, signal: undefined },
      decodeMs,
      gigaflops: limit,
      results: rows,
      ratios,
      disagreements,
      growth,
    });
    console.log(`written to ${out}`);
    if (disagreements.length > 0) process.exitCode = 1;
  } finally {
    await rm(project.folder, { recursive: true, force: true });
  }
}

async function askedPeers({ workFolder, signal, torch }: FilterBenchOptions): Promise<Peers | null> {
  const peers = await preparePeers(workFolder, signal, torch);
  if ('why' in peers) {
    console.log(`peers left out: ${peers.why}`);
    return null;
  }
  if (peers.withoutTorch !== null) console.log(`PyTorch left out: ${peers.withoutTorch}`);
  return peers;
}

/** Processor time that decoding a photo takes, alone. */
async function decodeMsOf(files: readonly string[]): Promise<number> {
  const bytes = await Promise.all(files.map((file) => readFile(file)));
  const before = process.cpuUsage();
  for (const each of bytes) await decodeRgb(each);
  const { user, system } = process.cpuUsage(before);
  return (user + system) / 1_000 / files.length;
}

function limitText({ matrixProduct, models }: Awaited<ReturnType<typeof measureProcessorLimit>>): string {
  const parts = Object.entries(models).map(
    ([name, rate]) => `${name} ${rate.toFixed(0)} (${((rate / matrixProduct) * 100).toFixed(0)} %)`,
  );
  return `one thread: ${matrixProduct.toFixed(0)} GFLOP/s in a matrix product, ${parts.join(', ')}`;
}

async function runRounds(
  contenders: readonly Contender[],
  { rounds, signal }: FilterBenchOptions,
): Promise<{ rows: Row[]; disagreements: string[] }> {
  const measured = new Map<string, Measured[]>(contenders.map(({ name }) => [name, []]));
  const decisions = new Map<string, Run['decisions']>();
  for (let round = 0; round < rounds; round += 1) {
    // A different contender goes first in each round.
    const start = round % contenders.length;
    for (const contender of [...contenders.slice(start), ...contenders.slice(0, start)]) {
      signal.throwIfAborted();
      const run = await contender.run();
      measured.get(contender.name)?.push(run.measured);
      decisions.set(contender.name, run.decisions);
      const { photosPerSecond, cpuMsPerPhoto } = run.measured;
      const remark = run.remark === undefined ? '' : `  (${run.remark})`;
      console.log(
        `  round ${round + 1}  ${contender.name.padEnd(46)} ${photosPerSecond.toFixed(1).padStart(6)} photos/s  ${cpuMsPerPhoto.toFixed(1).padStart(6)} CPU ms/photo${remark}`,
      );
    }
  }
  const rows = contenders.map(({ name }) => ({ name, rounds: measured.get(name) ?? [] }));
  return { rows, disagreements: disagreementsOf(contenders, decisions) };
}

/** Photos that a peer decides differently from winnow under the same labels. */
function disagreementsOf(contenders: readonly Contender[], decisions: ReadonlyMap<string, Run['decisions']>): string[] {
  const pairs = contenders
    .filter(({ isPeer }) => !isPeer)
    .flatMap((own) =>
      contenders.filter((peer) => peer.isPeer && peer.ensemble === own.ensemble).map((peer) => [own, peer] as const),
    );
  const compared = pairs.flatMap(([own, peer]) => {
    const theirs = decisions.get(peer.name)?.get(own.labelling) ?? new Map<string, string>();
    return [...(decisions.get(own.name)?.get(own.labelling) ?? [])]
      .filter(([sha256]) => theirs.has(sha256))
      .map(([sha256, ours]) => ({ own, peer, sha256, ours, other: theirs.get(sha256) }));
  });
  const different = compared.filter(({ ours, other }) => ours !== other);
  if (compared.length > 0)
    console.log(`\n${compared.length - different.length} of ${compared.length} decisions are the same as the peers'`);
  return different.map(
    ({ own, peer, sha256, ours, other }) =>
      `${sha256.slice(0, 12)}: ${own.name} ${ours}, ${peer.name} ${other ?? 'nothing'}`,
  );
}

function ratiosOf(contenders: readonly Contender[], rows: readonly Row[]): Ratio[] {
  const rowOf = (name: string): Row | undefined => rows.find((row) => row.name === name);
  return contenders.flatMap((own) => {
    const row = rowOf(own.name);
    if (own.isPeer || row === undefined) return [];
    return contenders
      .filter(
        ({ isPeer, ensemble, does }) =>
          isPeer && ensemble === own.ensemble && (does === 'all' || does === own.labelling),
      )
      .flatMap(({ name }) => {
        const peer = rowOf(name);
        return peer === undefined ? [] : [ratioOf(row, peer)];
      });
  });
}

import { createHash } from 'node:crypto';
import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { availableParallelism, cpus, tmpdir } from 'node:os';
import path from 'node:path';
import { packageRoot } from '../../config/root.ts';
import { noEvidence } from '../../evidence/evidence.ts';
import { Interrupted } from '../../kernel/errors.ts';
import type { ExecutionProvider } from '../../kernel/execution-provider.ts';
import { toSha256, type Sha256 } from '../../kernel/ids.ts';
import { openBlobFolder } from '../../platform/blobs/blob-folder.ts';
import { openBackbone, type OpenBackbone } from '../engine/backbone.ts';
import { EngineTally } from '../engine/engine-tally.ts';
import { startEngine } from '../engine/engine.ts';
import type { MemberSpec } from '../engine/messages.ts';
import { batchTimes, bestBatch, bestLayout, threadCounts, type BatchTime, type LayoutRate } from './choose.ts';

export interface TuneOptions {
  readonly members: readonly MemberSpec[];
  readonly provider: ExecutionProvider;
  readonly signal: AbortSignal;
  /** Processor time that this process has used so far, in milliseconds. */
  readonly cpuMs: () => number;
  /** Called with the name of the next measurement. */
  readonly onStep: (step: string) => void;
}

export interface TuneResult {
  readonly batches: readonly BatchTime[];
  readonly layouts: readonly LayoutRate[];
  readonly batchCrops: number;
  readonly threads: number;
  /** Share of all processors' time that other programs used during the measurement, 0..1. */
  readonly othersShare: number;
}

const BATCHES = [1, 2, 3, 4, 8] as const;
/** Passes for each size and member. The fastest counts, because other programs only slow a pass down. */
const REPEATS = 5;
/** Expected time to measure one layout, in milliseconds. */
const LAYOUT_MS = 2_500;
const CROPS_PER_PHOTO_AND_MEMBER = 10;
const SAMPLES = path.join(packageRoot, 'assets', 'samples', 'photos');

/**
 * Finds the best settings for this machine. It first measures passes of different sizes, for each member alone, in rounds.
 * Then it measures numbers of threads with the filter's own engine and all crops of some sample photos.
 *
 * @throws Interrupted; StopTheRun if a model cannot be loaded
 */
export async function measureTune(options: TuneOptions): Promise<TuneResult> {
  const batches: BatchTime[] = [];
  const before = processorTimes(options.cpuMs);
  for (const member of options.members) batches.push(...(await timeBatches(member, options)));
  const batchCrops = bestBatch(batches);
  const msPerPhoto = options.members.reduce(
    (total, { name }) =>
      total +
      CROPS_PER_PHOTO_AND_MEMBER *
        Math.min(...batches.filter(({ model }) => model === name).map(({ msPerCrop }) => msPerCrop)),
    0,
  );
  const folder = await mkdtemp(path.join(tmpdir(), 'winnow-tune-'));
  try {
    const photos = await putSamples(folder);
    const layouts: LayoutRate[] = [];
    for (const threads of threadCounts(availableParallelism())) {
      const perThread = Math.max(1, Math.min(2 * batchCrops, Math.round(LAYOUT_MS / msPerPhoto)));
      options.onStep(`${threads} ${threads === 1 ? 'thread' : 'threads'}`);
      const wanted = Array.from({ length: threads * perThread }, (_, i) => photos[i % photos.length]);
      const known = wanted.filter((photo) => photo !== undefined);
      layouts.push({ threads, cropsPerSecond: await rateOf({ ...options, folder, batchCrops, threads }, known) });
    }
    const othersShare = othersShareOf(before, processorTimes(options.cpuMs));
    return { batches, layouts, batchCrops, threads: bestLayout(layouts), othersShare };
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

async function timeBatches(member: MemberSpec, options: TuneOptions): Promise<BatchTime[]> {
  const { provider, signal, onStep } = options;
  const { name, backbone, head } = member;
  onStep(`${name}, ${BATCHES.join(', ')} crops a pass`);
  const session = await openBackbone(backbone, [head], provider);
  try {
    const tensor = new Float32Array(3 * backbone.input.size ** 2 * Math.max(...BATCHES));
    const times = new Map<number, number[]>(BATCHES.map((crops) => [crops, []]));
    // The first pass of each size allocates memory and is not counted.
    for (const crops of BATCHES) await session.run(tensor, crops);
    for (const crops of Array.from({ length: REPEATS }, () => BATCHES).flat()) {
      if (signal.aborted) throw new Interrupted();
      times.get(crops)?.push(await timeOf(session, { tensor, crops }, options));
    }
    return batchTimes(name, times);
  } finally {
    await session.close();
  }
}

/**
 * Time of a pass. On the cpu this is the processor time of this process, because other programs change it the least. No other thread of this
 * process works.
 */
async function timeOf(
  session: OpenBackbone,
  { tensor, crops }: { tensor: Float32Array; crops: number },
  { provider, cpuMs }: TuneOptions,
): Promise<number> {
  const clock = provider === 'cpu' ? cpuMs : () => performance.now();
  const startMs = clock();
  await session.run(tensor, crops);
  return clock() - startMs;
}

interface ProcessorTimes {
  /** Milliseconds of all processors together. */
  readonly all: number;
  readonly busy: number;
  readonly own: number;
}

function processorTimes(cpuMs: () => number): ProcessorTimes {
  const times = cpus().map((each) => each.times);
  const sum = (pick: (each: (typeof times)[number]) => number): number =>
    times.reduce((total, each) => total + pick(each), 0);
  const idle = sum((each) => each.idle);
  const all = idle + sum(({ user, nice, sys, irq }) => user + nice + sys + irq);
  return { all, busy: all - idle, own: cpuMs() };
}

function othersShareOf(before: ProcessorTimes, after: ProcessorTimes): number {
  const all = after.all - before.all;
  return all <= 0 ? 0 : Math.max(0, after.busy - before.busy - (after.own - before.own)) / all;
}

async function rateOf(
  layout: TuneOptions & { readonly folder: string; readonly batchCrops: number; readonly threads: number },
  photos: readonly Sha256[],
): Promise<number> {
  const { members, provider, folder, batchCrops, threads, signal } = layout;
  const policy = { threshold: 1, aggregation: 'max', members: 'any' } as const;
  const blobs = { kind: 'folder', folder } as const;
  const spec = { members, policy, evaluate: 'all', cropsPerPass: batchCrops, blobs, provider } as const;
  const tally = new EngineTally(threads);
  const engine = await startEngine(spec, threads, tally);
  const stop = (): void => engine.requestStop();
  signal.addEventListener('abort', stop);
  try {
    // The signal may have been aborted while models were loaded.
    if (signal.aborted) throw new Interrupted();
    const tasks = photos.map((sha256) => ({ sha256, truths: [0], evidence: noEvidence(members.length) }));
    // One photo for each thread first, so that models and code are warm.
    await engine.evaluate(tasks.slice(0, threads));
    const before = { crops: tally.work.crops, atMs: performance.now() };
    await engine.evaluate(tasks);
    if (signal.aborted) throw new Interrupted();
    return ((tally.work.crops - before.crops) * 1_000) / (performance.now() - before.atMs);
  } finally {
    signal.removeEventListener('abort', stop);
    await engine.close();
  }
}

const SAMPLES_USED = 16;

async function putSamples(folder: string): Promise<Sha256[]> {
  const blobs = openBlobFolder(folder);
  const hashes: Sha256[] = [];
  for (const wnid of (await readdir(SAMPLES)).toSorted().slice(0, SAMPLES_USED)) {
    const [name] = (await readdir(path.join(SAMPLES, wnid))).toSorted();
    if (name === undefined) continue;
    const bytes = await readFile(path.join(SAMPLES, wnid, name));
    const sha256 = toSha256(createHash('sha256').update(bytes).digest('hex'));
    await blobs.put(sha256, bytes);
    hashes.push(sha256);
  }
  return hashes;
}

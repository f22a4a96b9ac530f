import { spawnSync } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import process from 'node:process';
import { fileURLToPath } from 'node:url';
import { COLLECTION, makeAccepted } from './accepted-set.ts';
import { photosToServe } from './photos.ts';
import { hostOfRun, writeReport } from './report.ts';
import { runProgram } from './run-program.ts';

const ROOT = fileURLToPath(new URL('../../', import.meta.url));
const PROGRAM = path.join(ROOT, 'src', 'cli', 'winnow.cjs');

export interface ExportBench {
  /** Sizes of the sets: accepted photos. */
  readonly photos: readonly number[];
  /** Longer side of the photos, in pixels; 0: the samples as they are. */
  readonly side: number;
  readonly out: string;
  readonly signal: AbortSignal;
}

interface Result {
  readonly photos: number;
  /** Size of the pictures and all tables. */
  readonly megabytes: number;
  readonly seconds: number;
  readonly peakMegabytes: number;
  readonly cpuSeconds: number;
  /** `cp -r` of the exported folder, right afterwards. */
  readonly copySeconds: number;
}

/** Exports sets of accepted photos, each by its own command, and copies each folder with `cp -r` for comparison. */
export async function benchExport(bench: ExportBench): Promise<void> {
  const results: Result[] = [];
  for (const photos of bench.photos) {
    const result = await measure(photos, bench);
    results.push(result);
    const { megabytes, seconds, peakMegabytes, cpuSeconds, copySeconds } = result;
    console.log(
      `${photos} photos, ${megabytes.toFixed(0)} MB: ${seconds.toFixed(1)} s (CPU ${cpuSeconds.toFixed(1)} s), ` +
        `${(megabytes / seconds).toFixed(1)} MB/s, cp -r ${(megabytes / copySeconds).toFixed(1)} MB/s, ` +
        `peak memory ${peakMegabytes.toFixed(0)} MB`,
    );
  }
  const [first, last] = [results[0], results.at(-1)];
  if (first !== undefined && last !== undefined && last !== first)
    console.log(
      `peak memory of ${last.photos} photos: ${(last.peakMegabytes / first.peakMegabytes).toFixed(2)} x that of ${first.photos}`,
    );
  await writeReport(bench.out, { benchmark: 'export', host: hostOfRun(), side: bench.side, results });
}

async function measure(photos: number, { side, signal }: ExportBench): Promise<Result> {
  const folder = await mkdtemp(path.join(tmpdir(), 'winnow-bench-export-'));
  try {
    const data = path.join(folder, 'data');
    await makeAccepted(data, { photos, pictures: await photosToServe(side) });
    const out = path.join(folder, 'revision');
    const flags = ['export', '--collection', COLLECTION, '--data', data, '--out', out, '--json'];
    const run = await runProgram({
      name: 'winnow',
      command: [process.execPath, PROGRAM, ...flags],
      cwd: ROOT,
      signal,
    });
    const { bytes }: { bytes: number } = JSON.parse(run.stdout);
    const copiedAtMs = performance.now();
    spawnSync('cp', ['-r', out, path.join(folder, 'copy')], { stdio: 'inherit' });
    const copySeconds = (performance.now() - copiedAtMs) / 1_000;
    const used = run.used.groups.get('winnow');
    return {
      photos,
      megabytes: bytes / 1e6,
      seconds: (run.endedAtMs - run.startedAtMs) / 1_000,
      peakMegabytes: (used?.peakBytes ?? 0) / 1e6,
      cpuSeconds: (used?.cpu.user ?? 0) + (used?.cpu.system ?? 0),
      copySeconds,
    };
  } finally {
    await rm(folder, { recursive: true });
  }
}

import { access, rm, writeFile } from 'node:fs/promises';
import path from 'node:path';
import process from 'node:process';
import { fileURLToPath } from 'node:url';
import { openApp } from '../../src/app/open/app.ts';
import { whatIf } from '../../src/app/filter/what-if.ts';
import { openWorkspace, type Workspace } from '../../src/app/open/workspace.ts';
import { usableCollection } from '../../src/collection/collection.process.ts';
import { loadConfig } from '../../src/config/load-config.ts';
import { openLogger } from '../../src/platform/log/logger.ts';
import { makeDecisions } from './made-decisions.ts';
import { hostOfRun, writeReport } from './report.ts';
import { runProgram } from './run-program.ts';
import { median } from './statistics.ts';

const PROGRAM = fileURLToPath(new URL('../../src/cli/winnow.cjs', import.meta.url));
const COLLECTION = 'imagenet-a';
const THRESHOLDS = [0.05, 0.1, 0.15, 0.2];
const CAPS = [5, 15, 50];

export interface WhatIfBench {
  /** Number of decided photos. */
  readonly photos: number;
  readonly rounds: number;
  readonly workFolder: string;
  readonly out: string;
  readonly signal: AbortSignal;
}

/** Measures `winnow what-if` with a grid of 48 settings: the computation alone, and the whole command. */
export async function benchWhatIf(bench: WhatIfBench): Promise<void> {
  const dataDir = path.join(bench.workFolder, `what-if-${bench.photos}`);
  await makeOnce(dataDir, bench);
  const alone = await withWorkspace(dataDir, (workspace) => measureAlone(workspace, bench));
  const commands: { seconds: number; peakBytes: number }[] = [];
  for (let round = 0; round < bench.rounds; round += 1) commands.push(await measureCommand(dataDir, bench));
  const result = {
    settings: alone.settings,
    aloneSeconds: median(alone.rounds.map(({ seconds }) => seconds)),
    aloneCpuSeconds: median(alone.rounds.map(({ cpuSeconds }) => cpuSeconds)),
    commandSeconds: median(commands.map(({ seconds }) => seconds)),
    commandPeakBytes: Math.max(...commands.map(({ peakBytes }) => peakBytes)),
  };
  console.log(
    `${bench.photos} photos, ${result.settings} settings: ${result.aloneSeconds.toFixed(2)} s (${result.aloneCpuSeconds.toFixed(2)} s of this process's own CPU time); the whole command ${result.commandSeconds.toFixed(2)} s, peak ${Math.round(result.commandPeakBytes / 1e6)} MB; medians of ${bench.rounds}`,
  );
  await writeReport(bench.out, { benchmark: 'what-if', host: hostOfRun(), photos: bench.photos, ...result });
}

async function withWorkspace<T>(dataDir: string, use: (workspace: Workspace) => Promise<T>): Promise<T> {
  const { config } = await loadConfig({ argvSettings: [], configFile: undefined, collectionSettings: undefined });
  const log = openLogger({ level: 'warn', format: 'text' }, process.stderr);
  const app = await openApp({ config, log, dataDir, clientName: 'bench' });
  try {
    return await use(await openWorkspace(app, (await usableCollection(COLLECTION)).collection));
  } finally {
    await app.close();
  }
}

function print(done: number): void {
  if (done % 10_000 === 0) console.log(`  ${done}`);
}

/** Reuses a catalogue from an earlier run, and replaces one that was not finished. */
async function makeOnce(dataDir: string, { photos, signal }: WhatIfBench): Promise<void> {
  const mark = path.join(dataDir, 'made');
  const isMade = await access(mark).then(
    () => true,
    () => false,
  );
  if (isMade) return;
  console.log(`making ${photos} decided photos, once; this takes minutes`);
  await rm(dataDir, { recursive: true, force: true });
  await withWorkspace(dataDir, (workspace) => makeDecisions(workspace, photos, { signal, onProgress: print }));
  await writeFile(mark, '');
}

async function measureAlone(
  workspace: Workspace,
  { rounds, signal }: WhatIfBench,
): Promise<{ settings: number; rounds: { seconds: number; cpuSeconds: number }[] }> {
  const policies = (['max', 'mean'] as const).flatMap((aggregation) =>
    (['any', 'all'] as const).flatMap((members) =>
      THRESHOLDS.map((threshold) => ({ mode: 'A' as const, threshold, aggregation, members })),
    ),
  );
  const grid = { policies, caps: CAPS, nearDuplicateDistance: workspace.collection.policy.nearDuplicateDistance };
  const measured: { seconds: number; cpuSeconds: number }[] = [];
  let settings = 0;
  for (let round = 0; round < rounds; round += 1) {
    const [startMs, startCpu] = [performance.now(), process.cpuUsage()];
    ({
      settings: { length: settings },
    } = await whatIf(
      { db: workspace.app.db, scope: workspace.scope, memberIds: workspace.ensemble.memberIds },
      { grid, samples: 3, signal },
    ));
    const { user, system } = process.cpuUsage(startCpu);
    measured.push({ seconds: (performance.now() - startMs) / 1_000, cpuSeconds: (user + system) / 1e6 });
  }
  return { settings, rounds: measured };
}

async function measureCommand(
  dataDir: string,
  { signal }: WhatIfBench,
): Promise<{ seconds: number; peakBytes: number }> {
  const flags = [
    '--threshold',
    THRESHOLDS.join(),
    '--cap',
    CAPS.join(),
    '--aggregation',
    'max,mean',
    '--members',
    'any,all',
  ];
  const { startedAtMs, endedAtMs, used } = await runProgram({
    name: 'winnow',
    command: [process.execPath, PROGRAM, 'what-if', '--collection', COLLECTION, '--data', dataDir, '--json', ...flags],
    cwd: process.cwd(),
    signal,
  });
  return { seconds: (endedAtMs - startedAtMs) / 1_000, peakBytes: used.peakBytes };
}

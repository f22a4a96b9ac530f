import process from 'node:process';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { sql } from 'kysely';
import { openApp } from '../../src/app/open/app.ts';
import { readOverviews } from '../../src/app/watch/overview.ts';
import { readStatus } from '../../src/app/watch/status.ts';
import { openWorkspace, type Workspace } from '../../src/app/open/workspace.ts';
import { usableCollection } from '../../src/collection/collection.process.ts';
import { loadConfig } from '../../src/config/load-config.ts';
import { packageRoot } from '../../src/config/root.ts';
import { groupBy } from '../../src/kernel/group-by.ts';
import { openLogger } from '../../src/platform/log/logger.ts';
import { loadAssets } from '../../src/server/assets.ts';
import { openSite } from '../../src/server/dashboard.ts';
import { routesOf } from '../../src/server/routes.ts';
import { startWebServer } from '../../src/server/web-server.ts';
import { buildShortlist } from '../../src/shortlist/build.process.ts';
import { keptPhotos } from '../../src/shortlist/shortlist.repository.ts';
import { shortlistClass } from '../../src/shortlist/shortlist.ts';
import { ProcessMeter, type GroupRoots } from './process-meter.ts';
import { hostOfRun, writeReport } from './report.ts';
import { runProgram } from './run-program.ts';
import { median } from './statistics.ts';
import { POSTGRES, postmasterOf, WINNOW } from './winnow-crawl.ts';

const PROGRAM = fileURLToPath(new URL('../../src/cli/winnow.cjs', import.meta.url));
const COLLECTION = 'imagenet-a';
const LIVE_SECONDS = 20;

export interface ScaleBench {
  /** A data folder of `scripts/make-catalogue.ts`. */
  readonly data: string;
  readonly rounds: number;
  readonly out: string;
  readonly signal: AbortSignal;
}

/** A shell runs each command, so that pipes keep its output out of this process's memory. */
const COMMANDS: readonly string[] = [
  'config --json',
  'status',
  'status --json',
  'status --queries',
  'candidates --json | tail -1',
  'candidates --state failed --reason dns --json | tail -1',
  'candidates --class dragonfly --json | tail -1',
  'decisions --state kept --json | tail -1',
  'decisions --class dragonfly --format csv | tail -1',
  'what-if --threshold 0.05,0.1,0.15,0.2 --cap 5,15,50 --aggregation max,mean --json',
  'doctor',
  'resume',
  'shortlist',
];

interface Row {
  readonly what: string;
  readonly seconds: number;
  readonly cpuSeconds: number;
  readonly postgresCpuSeconds: number;
  readonly peakBytes: number | null;
}

/** Measures common commands on a large catalogue: seconds, processor time and memory, with PostgreSQL already running. */
export async function benchScale({ data, rounds, out, signal }: ScaleBench): Promise<void> {
  const { config } = await loadConfig({ argvSettings: [], configFile: undefined, collectionSettings: undefined });
  const log = openLogger({ level: 'error', format: 'text' }, process.stderr);
  const app = await openApp({ config, log, dataDir: data, clientName: 'bench' });
  const rows: Row[] = [];
  const add = (row: Row): void => {
    rows.push(row);
    console.log(
      `${row.what.padEnd(60)} ${row.seconds.toFixed(2).padStart(7)} s, CPU ${row.cpuSeconds.toFixed(2)} s, PostgreSQL ${row.postgresCpuSeconds.toFixed(2)} s${row.peakBytes === null ? '' : `, ${Math.round(row.peakBytes / 1e6)} MB`}`,
    );
  };
  try {
    const workspace = await openWorkspace(app, (await usableCollection(COLLECTION)).collection);
    console.log(await sizesText(workspace));
    for (const [what, work] of inProcess(workspace)) add(await measure({ what, work, data, rounds }));
    add(await measureLive(workspace, data));
    for (const command of COMMANDS) add(await measureCommand(command, { data, rounds, signal }));
  } finally {
    await app.close();
  }
  await writeReport(out, { benchmark: 'scale', host: hostOfRun(), rounds, rows });
}

/** The same work without the start of a command. */
function inProcess(workspace: Workspace): [string, () => Promise<unknown>][] {
  const { app, scope, collection } = workspace;
  const { policy } = collection;
  return [
    ['read status', () => readStatus(workspace)],
    ['read the funnel page', () => readOverviews(workspace, new Date())],
    ['read what is kept', () => keptPhotos(app.db, scope)],
    [
      'rank the class that keeps most, once read',
      async () => {
        const classes = [...groupBy(await keptPhotos(app.db, scope), ({ wnid }) => wnid).values()];
        const [largest = []] = classes.toSorted((a, b) => b.length - a.length);
        const startMs = performance.now();
        shortlistClass(largest, policy);
        console.log(`  ${largest.length} photos ranked in ${(performance.now() - startMs).toFixed(0)} ms`);
      },
    ],
    ['build the whole shortlist', () => buildShortlist(app.db, scope, { policy, backboneId: null })],
  ];
}

const meterOf = (data: string): ProcessMeter =>
  new ProcessMeter(
    new Map<string, GroupRoots>([
      [WINNOW, () => [process.pid]],
      [POSTGRES, () => postmasterOf(data)],
    ]),
  );

const cpuOf = (used: Awaited<ReturnType<ProcessMeter['stop']>>, group: string): number => {
  const { user = 0, system = 0 } = used.groups.get(group)?.cpu ?? {};
  return user + system;
};

/** The first round warms up and does not count. */
async function measure(given: {
  readonly what: string;
  readonly work: () => Promise<unknown>;
  readonly data: string;
  readonly rounds: number;
}): Promise<Row> {
  const { what, work, data, rounds } = given;
  await work();
  const before = await readOnce(data);
  const seconds: number[] = [];
  for (let round = 0; round < rounds; round += 1) {
    const startMs = performance.now();
    await work();
    seconds.push((performance.now() - startMs) / 1_000);
  }
  const after = await readOnce(data);
  return {
    what,
    seconds: median(seconds),
    cpuSeconds: (cpuOf(after, WINNOW) - cpuOf(before, WINNOW)) / rounds,
    postgresCpuSeconds: (cpuOf(after, POSTGRES) - cpuOf(before, POSTGRES)) / rounds,
    peakBytes: null,
  };
}

async function readOnce(data: string): ReturnType<ProcessMeter['stop']> {
  const meter = meterOf(data);
  await sleep(150);
  return meter.stop();
}

const nowMs = (): number => Date.now();

/** The cost of an open page for each second. The server runs in this process. */
async function measureLive(workspace: Workspace, data: string): Promise<Row> {
  const { log } = workspace.app;
  const access = { tokens: [], sessionKey: Buffer.alloc(32) };
  const { app, collection: named } = workspace;
  const configOf = (): Promise<typeof app.config> => Promise.resolve(app.config);
  const site = openSite(app, { ...access, assets: await loadAssets(packageRoot, null), nowMs, named, configOf });
  const routes = routesOf(site);
  const where = { host: '127.0.0.1', port: 0, allowedHosts: [], reviewer: null };
  const server = await startWebServer({ ...access, ...where, log, routes, nowMs });
  const page = await fetch(`${server.url}/c/${named.name}/api/live`);
  let bytes = 0;
  const reading = (async () => {
    for await (const chunk of page.body ?? []) bytes += chunk.length;
  })();
  const before = await readOnce(data);
  await sleep(LIVE_SECONDS * 1_000);
  const after = await readOnce(data);
  await Promise.all([site.close(), server.close(), reading]);
  console.log(`  ${(bytes / 1e6 / LIVE_SECONDS).toFixed(2)} MB a second are sent`);
  return {
    what: 'the funnel page open, a second',
    seconds: 1,
    cpuSeconds: (cpuOf(after, WINNOW) - cpuOf(before, WINNOW)) / LIVE_SECONDS,
    postgresCpuSeconds: (cpuOf(after, POSTGRES) - cpuOf(before, POSTGRES)) / LIVE_SECONDS,
    peakBytes: null,
  };
}

async function measureCommand(
  command: string,
  { data, rounds, signal }: Pick<ScaleBench, 'data' | 'rounds' | 'signal'>,
): Promise<Row> {
  const [words = '', pipe] = command.split(' | ');
  const where = words.startsWith('config') ? '' : ` --collection ${COLLECTION} --data '${data}'`;
  const line = `'${process.execPath}' '${PROGRAM}' ${words}${where}${pipe === undefined ? '' : ` | ${pipe}`}`;
  const runs: { seconds: number; peakBytes: number; cpu: number }[] = [];
  const before = await readOnce(data);
  for (let round = 0; round < rounds; round += 1) {
    const { startedAtMs, endedAtMs, used } = await runProgram({
      name: WINNOW,
      command: ['/bin/sh', '-c', `${line}; true`],
      cwd: process.cwd(),
      signal,
    });
    runs.push({
      seconds: (endedAtMs - startedAtMs) / 1_000,
      peakBytes: used.peakBytes,
      cpu: cpuOf(used, WINNOW),
    });
  }
  const after = await readOnce(data);
  return {
    what: `winnow ${command}`,
    seconds: median(runs.map(({ seconds }) => seconds)),
    cpuSeconds: median(runs.map(({ cpu }) => cpu)),
    postgresCpuSeconds: (cpuOf(after, POSTGRES) - cpuOf(before, POSTGRES)) / rounds,
    peakBytes: Math.max(...runs.map(({ peakBytes }) => peakBytes)),
  };
}

/** Rows and bytes of the large tables. */
async function sizesText({ app }: Workspace): Promise<string> {
  const { rows } = await sql<{ name: string; rows: number; heap: number; indexes: number }>`
    select relname as name, n_live_tup as rows, pg_table_size(relid) as heap, pg_indexes_size(relid) as indexes
    from pg_stat_user_tables where pg_total_relation_size(relid) > 1000000 order by pg_total_relation_size(relid) desc`.execute(
    app.db,
  );
  const lines = rows.map(
    ({ name, rows: count, heap, indexes }) =>
      `${name.padEnd(20)} ${String(count).padStart(10)} rows, ${(heap / 1e6).toFixed(1).padStart(8)} MB, indexes ${(indexes / 1e6).toFixed(1).padStart(8)} MB`,
  );
  return `${lines.join('\n')}\n`;
}

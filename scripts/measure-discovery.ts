import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { createServer } from 'node:http';
import { tmpdir } from 'node:os';
import path from 'node:path';
import process from 'node:process';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { openApp } from '../src/runtime/open/app.process.ts';
import { readStatus, type Status } from '../src/status/status.process.ts';
import { openWorkspace } from '../src/models/workspace/workspace.process.ts';
import { usableCollection } from '../src/collection/collection.process.ts';
import { loadConfig } from '../src/config/load-config.ts';
import { openLogger } from '../src/platform/log/logger.ts';
import { startInaturalistSite } from '../test/support/sites/inaturalist-site.ts';
import { readQueriesLines, worldOf } from '../test/support/sites/inaturalist-world.ts';
import { setFlags } from '../test/support/winnow.ts';

/**
 * `node --import tsx scripts/measure-discovery.ts [COUNT ...]` measures the memory that discovering COUNT candidates takes,
 * and how long `winnow status --json` takes afterwards. The default is 20,000 and 200,000, which shows that memory stays
 * flat.
 *
 * A local server replaces iNaturalist and returns pages of 200 photos until there are enough. The host of the photos
 * answers its robots.txt with 503, so that all photos wait and only discovery is measured. `status` is timed as a process,
 * next to the start of a command (`winnow config` in the same state of the machine), and its queries alone.
 */

const ROOT = fileURLToPath(new URL('../', import.meta.url));
const WINNOW = path.join(ROOT, 'src', 'cli', 'winnow.cjs');
const PAGE = 200;
const STATUS_RUNS = 5;

interface Site {
  readonly url: string;
  readonly mediaHost: string;
  readonly given: () => number;
  close(): Promise<void>;
}

/** Taxa and terms are those of the test site. Observations are made when they are requested. */
async function startSite(count: number): Promise<Site> {
  const queries = readQueriesLines(
    await readFile(path.join(ROOT, 'config', 'classes', 'queries-imagenet-a.jsonl'), 'utf8'),
  );
  const inner = await startInaturalistSite({ world: worldOf(queries, { perTaxon: 1 }) });
  let given = 0;
  const media = createServer((_request, response) => response.writeHead(503).end());
  const mediaHost = await listening(media);
  const server = createServer((request, response) => {
    const url = new URL(request.url ?? '/', 'http://site');
    response.setHeader('content-type', 'application/json');
    if (url.pathname === '/v1/observations') {
      const size = Math.min(PAGE, count - given);
      const first = given + 1;
      given += size;
      response.end(pageOf(first, size, mediaHost));
      return;
    }
    const fromInner = async (): Promise<void> => {
      const answer = await fetch(`${inner.url.replace(/\/v1$/, '')}${url.pathname}${url.search}`);
      response.writeHead(answer.status).end(await answer.text());
    };
    void fromInner();
  });
  const host = await listening(server);
  return {
    url: `http://${host}/v1`,
    mediaHost,
    given: () => given,
    close: async () => {
      await inner.close();
      for (const one of [server, media]) {
        one.closeAllConnections();
        one.close();
      }
    },
  };
}

async function listening(server: ReturnType<typeof createServer>): Promise<string> {
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('Expected the server to listen on a port');
  return `127.0.0.1:${address.port}`;
}

function pageOf(first: number, size: number, mediaHost: string): string {
  const results = Array.from({ length: size }, (_, i) => {
    const id = first + i;
    const licence = ['cc0', 'cc-by', 'cc-by-nc', null][id % 4];
    const photo = {
      id,
      url: `http://${mediaHost}/photos/${id}/square.jpg`,
      license_code: licence,
      attribution: `(c) user ${id % 997}, some rights reserved`,
    };
    return { id, user: { login: `user${id % 997}`, name: null }, photos: [photo] };
  });
  return JSON.stringify({ total_results: 1_000_000, page: 1, per_page: PAGE, results });
}

async function memoryOf(pid: number | undefined): Promise<{ peakMb: number; nowMb: number }> {
  const text = await readFile(`/proc/${pid}/status`, 'utf8');
  const megabytes = (name: string): number =>
    Number(new RegExp(String.raw`^${name}:\s+(\d+) kB$`, 'm').exec(text)?.[1] ?? Number.NaN) / 1024;
  return { peakMb: megabytes('VmHWM'), nowMb: megabytes('VmRSS') };
}

interface Run {
  readonly stdout: string;
  readonly ms: number;
}

async function winnow(args: readonly string[]): Promise<Run> {
  const startMs = performance.now();
  const child = spawn(process.execPath, [WINNOW, ...args], { cwd: ROOT, stdio: ['ignore', 'pipe', 'inherit'] });
  let stdout = '';
  child.stdout.setEncoding('utf8').on('data', (text: string) => (stdout += text));
  const [code] = await once(child, 'close');
  if (code !== 0) throw new Error(`Expected winnow ${args.join(' ')} to end with 0 but it ended with ${String(code)}`);
  return { stdout, ms: performance.now() - startMs };
}

const median = (values: readonly number[]): number =>
  values.toSorted((a, b) => a - b)[values.length >> 1] ?? Number.NaN;

async function repeated(args: readonly string[]): Promise<number> {
  const times: number[] = [];
  for (let i = 0; i < STATUS_RUNS; i += 1) times.push((await winnow(args)).ms);
  return median(times);
}

/** The median time of the queries of `status`, without the start of the command and the first run. */
async function queryMs(data: string): Promise<number> {
  const { config } = await loadConfig();
  const app = await openApp({
    config,
    log: openLogger({ level: 'warn', format: 'text' }, process.stderr),
    dataDir: data,
    clientName: 'measure',
  });
  try {
    const workspace = await openWorkspace(app, (await usableCollection('imagenet-a')).collection);
    const times: number[] = [];
    for (let i = 0; i <= STATUS_RUNS; i += 1) {
      const startMs = performance.now();
      await readStatus(workspace);
      times.push(performance.now() - startMs);
    }
    return median(times.slice(1));
  } finally {
    await app.close();
  }
}

async function measure(count: number): Promise<void> {
  const site = await startSite(count);
  const data = await mkdtemp(path.join(tmpdir(), 'winnow-discovery-'));
  const settings = {
    'crawl.contact': 'measure@example.org',
    'crawl.maxBacklog': '10000000',
    'sources.inaturalist.url': site.url,
    'sources.inaturalist.requestsPerMinute': 'null',
    'sources.inaturalist.requestsPerDay': 'null',
    'fetch.allowAddresses': site.mediaHost,
  };
  const sets = setFlags(settings);
  const where = ['--collection', 'imagenet-a', '--data', data];
  const startMs = performance.now();
  const crawl = spawn(process.execPath, [WINNOW, 'crawl', ...where, '--source', 'inaturalist', ...sets], {
    cwd: ROOT,
    stdio: ['ignore', 'ignore', 'inherit'],
  });
  const ended = once(crawl, 'close');
  try {
    while (site.given() < count && crawl.exitCode === null) await sleep(100);
    const seconds = (performance.now() - startMs) / 1000;
    // The last pages are stored, and fetching finds nothing to do for a while.
    await sleep(5_000);
    const memory = await memoryOf(crawl.pid);
    const { stdout } = await winnow(['status', ...where, '--json']);
    const counted: Status = JSON.parse(stdout);
    const { found, waiting } = counted.totals;
    const status = await repeated(['status', ...where, '--json']);
    const start = await repeated(['config', '--json']);
    const query = await queryMs(data);
    console.log(
      `${found.toLocaleString('en-US')} candidates (${waiting.toLocaleString('en-US')} wait) in ${seconds.toFixed(0)} s: crawl's memory at most ${memory.peakMb.toFixed(0)} MB, now ${memory.nowMb.toFixed(0)} MB; ` +
        `status --json ${status.toFixed(0)} ms, of which starting a command is ${start.toFixed(0)} ms; its queries alone ${query.toFixed(0)} ms (medians of ${STATUS_RUNS})`,
    );
  } finally {
    crawl.kill('SIGINT');
    await ended;
    await site.close();
    await rm(data, { recursive: true, force: true });
  }
}

const counts = process.argv.slice(2).map(Number);
if (counts.some((count) => !Number.isInteger(count) || count < PAGE)) {
  console.error(`usage: node --import tsx scripts/measure-discovery.ts [COUNT ...], each at least ${PAGE}`);
  process.exitCode = 2;
} else for (const count of counts.length === 0 ? [20_000, 200_000] : counts) await measure(count);

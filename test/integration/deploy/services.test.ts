import { execFile } from 'node:child_process';
import { mkdtemp, readFile, symlink, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { promisify } from 'node:util';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { suiteFolder } from '../../support/process-tree.ts';
import { setup as buildProgram } from '../../support/build-setup.ts';
import { composeServices, readImage, wordsOf } from '../../support/compose.ts';
import { createDatabase, dropDatabase, onServer } from '../../support/database.ts';
import { freePort } from '../../support/free-port.ts';
import { redisProblem, startRedis, type TestRedis } from '../../support/redis-server.ts';
import { startS3, type TestS3 } from '../../support/s3-server.ts';
import { startInaturalistSite, type InaturalistSite } from '../../support/sites/inaturalist-site.ts';
import { readQueriesLines, worldOf } from '../../support/sites/inaturalist-world.ts';
import { repositoryRoot, startNode, winnow, type RunningCommand } from '../../support/winnow.ts';

/**
 * The services of docker-compose.yml without Docker: each winnow service's command with the environment of the image and
 * of the file, in a folder of its own with the program in it. Only the addresses of shared services differ from the file.
 */
const QUERIES = path.join(repositoryRoot, 'config', 'classes', 'queries-imagenet-a.jsonl');
const PHOTOS_A_CLASS = 8;
const CLASSES = ['n02268443', 'n02219486'];
const VIEWER = 'a-viewer-of-this-test';

const folder = suiteFolder();
let url = '';
let s3: TestS3;
let redis: TestRedis;
let site: InaturalistSite;
let problem: string | null = null;
let variables: Record<string, string> = {};
/** Addresses in the file, each with its replacement here. */
let addresses: readonly (readonly [string, string])[] = [];
const running: RunningCommand[] = [];

async function writeCollection(sources: string): Promise<string> {
  const file = folder.at('insects.yaml');
  const lines = [`classes: [${CLASSES.join(', ')}]`, `queries: ${QUERIES}`, `sources: [${sources}]`];
  await writeFile(
    file,
    ['name: insects', 'mode: A', ...lines, 'licences: any', 'ensemble: [efficientnet-lite0]'].join('\n'),
  );
  return file;
}

beforeAll(async () => {
  problem = await redisProblem();
  if (problem !== null) return;
  buildProgram();
  [url, s3] = await Promise.all([createDatabase('nothing'), startS3()]);
  const world = worldOf(readQueriesLines(await readFile(QUERIES, 'utf8')), { perTaxon: 30 });
  site = await startInaturalistSite({ world, maxPerPage: 5 });
  variables = {
    COLLECTION: await writeCollection('inaturalist, flickr, folder'),
    MINIO_ROOT_USER: s3.accessKeyId,
    MINIO_ROOT_PASSWORD: s3.secretAccessKey,
    WINNOW_CRAWL_CONTACT: 'curator@example.org',
    WINNOW_CRAWL_LIMIT_PER_CLASS: String(PHOTOS_A_CLASS),
    WINNOW_SERVER_VIEWER_TOKEN: VIEWER,
    WINNOW_FILTER_THREADS: '1',
  };
  const services = await composeServices(variables);
  const [, ...options] = wordsOf(services.get('redis')?.command);
  redis = await startRedis(options);
  addresses = [
    [String(services.get('discover')?.environment['DATABASE_URL']), url],
    ['redis:6379', `127.0.0.1:${redis.port}`],
    ['http://minio:9000', s3.url],
    ['127.0.0.1:4310', `127.0.0.1:${await freePort()}`],
  ];
});

afterAll(async () => {
  if (problem !== null) return;
  for (const command of running) command.killGroup('SIGKILL');
  await Promise.all(running.map(({ result }) => result));
  await Promise.all([site.close(), s3.close(), redis.stop(), dropDatabase(url)]);
});

const here = (text: string): string => addresses.reduce((all, [from, to]) => all.replaceAll(from, to), text);
const serverAddress = (): string => `http://${here('127.0.0.1:4310')}`;

type Service = Awaited<ReturnType<typeof start>>;

/** Settings for the local site: its address, and no rate limits. */
function settingsOfSite(): Record<string, string> {
  return {
    WINNOW_SOURCES_INATURALIST_URL: site.url,
    WINNOW_SOURCES_INATURALIST_REQUESTS_PER_MINUTE: '6000',
    WINNOW_SOURCES_INATURALIST_QUALITY_GRADE: 'any',
    WINNOW_FETCH_ALLOW_ADDRESSES: new URL(site.mediaUrl).host,
    WINNOW_FETCH_REQUESTS_PER_MINUTE_PER_HOST: '30000',
    WINNOW_SERVER_PORT: new URL(serverAddress()).port,
    // Containers have an address each; here the workers share one.
    WINNOW_WORKERS_METRICS_HOST: '127.0.0.1',
    WINNOW_WORKERS_METRICS_PORT: '0',
  };
}

async function start(name: string, changes: Record<string, string> = {}) {
  const [service, image] = [(await composeServices(variables)).get(name), await readImage()];
  if (service === undefined) throw new Error(`Expected the service '${name}'`);
  const cwd = await mkdtemp(folder.at(`${name}-`));
  await symlink(path.join(repositoryRoot, 'dist'), path.join(cwd, 'dist'));
  const given = Object.entries(service.environment).map(([key, value]) => [key, here(String(value))]);
  const [program, ...args] = wordsOf(service.command);
  expect(program).toBe('node');
  const env = { ...image.environment, ...Object.fromEntries(given), ...settingsOfSite(), ...changes };
  const command = startNode(args, { cwd, env });
  let log = '';
  command.child.stderr?.on('data', (text: string) => (log += text));
  running.push(command);
  const [kind, ...test] = service.healthcheck?.test ?? ['CMD', 'sh', '-c', image.healthCommand];
  expect(kind).toBe('CMD');
  const [checker = '', ...checkerArgs] = test.map(here);
  return {
    command,
    /** Its log so far: one JSON object per line. */
    log: () => log,
    /** The health check of the image or the file: resolves if the service is well. */
    isWell: () =>
      promisify(execFile)(checker === 'node' ? process.execPath : checker, checkerArgs, { cwd }).then(
        () => true,
        () => false,
      ),
  };
}

async function until(what: string, isSo: () => Promise<boolean> | boolean): Promise<void> {
  while (!(await isSo())) {
    const ended = running.find(({ child }) => child.exitCode !== null);
    if (ended !== undefined) throw new Error(`Expected ${what} but a service ended: ${(await ended.result).stderr}`);
    // A health check is a process.
    await sleep(400);
  }
}

async function ask(target: string): Promise<string> {
  const answer = await fetch(`${serverAddress()}${target}`, { headers: { authorization: `Bearer ${VIEWER}` } });
  return answer.text();
}

const valueOf = (metrics: string, series: string): number =>
  Number(new RegExp(`^${series.replaceAll(/[{}]/g, String.raw`\$&`)} (\\d+)$`, 'm').exec(metrics)?.[1]);

async function countRows(of: string): Promise<number> {
  const [row] = await onServer(url, `select count(*) as count from ${of}`);
  return Number(row?.['count']);
}

async function endAll(services: readonly Service[]): Promise<void> {
  for (const { command } of services) command.child.kill('SIGTERM');
  for (const { command } of services) {
    const { code, stderr } = await command.result;
    expect([code, code === 0 ? '' : stderr]).toEqual([0, '']);
  }
  running.splice(0);
}

/** Number of photos in S3. The filter's model is stored beside them. */
const storedPhotos = (): number => [...s3.objects.keys()].filter((key) => !key.includes('models/')).length;

it('the services are well, find, fetch and decide together, count it in their metrics, and end on SIGTERM', async (context) => {
  context.skip(problem !== null, problem ?? '');
  const names = ['server', 'discover', 'discover', 'fetch', 'filter'];
  const services: Service[] = [];
  for (const name of names) services.push(await start(name));
  for (const service of services) await until('all services to be well', () => service.isWell());
  const total = PHOTOS_A_CLASS * CLASSES.length;
  const decided = async (): Promise<boolean> => {
    const metrics = await ask('/metrics');
    return (
      valueOf(metrics, 'winnow_candidates{collection="insects",source="inaturalist",state="fetched"}') === total &&
      valueOf(metrics, 'winnow_backlog{collection="insects",stage="filter"}') === 0
    );
  };
  await until('all photos to be decided', decided);
  const metrics = await ask('/metrics');
  expect(valueOf(metrics, 'winnow_backlog{collection="insects",stage="discover"}')).toBe(0);
  for (const [name, count] of Object.entries({
    'discover-worker': 2,
    'filter-worker': 1,
    'fetch-worker': 1,
    server: 1,
  }))
    expect([name, valueOf(metrics, `winnow_processes{collection="insects",name="${name}"}`)]).toEqual([name, count]);
  // Two that discover ask for each page once, and no picture is fetched twice.
  const pages = site.log.api.filter(({ path: at }) => at.endsWith('/observations'));
  const asked = [...pages, ...site.log.media].map(({ path: at, query }) => `${at} ${query.toString()}`);
  expect(asked.length).toBeGreaterThan(total);
  expect(asked.length - new Set(asked).size).toBe(0);
  expect(storedPhotos()).toBe(total);
  for (const one of services.slice(1, 3)) {
    expect(one.log()).toMatch(
      /"source":"flickr","reason":"The source flickr needs a key\. Set sources\.flickr\.apiKey .*"this source is not asked"/,
    );
    expect(one.log()).toMatch(/"source":"folder","reason":"it is not asked query by query.*"this source is not asked"/);
  }
  await endAll(services);
  for (const service of services) expect(await service.isWell()).toBe(false);
  const { stdout } = await winnow(['doctor', '--deep', '--data', folder.at()], {
    env: { DATABASE_URL: url, ...ofS3() },
  });
  expect(stdout).toContain(`ok   photos have their bytes: ${total} checked`);
});

const ofS3 = (): Record<string, string> => ({
  WINNOW_BLOBS_URL: `s3://${s3.bucket}`,
  AWS_ENDPOINT_URL_S3: s3.url,
  AWS_ACCESS_KEY_ID: s3.accessKeyId,
  AWS_SECRET_ACCESS_KEY: s3.secretAccessKey,
});

it('end although a job in flight takes longer than the limit, and lose nothing', async (context) => {
  context.skip(problem !== null, problem ?? '');
  // As many again, and a store that does not answer.
  variables = { ...variables, WINNOW_CRAWL_LIMIT_PER_CLASS: String(PHOTOS_A_CLASS * 2) };
  s3.fault = ({ method }) => (method === 'PUT' ? { delayMs: 60_000 } : null);
  const limit = { WINNOW_WORKERS_DRAIN_TIMEOUT_MS: '700' };
  const [discover, fetcher] = [await start('discover'), await start('fetch', limit)];
  const puts = s3.requests.length;
  await until('photos to be on their way to the store', () =>
    s3.requests.slice(puts).some((request) => request.startsWith('PUT')),
  );
  running.splice(0);
  fetcher.command.child.kill('SIGTERM');
  const { code, signal, stderr } = await fetcher.command.result;
  expect([code, signal, JSON.parse(stderr.trimEnd().split('\n').at(-1) ?? '')]).toEqual([
    null,
    'SIGKILL',
    {
      level: 'fatal',
      time: expect.any(Number),
      code: 'drain-timeout',
      msg: 'the jobs in flight did not finish within 0.7 s (workers.drainTimeoutMs), so the worker ends without them. Nothing is lost: they will run again.',
    },
  ]);
  s3.fault = () => null;
  await endAll([discover]);
  const again = await start('fetch');
  await until('the rest to be fetched', async () => (await countRows(`picture where state = 'found'`)) === 0);
  expect(await countRows('photo')).toBe(storedPhotos());
  await endAll([again]);
});

it('a worker that no source would answer says so, and ends', async (context) => {
  context.skip(problem !== null, problem ?? '');
  const { command } = await start('discover', { WINNOW_CRAWL_CONTACT: '' });
  const { code, stderr } = await command.result;
  expect([code, stderr]).toEqual([
    1,
    expect.stringMatching(
      /"code":"no-source","msg":"Expected a source of collection 'insects' that can be asked but there is none\. inaturalist, flickr: Expected crawl\.contact .*; folder: it is not asked query by query: `winnow crawl --source folder` reads it"\}$/m,
    ),
  ]);
  running.splice(0);
});

it('a worker stays where its source refuses it, and leaves the source alone', async (context) => {
  context.skip(problem !== null, problem ?? '');
  variables = { ...variables, WINNOW_CRAWL_LIMIT_PER_CLASS: '1000' };
  site.mode = 'blocked';
  const discover = await start('discover');
  await until('the refusal to be told', () => /is asked again at /.test(discover.log()));
  const requests = site.log.api.length;
  await until('the worker to be well', () => discover.isWell());
  await sleep(1_500);
  expect(site.log.api.length).toBe(requests);
  await endAll([discover]);
});

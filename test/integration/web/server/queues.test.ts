import type { Browser } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { queuesOf } from '../../../../src/core/operate/upkeep/collection-queues.ts';
import { findChromium, NO_CHROMIUM, openBrowser } from '../../../support/browser.ts';
import { redisProblem, startRedis, type TestRedis } from '../../../support/redis-server.ts';
import { ask, NO_TOKENS, useDashboard, type DashboardTests } from './support.ts';

const redisIsMissing = await redisProblem();
const chromium = findChromium();
let redis: TestRedis | undefined;
let browser: Browser | undefined;

beforeAll(async () => {
  if (chromium !== null) browser = await openBrowser(chromium);
});
afterAll(async () => {
  await browser?.close();
  await redis?.stop();
});

const onPostgres = useDashboard();
const onRedis = useDashboard(async () => {
  if (redisIsMissing !== null) return {};
  redis = await startRedis();
  return { REDIS_URL: redis.url };
});

interface Shown {
  readonly queues: readonly {
    readonly name: string;
    readonly counts: Record<string, number>;
    readonly readOnlyMode: boolean;
    readonly statuses: readonly string[];
  }[];
}

async function queueTwoLanes({ app, workspace }: DashboardTests): Promise<void> {
  const job = queuesOf(workspace.scope.collectionId).find(({ queue }) => queue === 'fetch');
  if (job === undefined) throw new Error('Expected a queue of partitions');
  const queue = await app.openQueue({ ...job, keyOf: (partition) => `partition-${JSON.stringify(partition).length}` });
  await queue.add([
    { host: 'a.example:443', partition: 0, partitions: 2 },
    { host: 'bb.example:443', partition: 0, partitions: 2 },
  ]);
}

describe.each([
  ['PostgreSQL', onPostgres, null],
  ['Redis', onRedis, redisIsMissing],
])('the page of the queues, on %s', (_backend, dashboard, problem) => {
  it('tells what waits, and changes nothing', async (context) => {
    context.skip(problem !== null, problem ?? '');
    await queueTwoLanes(dashboard);
    const url = await dashboard.serve(NO_TOKENS);
    const answer = await ask(url, '/queues/api/queues?activeQueue=fetch&status=waiting&page=1&jobsPerPage=10');
    const { queues } = JSON.parse(answer.body) as Shown;
    expect(queues.map(({ name, counts, readOnlyMode }) => [name, counts['waiting'], readOnlyMode])).toEqual([
      ['discover-inaturalist-1', 0, true],
      ['discover-flickr-1', 0, true],
      ['discover-duckduckgo-1', 0, true],
      ['fetch', 2, true],
      ['filter-1', 0, true],
    ]);
    // A queue keeps no job that has ended, so these tabs would stay empty.
    expect(queues.flatMap(({ statuses }) => statuses)).toEqual(expect.not.arrayContaining(['completed']));
    expect(queues.flatMap(({ statuses }) => statuses)).toEqual(expect.not.arrayContaining(['failed']));
    expect((await ask(url, '/queues/api/redis/stats')).status).toBe(200);
    for (const [method, path] of [
      ['PUT', 'api/queues/fetch/empty'],
      ['PUT', 'api/queues/pause'],
      ['POST', 'api/queues/fetch/add'],
      ['PATCH', 'api/queues/fetch/1/delay'],
    ] as const)
      expect((await ask(url, `/queues/${path}`, { method })).status).toBe(404);
  });

  it('is shown by a browser that finds nothing to complain of, nor anything from elsewhere', async (context) => {
    context.skip(problem !== null, problem ?? '');
    context.skip(browser === undefined, NO_CHROMIUM);
    await queueTwoLanes(dashboard);
    const url = await dashboard.serve(NO_TOKENS);
    const page = await browser?.newPage();
    if (page === undefined) return;
    const complaints: string[] = [];
    page.on('pageerror', (error) => complaints.push(error.message));
    page.on('console', (message) => {
      if (message.type() === 'error' || message.type() === 'warning') complaints.push(message.text());
    });
    page.on('request', (request) => {
      if (!request.url().startsWith(url) && !request.url().startsWith('data:')) complaints.push(request.url());
    });
    await page.goto(`${url}/queues`);
    await page.getByRole('link', { name: /fetch/ }).first().click();
    await page.getByText('a.example:443').first().waitFor();
    await page.getByText('Options').first().click();
    expect([new URL(page.url()).pathname, complaints]).toEqual(['/queues/queue/fetch', []]);
    await page.close();
  });
});

it('the page of the queues says so while Redis is away, and is there again when it is', async (context) => {
  context.skip(redisIsMissing !== null, redisIsMissing ?? '');
  const url = await onRedis.serve(NO_TOKENS);
  await redis?.stop();
  const away = await ask(url, '/queues/api/queues');
  await redis?.start();
  const back = await ask(url, '/queues/api/queues');
  expect([away.status, JSON.parse(away.body), back.status]).toEqual([503, { error: expect.any(String) }, 200]);
});

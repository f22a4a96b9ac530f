import type { Browser } from 'playwright-core';
import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { endPauses, pauseStages, reportInFlight } from '../../../../src/core/collection/pause.repository.ts';
import { addJobs } from '../../../../src/core/runtime/work/job-history.repository.ts';
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
  const job = queuesOf(workspace.scope.collectionId, []).find(({ queue }) => queue === 'fetch');
  if (job === undefined) throw new Error('Expected a queue of partitions');
  const queue = await app.openQueue({ ...job, keyOf: (partition) => `partition-${JSON.stringify(partition).length}` });
  await queue.add([
    { host: 'a.example:443', partition: 0, partitions: 2 },
    { host: 'bb.example:443', partition: 0, partitions: 2 },
  ]);
}

const TOKENS = { operator: 'o'.repeat(20), reviewer: null, viewer: 'v'.repeat(20) };

/** A job that failed, one that runs, and a pause. */
async function workOnDemo({ app, workspace }: DashboardTests): Promise<void> {
  const { collectionId } = workspace.scope;
  await addJobs(app.db, [
    {
      at: new Date().toISOString(),
      collectionId,
      stage: 'fetch',
      state: 'failed',
      source: null,
      queryId: null,
      host: 'a.example:443',
      page: null,
      photos: 3,
      seconds: 1.5,
      reason: 'the disk of /home/lab/photos is full',
      worker: 'lab3, process 7',
    },
  ]);
  await reportInFlight(app.db, randomUUID(), [{ stage: 'fetch', collectionId, jobs: 2 }]);
  await pauseStages(app.db, { stages: ['filter'], collectionId, by: 'ann', endWorkers: false });
}

describe('the page of queues', () => {
  it('shows what each stage of a collection does, and jobs as they end', async (context) => {
    context.skip(browser === undefined, NO_CHROMIUM);
    await workOnDemo(onPostgres);
    const url = await onPostgres.serve(TOKENS);
    const shownTo = async (token: string): Promise<readonly [string, number, string]> => {
      const page = await browser?.newPage({ extraHTTPHeaders: { authorization: `Bearer ${token}` } });
      if (page === undefined) throw new Error('Expected a page');
      await page.goto(`${url}/queues/`);
      await page.locator('main[data-ready]').waitFor();
      const rows = await page
        .locator('[data-queue]')
        .evaluateAll((all) =>
          all.map((one) =>
            ['queue', 'waiting', 'running', 'failed'].map((name) => one.getAttribute(`data-${name}`)).join(' '),
          ),
        );
      const texts = await page.locator('main').innerText();
      const buttons = await page.locator('main button[aria-haspopup]').count();
      await page.close();
      return [rows.join(', '), buttons, texts];
    };
    const rows = 'demo/discover 0 0 0, demo/fetch 0 2 0, demo/filter 0 0 0';
    const [ofOperator, ofViewer] = [await shownTo(TOKENS.operator), await shownTo(TOKENS.viewer)];
    expect([ofOperator.slice(0, 2), ofViewer.slice(0, 2)]).toEqual([
      [rows, 3],
      [rows, 0],
    ]);
    const [, , texts] = ofOperator;
    for (const part of ['paused since', 'ann', 'demo: fetch a.example:443', '/home/lab/photos', 'lab3', 'Single jobs'])
      expect(texts).toContain(part);
    for (const secret of ['/home/lab', 'lab3', 'Single jobs']) expect(ofViewer[2]).not.toContain(secret);
    expect((await ask(url, '/queues/jobs/', { headers: { authorization: `Bearer ${TOKENS.viewer}` } })).status).toBe(
      403,
    );
    await endPauses(onPostgres.app.db, { stages: ['filter'], collectionId: onPostgres.workspace.scope.collectionId });
  });

  it('has buttons for one stage of one collection, which work by keys', async (context) => {
    context.skip(browser === undefined, NO_CHROMIUM);
    const url = await onPostgres.serve(NO_TOKENS);
    const page = await browser?.newPage();
    if (page === undefined) return;
    await page.goto(`${url}/queues`);
    await page.getByRole('button', { name: 'Pause fetch of demo' }).press('Enter');
    await page.keyboard.press('Enter');
    await page.getByRole('button', { name: 'Resume fetch of demo' }).press('Enter');
    await page.keyboard.press('Enter');
    await page.getByText('Resume fetch of demo: done').waitFor();
    await expect.poll(() => page.getByRole('button', { name: 'Pause fetch of demo' }).count()).toBe(1);
    await page.close();
  });

  it('retries what failed in one collection only, and refuses an unknown one', async () => {
    const url = await onPostgres.serve(NO_TOKENS);
    const retry = (query: string) => ask(url, `/api/retry/timeout-total?collection=${query}`, { method: 'POST' });
    const [known, unknown] = [await retry('demo'), await retry('nothing')];
    expect([known.status, JSON.parse(known.body), unknown.status]).toEqual([
      200,
      { pictures: 0, decisions: 0, refetched: 0 },
      404,
    ]);
  });
});

describe.each([
  ['PostgreSQL', onPostgres, null],
  ['Redis', onRedis, redisIsMissing],
])('the pages of single jobs, on %s', (_backend, dashboard, problem) => {
  it('tells what waits, and changes nothing', async (context) => {
    context.skip(problem !== null, problem ?? '');
    await queueTwoLanes(dashboard);
    const url = await dashboard.serve(NO_TOKENS);
    const answer = await ask(url, '/queues/jobs/api/queues?activeQueue=fetch&status=waiting&page=1&jobsPerPage=10');
    const { queues } = JSON.parse(answer.body) as Shown;
    expect(queues.map(({ name, counts, readOnlyMode }) => [name, counts['waiting'], readOnlyMode])).toEqual([
      ['discover-inaturalist-1', 0, true],
      ['discover-commons-1', 0, true],
      ['discover-flickr-1', 0, true],
      ['discover-duckduckgo-1', 0, true],
      ['fetch', 2, true],
      ['filter-1', 0, true],
    ]);
    // A queue keeps no job that has ended, so these tabs would stay empty.
    expect(queues.flatMap(({ statuses }) => statuses)).toEqual(expect.not.arrayContaining(['completed']));
    expect(queues.flatMap(({ statuses }) => statuses)).toEqual(expect.not.arrayContaining(['failed']));
    expect((await ask(url, '/queues/jobs/api/redis/stats')).status).toBe(200);
    for (const [method, path] of [
      ['PUT', 'api/queues/fetch/empty'],
      ['PUT', 'api/queues/pause'],
      ['POST', 'api/queues/fetch/add'],
      ['PATCH', 'api/queues/fetch/1/delay'],
    ] as const)
      expect((await ask(url, `/queues/jobs/${path}`, { method })).status).toBe(404);
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
    await page.goto(`${url}/queues/jobs`);
    await page.getByRole('link', { name: /fetch/ }).first().click();
    await page.getByText('a.example:443').first().waitFor();
    await page.getByText('Options').first().click();
    expect([new URL(page.url()).pathname, complaints]).toEqual(['/queues/jobs/queue/fetch', []]);
    await page.close();
  });
});

it('the pages of single jobs say so while Redis is away, and are there again when it is', async (context) => {
  context.skip(redisIsMissing !== null, redisIsMissing ?? '');
  const url = await onRedis.serve(NO_TOKENS);
  await redis?.stop();
  const away = await ask(url, '/queues/jobs/api/queues');
  await redis?.start();
  const back = await ask(url, '/queues/jobs/api/queues');
  expect([away.status, JSON.parse(away.body), back.status]).toEqual([503, { error: expect.any(String) }, 200]);
});

import { cp, stat } from 'node:fs/promises';
import path from 'node:path';
import { Client } from 'pg';
import type { Browser, Page } from 'playwright-core';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { OPERATION_LOCK } from '../../src/web/status/operation.repository.ts';
import { violationsOn } from '../support/accessibility.ts';
import { findChromium, NO_CHROMIUM, openBrowser } from '../support/browser.ts';
import { portOfItsOwn } from '../support/free-port.ts';
import { suiteFolder } from '../support/process-tree.ts';
import { catalogueOf, useSharedServer } from '../support/shared-server.ts';
import { until } from '../support/until.ts';
import { jsonLines, repositoryRoot, startWinnow, winnow, type RunningCommand } from '../support/winnow.ts';

useSharedServer();
const folder = suiteFolder();
const chromium = findChromium();
let browser: Browser | undefined;
const [ALICE, BOB] = ['alice-alice-alice-alice', 'bob-bob-bob-bob-bob-bob'];
const DEMO = path.join(repositoryRoot, 'assets', 'demo');
const flags = (): string[] => ['--collection', 'demo', '--data', folder.at('data')];

beforeAll(async () => {
  if (chromium !== null) browser = await openBrowser(chromium);
  // Without the file that states their licences.
  await cp(path.join(DEMO, 'photos'), folder.at('photos'), { recursive: true });
  await winnow(['crawl', ...flags(), '--from', folder.at('photos')]);
});
afterAll(() => browser?.close());

interface TestServer {
  readonly command: RunningCommand;
  readonly url: string;
}

async function startServer(...settings: readonly string[]): Promise<TestServer> {
  const people = { alice: { role: 'operator', token: ALICE }, bob: { role: 'reviewer', token: BOB } };
  const port = await portOfItsOwn();
  const set = [`server.port=${port}`, 'filter.threads=1', ...settings].flatMap((one) => ['--set', one]);
  const env = { WINNOW_SERVER_PEOPLE: JSON.stringify(people) };
  const command = startWinnow(['server', ...flags(), ...set], { cwd: folder.at(), env });
  const url = `http://127.0.0.1:${port}`;
  await until(async () => (await fetch(`${url}/ready`).catch(() => null))?.ok === true);
  return { command, url };
}

async function openPage({ url }: TestServer, token: string): Promise<Page> {
  const page = await browser?.newPage({ extraHTTPHeaders: { authorization: `Bearer ${token}` } });
  if (page === undefined) throw new Error('Expected a browser');
  // Commands take long on a machine that has much else to do.
  page.setDefaultTimeout(120_000);
  await page.goto(`${url}/c/demo/`);
  await page.locator('main[data-ready]').waitFor();
  return page;
}

async function order({ url }: TestServer, what: string, { as = ALICE, body = {} } = {}): Promise<Response> {
  const headers = { authorization: `Bearer ${as}`, 'content-type': 'application/json' };
  return fetch(`${url}/c/demo/api/operation/${what}`, { method: 'POST', headers, body: JSON.stringify(body) });
}

/** Ends the connection that holds the lock of the command. Resolves when another one holds it. */
async function loseLock(): Promise<void> {
  const client = new Client({ connectionString: await catalogueOf(folder.at('data')) });
  await client.connect();
  const holders = async (): Promise<number[]> => {
    const held = `from pg_locks where locktype = 'advisory' and classid = ${OPERATION_LOCK} and granted`;
    const { rows } = await client.query<{ pid: number }>(`select pid ${held}`);
    return rows.map(({ pid }) => pid);
  };
  const [lost] = await holders();
  await client.query('select pg_terminate_backend($1)', [lost]);
  await until(async () => (await holders()).some((pid) => pid !== lost));
  await client.end();
}

const press = (page: Page, name: string): Promise<void> => page.getByRole('button', { name, exact: true }).click();
const reach = (page: Page, state: string): Promise<void> => page.locator(`[data-operation="${state}"]`).waitFor();

/** In both colour schemes. */
async function expectAccessible(page: Page): Promise<void> {
  expect(await violationsOn(page)).toEqual([]);
  await page.emulateMedia({ colorScheme: 'dark' });
  expect(await violationsOn(page, 'colours')).toEqual([]);
  await page.emulateMedia({ colorScheme: 'light' });
}

const EVERY_CROP = 'filter.evaluate=all';

it('an operator starts, stops and continues a filter on pages, on any server of the catalogue, also after a kill', async (context) => {
  context.skip(browser === undefined, NO_CHROMIUM);
  const [one, two] = await Promise.all([startServer(EVERY_CROP), startServer(EVERY_CROP)]);
  const [page, other] = await Promise.all([openPage(one, ALICE), openPage(two, ALICE)]);
  await press(page, 'Filter');
  await Promise.all([reach(page, 'filter running'), reach(other, 'filter running')]);
  await expectAccessible(page);
  const second = await order(two, 'start/shortlist');
  expect([second.status, await second.json()]).toEqual([409, { error: expect.stringContaining('runs already') }]);
  await loseLock();
  expect((await order(two, 'start/shortlist')).status).toBe(409);
  expect((await order(two, 'stop', { body: { id: 0 } })).status).toBe(409);
  await other.getByText(/It runs on .*, process \d+/).waitFor();
  await other.getByText('a filter is running').waitFor();
  await press(other, 'Stop');
  await page.getByText('was stopped by alice').waitFor();
  await page.locator('.output').getByText('finishing the jobs in flight').waitFor();
  await press(page, 'Continue');
  await reach(page, 'filter running');
  one.command.child.kill('SIGKILL');
  await other.getByText('was interrupted').waitFor();
  await press(other, 'Continue');
  await reach(other, 'filter running');
  // A server that is stopped stops its command, and waits for it.
  two.command.child.kill('SIGTERM');
  expect((await two.command.result).code).toBe(0);
  const { stdout } = await winnow(['activity', ...flags(), '--action', 'run-command', '--json']);
  expect(jsonLines(stdout)).toMatchObject([
    { who: 'alice', outcome: 'interrupted', detail: { command: 'filter' } },
    { outcome: null },
    { outcome: 'interrupted' },
  ]);
  await Promise.all([page.close(), other.close()]);
});

it('an operator gets from the filter to a verified export by clicks, and states the licence on the way', async (context) => {
  context.skip(browser === undefined, NO_CHROMIUM);
  const server = await startServer();
  const page = await openPage(server, ALICE);
  await press(page, 'Continue');
  await reach(page, 'filter done');
  await page
    .locator('.output')
    .getByText(/decided \d+ photos/)
    .waitFor();
  await press(page, 'Make the shortlist');
  await reach(page, 'shortlist done');
  await winnow(['verdicts', 'import', path.join(DEMO, 'verdicts.csv'), ...flags()]);

  let count: (value: unknown) => void = () => undefined;
  const counted = new Promise((resolve) => (count = resolve));
  await page.route('**/api/operation/export', (route) => counted.then(() => route.continue()));
  await press(page, 'Export demo');
  await page.getByText('Counting').waitFor();
  expect(await page.getByRole('button', { name: 'Export', exact: true }).isDisabled()).toBe(true);
  count(null);
  await page.getByText('17 licence: none lets people pass the photo on').waitFor();
  await expectAccessible(page);
  await page.getByRole('textbox', { name: 'Licence' }).fill('CC-BX-4.0');
  await press(page, 'State the licence');
  await page.getByText("Did you mean 'CC-BY-4.0'?").waitFor();
  await press(page, 'Export demo');
  await page.getByRole('textbox', { name: 'Licence' }).fill('CC-BY-4.0');
  // The value of a flag, whatever it looks like.
  await page.getByLabel('Creator').fill('--licence=CC0-1.0 <b>"$(id)"');
  await press(page, 'State the licence');
  await reach(page, 'rights done');
  await press(page, 'Export demo');
  await page.getByText('17 photos of').waitFor();
  await press(page, 'Export');
  await reach(page, 'export done');
  expect((await stat(folder.at('data', 'exports', 'demo', 'README.md'))).isFile()).toBe(true);
  await press(page, 'Verify');
  await reach(page, 'verify done');
  await page.getByText('no breaches').waitFor();
  await page.getByRole('button', { name: 'Report' }).waitFor();
  await page.goto(`${server.url}/c/demo/revisions`);
  await page.getByText(/^no breaches in \d+ kinds of checks, on /).waitFor();
  await page.close();
  const { stdout } = await winnow(['activity', ...flags(), '--action', 'run-command', '--json']);
  const started = jsonLines<{ readonly detail: { readonly command: string } }>(stdout);
  expect(started.find(({ detail }) => detail.command === 'rights')).toMatchObject({
    who: 'alice',
    outcome: 'done',
    detail: { flags: ['--licence=CC-BY-4.0', '--creator=--licence=CC0-1.0 <b>"$(id)"'] },
  });

  expect((await order(server, 'start/crawl')).status).toBe(404);
  expect((await order(server, 'start/filter', { body: { set: ['x'] } })).status).toBe(400);
  expect((await order(server, 'stop', { body: { id: 0 } })).status).toBe(409);
  expect((await order(server, 'start/filter', { as: BOB })).status).toBe(403);
  const reviewers = await openPage(server, BOB);
  await reviewers.getByText('The set is exported').waitFor();
  expect(await reviewers.locator('.next-step button').allInnerTexts()).toEqual(['Copy']);
  server.command.child.kill('SIGTERM');
  await server.command.result;

  const without = await startServer('server.operations=false');
  const plain = await openPage(without, ALICE);
  expect(await plain.locator('.next-step button').allInnerTexts()).toEqual(['Copy']);
  expect((await order(without, 'start/filter')).status).toBe(404);
  without.command.child.kill('SIGTERM');
  await without.command.result;
});

import { mkdir, writeFile } from 'node:fs/promises';
import type { Browser, Page } from 'playwright-core';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { suiteFolder } from '../../../support/process-tree.ts';
import { writeShortlistFiles } from '../../../../src/core/shortlist/shortlist-files.process.ts';
import { readFunnel } from '../../../../src/core/status/status.process.ts';
import { shortlistClass } from '../../../../src/core/shortlist/shortlist.ts';
import { findChromium, NO_CHROMIUM, openBrowser } from '../../../support/browser.ts';
import { keptPhoto } from '../../../unit/core/shortlist/sample-rows.ts';
import { candidate, decideAs, fetched, kept } from '../../../support/catalogue-fixtures.ts';
import { ask, NO_TOKENS, useDashboard } from './support.ts';
import { sampleRights } from '../../../support/sample-rights.ts';

const dashboard = useDashboard();
const chromium = findChromium();
const before = process.cwd();
const TENCH = 'n01440764';

const folder = suiteFolder();
let browser: Browser | undefined;
let url = '';

beforeAll(async () => {
  await mkdir(folder.at('config', 'collections'), { recursive: true });
  await writeFile(folder.at('config', 'collections', 'broken.yaml'), 'name: broken\nmode: Z\n');
  process.chdir(folder.at());
  if (chromium !== null) browser = await openBrowser(chromium);
  url = await dashboard.serve(NO_TOKENS);
});

afterAll(async () => {
  process.chdir(before);
  await browser?.close();
});

async function newPage(): Promise<Page> {
  if (browser === undefined) throw new Error('Expected a browser');
  return browser.newPage();
}

describe('a collection whose file cannot be used', () => {
  it('stands in the list with its problem', async () => {
    const cards = JSON.parse((await ask(url, '/api/collections')).body) as { name: string; problem: string | null }[];
    const problems = cards.filter(({ problem }) => problem !== null);
    expect(problems).toEqual([
      expect.objectContaining({ name: 'broken', funnel: null, problem: expect.stringContaining('broken.yaml') }),
    ]);
  });

  it('answers 409 with its problem, to a program and to a person', async () => {
    for (const accept of ['application/json', 'text/html']) {
      const { status, body } = await ask(url, '/c/broken/', { headers: { accept } });
      expect([status, body]).toEqual([409, expect.stringContaining('broken.yaml')]);
    }
  });
});

describe('in a browser', () => {
  beforeEach((context) => {
    if (chromium === null) context.skip(NO_CHROMIUM);
  });

  it('the list, the dashboard and the contact sheet send no request to another origin', async () => {
    const { app, workspace } = dashboard;
    const photoId = await fetched(app.db, [candidate('a', { wnid: TENCH })], 'a');
    await decideAs(app.db, workspace.scope, [kept(photoId, TENCH)]);
    const rights = sampleRights({ pageUrl: 'https://photos.example/1', creator: 'A. Person' });
    const rows = shortlistClass([keptPhoto('a', { wnid: TENCH })], { cap: 1, nearDuplicateDistance: 0 });
    const listed = rows.map((row) => ({ ...row, rights }));
    const content = { rows: listed, funnel: await readFunnel(workspace), builtAt: new Date() };
    await writeShortlistFiles(workspace, content, new AbortController().signal);
    const requested: URL[] = [];
    const page = await newPage();
    page.on('request', (request) => requested.push(new URL(request.url())));
    await page.goto(`${url}/`);
    await page.getByRole('link', { name: 'demo' }).click();
    await page.locator('.confusion-cards img').first().scrollIntoViewIfNeeded();
    await page.getByRole('link', { name: 'contact sheet' }).click();
    await page.getByText('A. Person').scrollIntoViewIfNeeded();
    const paths = requested.map(({ pathname }) => pathname);
    expect(paths).toEqual(
      expect.arrayContaining(['/', '/c/demo/', '/c/demo/sheet/shortlist.html', expect.stringMatching('^/thumbnails/')]),
    );
    expect(requested.filter(({ origin, protocol }) => origin !== url && protocol !== 'data:')).toEqual([]);
    await page.close();
  });
});

import { readFile } from 'node:fs/promises';
import { sql } from 'kysely';
import type { Browser, Page } from 'playwright-core';
import { afterAll, beforeAll, beforeEach, describe, expect, it, onTestFinished } from 'vitest';
import { findChromium, NO_CHROMIUM, openBrowser } from '../../../support/browser.ts';
import { readPauses } from '../../../../src/core/collection/pause.repository.ts';
import { settlePicture } from '../../../../src/core/crawl/candidates/fetch-queue.repository.ts';
import { retryFailures } from '../../../../src/core/operate/upkeep/retry-failures.process.ts';
import { candidate, fetched, store } from '../../../support/catalogue-fixtures.ts';
import { NO_TOKENS, useDashboard } from './support.ts';

const dashboard = useDashboard();
const chromium = findChromium();
const TENCH = 'n01440764';
/** Time limit for a change of a page while other programs keep the processors busy. */
const LOADED_MACHINE = { timeout: 30_000 };
const GOLDFISH = 'n01443537';

let browser: Browser | undefined;
let url = '';

beforeAll(async () => {
  if (chromium === null) return;
  const { db } = dashboard.app;
  await fetched(db, [candidate('a', { wnid: TENCH })], 'a');
  const slow = await store(db, [candidate('slow', { wnid: TENCH, url: 'https://host.example/slow.jpg' })]);
  await settlePicture(db, slow.waiting[0] ?? 0, { state: 'failed', reason: 'too-slow', detail: 'a byte a second' });
  const refusal = { reason: 'licence-not-allowed', detail: 'all rights reserved' } as const;
  await store(db, [candidate('b', { wnid: GOLDFISH, url: 'https://host.example/b.jpg', refusal })]);
  browser = await openBrowser(chromium);
  url = `${await dashboard.serve(NO_TOKENS)}/c/demo/`;
});

afterAll(async () => browser?.close());

interface Opened {
  readonly page: Page;
  /** Errors in the browser: refused scripts and styles, exceptions, missing files. */
  readonly complaints: string[];
}

let shared: Opened | undefined;

/** Loads an address in the page that most tests share, because a new page takes a second of a processor. */
async function loadInPage(address: string): Promise<Opened> {
  shared ??= await openPage('about:blank');
  // Errors of the previous page as it unloads do not count.
  await shared.page.goto('about:blank');
  shared.complaints.length = 0;
  await shared.page.goto(address);
  if (address === url) await shared.page.locator('main[data-ready]').waitFor();
  return shared;
}

async function openPage(address: string): Promise<Opened> {
  if (browser === undefined) throw new Error('Expected a browser');
  const page = await browser.newPage({ viewport: { width: 1_000, height: 900 }, colorScheme: 'light' });
  const complaints: string[] = [];
  page.on('pageerror', (error) => complaints.push(error.message));
  page.on('console', (message) => {
    if (message.type() === 'error' || message.type() === 'warning') complaints.push(message.text());
  });
  await page.goto(address);
  return { page, complaints };
}

async function pausedStages(): Promise<readonly string[]> {
  return (await readPauses(dashboard.app.db, null)).map(({ stage }) => stage);
}

/** Presses the tab key until what has this name, or stands in the label of this name, has the focus. */
async function tabTo(page: Page, name: string): Promise<void> {
  const focused = '(document.activeElement.labels?.[0] ?? document.activeElement).textContent.trim()';
  for (let i = 0; i < 90; i += 1) {
    await page.keyboard.press('Tab');
    if ((await page.evaluate(focused)) === name) return;
  }
  throw new Error(`Expected to come to '${name}' by the tab key`);
}

describe('the funnel page', () => {
  beforeEach((context) => {
    if (chromium === null) context.skip(NO_CHROMIUM);
  });

  it('shows what the catalogue has, and changes with it, without a complaint of the browser', async () => {
    const { page, complaints } = await loadInPage(url);
    const found = page.locator('.funnel li', { hasText: 'found' }).locator('.count').first();
    await expect.poll(() => found.textContent(), LOADED_MACHINE).toBe('3');
    await store(dashboard.app.db, [candidate('c', { wnid: TENCH })]);
    await expect.poll(() => found.textContent(), LOADED_MACHINE).toBe('4');
    expect(complaints).toEqual([]);
  });

  it('has no live stream while it is hidden, so that seven open pages leave connections for each other, and catches up', async () => {
    if (browser === undefined) throw new Error('Expected a browser');
    const context = await browser.newContext();
    // Headless browsers report every page as visible. Here the test says which one is.
    await context.addInitScript(
      "Object.defineProperty(document, 'visibilityState', { get: () => (globalThis.isHidden ? 'hidden' : 'visible') });",
    );
    const show = (page: Page, isVisible: boolean): Promise<unknown> =>
      page.evaluate(`{ isHidden = ${!isVisible}; document.dispatchEvent(new Event('visibilitychange')); }`);
    const pages: Page[] = [];
    for (let i = 0; i < 7; i += 1) {
      for (const page of pages) await show(page, false);
      const page = await context.newPage();
      pages.push(page);
      await page.goto(url);
      await page.locator('.live').waitFor();
    }
    const [first, seventh] = [pages[0], pages[6]];
    expect(await seventh?.evaluate("fetch('api/overview').then(({ status }) => status)")).toBe(200);
    const found = first?.locator('.funnel li', { hasText: 'found' }).locator('.count').first();
    const before = Number(await found?.textContent());
    await store(dashboard.app.db, [candidate('while hidden', { wnid: TENCH })]);
    const foundBySeventh = seventh?.locator('.funnel li', { hasText: 'found' }).locator('.count').first();
    await expect.poll(() => foundBySeventh?.textContent(), LOADED_MACHINE).toBe(String(before + 1));
    expect(await found?.textContent()).toBe(String(before));
    if (first !== undefined) await show(first, true);
    await expect.poll(() => found?.textContent(), LOADED_MACHINE).toBe(String(before + 1));
    await context.close();
  });

  it('is worked from the keyboard: a class is found by typing, a reason opens to its examples', async () => {
    const { page, complaints } = await loadInPage(url);
    await tabTo(page, 'Find a class');
    await page.keyboard.type('goldf');
    const classes = page.getByRole('region', { name: /^Classes/ }).locator('tbody tr');
    await expect.poll(() => classes.allTextContents(), LOADED_MACHINE).toEqual([expect.stringMatching(/^goldfish/)]);
    await page.getByText('1 failed: too-slow').focus();
    await page.keyboard.press('Enter');
    await expect
      .poll(() => page.locator('details[open]').textContent(), LOADED_MACHINE)
      .toMatch(/by host: 1 host\.example.*https:\/\/host\.example\/slow\.jpg/);
    expect(complaints).toEqual([]);
  });

  it('is steered from the keyboard: a stage is paused, by whom and when is told, and it goes on', async () => {
    const { page, complaints } = await loadInPage(url);
    const stage = page.locator('.stages li', { hasText: 'filter' });
    await stage.waitFor();
    const isOpen = (): Promise<boolean> => page.getByRole('dialog').isVisible();
    await tabTo(page, 'Pause filter');
    await page.keyboard.press('Enter');
    const asked = [await isOpen(), await page.getByRole('dialog').getByRole('heading').textContent()];
    const ofAll = page.getByRole('dialog').getByRole('checkbox', { name: 'of every collection' });
    await ofAll.press('Space');
    await page.keyboard.press('Escape');
    expect([asked, await isOpen(), await pausedStages()]).toEqual([[true, 'Pause filter?'], false, []]);
    await page.keyboard.press('Enter');
    // The form forgets what was ticked before.
    expect(await ofAll.isChecked()).toBe(false);
    await tabTo(page, 'Pause');
    await page.keyboard.press('Enter');
    await expect
      .poll(() => stage.locator('.paused').textContent(), LOADED_MACHINE)
      .toMatch(/^paused since .* by operator: dr/);
    expect(await page.getByRole('status').allTextContents()).toContain('filter: paused');
    await tabTo(page, 'Resume filter');
    await page.keyboard.press('Enter');
    await tabTo(page, 'Resume');
    await page.keyboard.press('Enter');
    await expect.poll(() => stage.locator('.paused').count(), LOADED_MACHINE).toBe(0);
    expect([await pausedStages(), complaints]).toEqual([[], []]);
  });

  it('offers viewers nothing that they may not do', async () => {
    const viewer = { ...NO_TOKENS, viewer: 'viewer-viewer-viewer-viewer' };
    const guarded = await dashboard.serve(viewer);
    const { page } = await openPage(guarded);
    await page.getByLabel('Token').fill(viewer.viewer);
    await page.keyboard.press('Enter');
    await page.getByRole('link', { name: 'demo' }).click();
    await page.locator('main[data-ready]').waitFor();
    const buttons = await page.getByRole('button').allTextContents();
    // Viewers may sort a table and copy a command.
    expect(buttons.filter((text) => /pause|retry|again|out/i.test(text))).toEqual(['Log out']);
    await page.getByRole('button', { name: 'Log out' }).click();
    await page.getByLabel('Token').waitFor();
    expect([new URL(page.url()).pathname, await page.context().cookies()]).toEqual(['/login', []]);
    await page.close();
  });

  it('gives what failed another try, once one has said so twice', async () => {
    const { db } = dashboard.app;
    const { waiting } = await store(db, [candidate('d', { wnid: TENCH, url: 'https://host.example/d.jpg' })]);
    await settlePicture(db, waiting[0] ?? 0, { state: 'failed', reason: 'dns', detail: 'no such host' });
    expect(await retryFailures(dashboard.app, { reasons: ['dns'], host: 'other.example' })).toMatchObject({
      pictures: 0,
    });
    const { page, complaints } = await loadInPage(url);
    await page.getByText('1 failed: dns').click();
    await page.getByRole('button', { name: /^Try .*\.example again$/ }).click();
    await page.getByRole('dialog').getByRole('button', { name: 'Try again' }).click();
    // It fails no more, so it is gone from the list.
    await expect.poll(() => page.getByText('failed: dns').count(), LOADED_MACHINE).toBe(0);
    expect(await page.getByRole('status').allTextContents()).toContain('dns: 1 will be tried again by the next crawl');
    expect(complaints).toEqual([]);
  });

  it('shows the funnel of one class, and keeps that, the order of the classes and what-if in its address', async () => {
    const { page, complaints } = await loadInPage(url);
    const chosen = page.locator('.class-funnel .count');
    await page.getByLabel('Funnel of').selectOption({ label: 'goldfish' });
    await expect.poll(() => chosen.allTextContents(), LOADED_MACHINE).toEqual(['1', '0', '0', '0', '0']);
    expect(await page.locator('.class-funnel .lost').first().textContent()).toBe('1 licence-not-allowed');
    await page.getByRole('button', { name: 'class', exact: true }).click();
    await page.getByLabel('Drop above p').fill('0.2');
    await page.getByRole('region', { name: 'What if' }).getByRole('button', { name: 'Show' }).click();
    const answer = page.locator('.what-if-answer').getByRole('columnheader', { name: '0.2, cap 15' });
    await answer.waitFor(LOADED_MACHINE);
    await page.waitForURL(`${url}?class=${GOLDFISH}&sort=class&threshold=0.2&cap=15`);
    await page.reload();
    await answer.waitFor(LOADED_MACHINE);
    await expect.poll(() => chosen.allTextContents(), LOADED_MACHINE).toEqual(['1', '0', '0', '0', '0']);
    expect(await page.locator('th[aria-sort="ascending"]').textContent()).toContain('class');
    await page.getByLabel('Funnel of').selectOption({ label: 'all classes' });
    await expect.poll(async () => Number(await chosen.first().textContent()), LOADED_MACHINE).toBeGreaterThan(1);
    expect(complaints).toEqual([]);
  });

  it('listens again after an answer that makes a browser give up, and tells the time to nobody who has to hear it', async () => {
    const { page } = await loadInPage('about:blank');
    onTestFinished(() => page.unrouteAll());
    let refusals = 0;
    await page.route('**/api/live', (route) => {
      if (route.request().method() === 'HEAD') return route.fulfill({ status: 503 });
      refusals += 1;
      return refusals > 1 ? route.continue() : route.fulfill({ status: 503 });
    });
    await page.goto(url);
    await expect
      .poll(() => page.locator('main').textContent(), LOADED_MACHINE)
      .toContain('No connection to the server');
    await page.locator('.live').waitFor({ timeout: 15_000 });
    expect(await page.locator('header [role=status]').textContent()).toBe('');
  });

  it('says so when the session is over', async () => {
    const { page } = await loadInPage('about:blank');
    onTestFinished(() => page.unrouteAll());
    await page.route('**/api/live', (route) => route.fulfill({ status: 401 }));
    await page.goto(url);
    await expect.poll(() => page.locator('main').textContent(), LOADED_MACHINE).toContain('The session is over');
  });
});

describe('the gallery', () => {
  it('says why a photo was dropped, four clicks from the start page', async (context) => {
    if (chromium === null) context.skip(NO_CHROMIUM);
    const { page } = await loadInPage(new URL('/', url).href);
    await page.getByRole('link', { name: 'demo', exact: true }).click();
    await page.getByRole('link', { name: '1 licence-not-allowed' }).click();
    await page.locator('.tile').click();
    const why = page.getByRole('dialog').locator('.evidence section').first();
    await expect.poll(() => why.textContent(), LOADED_MACHINE).toBe('dropped: licence-not-allowedall rights reserved');
  });

  it('filters by its address, goes back, opens a photo by key, exports what it shows and reads again after a failure', async (context) => {
    if (chromium === null) context.skip(NO_CHROMIUM);
    const { page, complaints } = await loadInPage(`${url}photos`);
    const total = (count: number) => page.locator(`main[data-ready][data-total="${count}"]`).waitFor(LOADED_MACHINE);
    // Tests before this one add photos.
    const all = Number(await page.locator('main[data-ready]').getAttribute('data-total', LOADED_MACHINE));
    expect(all).toBeGreaterThan(1);
    await page.keyboard.press('/');
    await page.getByLabel('State').selectOption('dropped');
    await page.getByRole('button', { name: 'Show', exact: true }).click();
    await total(1);
    expect(page.url()).toBe(`${url}photos?state=dropped`);
    await page.locator('.tile .why', { hasText: 'all rights reserved' }).waitFor(LOADED_MACHINE);
    const download = page.waitForEvent('download');
    await page.getByRole('button', { name: 'CSV of all' }).click();
    const csv = await readFile(await (await download).path(), 'utf8');
    expect(csv.split('\n')[1]).toMatch(/,dropped,licence-not-allowed,all rights reserved,/);
    await page.locator('.tile .tick').click({ force: true });
    await page.getByText('1 selected').waitFor(LOADED_MACHINE);
    await page.locator('.tile').click();
    await page.getByText('1 selected').waitFor({ state: 'detached', ...LOADED_MACHINE });
    await page.locator('.tile').click();
    await page.getByRole('dialog').getByText('all rights reserved').waitFor(LOADED_MACHINE);
    await page.keyboard.press('Escape');
    await page.locator('.photo-card').waitFor({ state: 'detached', ...LOADED_MACHINE });
    await page.goBack();
    await total(all);
    // The photo of this catalogue has no bytes.
    expect(complaints.filter((text) => !text.includes('404'))).toEqual([]);
    await page.goto(`${url}photos?state=keept`);
    await page.getByText('The address has state=keept, which is unknown.').waitFor(LOADED_MACHINE);
    await page.route('**/api/photos/rows', async (route) => route.abort(), { times: 1 });
    await page.goto(`${url}photos`);
    await page.getByRole('alert').waitFor(LOADED_MACHINE);
    await page.locator('.tile .searched').first().waitFor(LOADED_MACHINE);
    expect(await page.getByRole('alert').count()).toBe(0);
  });

  it('pages through cards by keys and buttons, and opens the card of a photo that its address names', async (context) => {
    if (chromium === null) context.skip(NO_CHROMIUM);
    const { page } = await loadInPage(`${url}photos`);
    const stored = page.locator('.tile[data-photo]', { has: page.locator('img') }).first();
    await stored.waitFor(LOADED_MACHINE);
    const [sha256, wnid] = [await stored.getAttribute('data-photo'), await stored.getAttribute('data-wnid')];
    await page.locator('.tile').first().focus();
    await page.keyboard.press('Enter');
    const card = page.locator('.photo-card');
    const shown = (): string | null => new URL(page.url()).searchParams.get('photo');
    await card.locator('.credit-of').waitFor(LOADED_MACHINE);
    const first = shown();
    await page.keyboard.press('ArrowRight');
    await expect.poll(shown, LOADED_MACHINE).not.toBe(first);
    await card.getByRole('button', { name: 'Before' }).click();
    await expect.poll(shown, LOADED_MACHINE).toBe(first);
    expect(await card.getByRole('button', { name: 'Before' }).isDisabled()).toBe(true);
    await page.goto(`${url}photos?photo=${sha256}.${wnid}`);
    await card.locator('code', { hasText: sha256 ?? '' }).waitFor(LOADED_MACHINE);
    expect(shown()).toMatch(/^\d+$/);
    await page.goto(`${url}photos?photo=${'0'.repeat(64)}.${wnid}`);
    await card.getByText('The collection has no candidate 0000').waitFor(LOADED_MACHINE);
  });

  it('reads pieces before and after the photo of the address, and selects and exports all that match', async (context) => {
    if (chromium === null) context.skip(NO_CHROMIUM);
    const { db } = dashboard.app;
    const many = Array.from({ length: 10_500 }, (_, i) => candidate(`many ${i}`, { wnid: GOLDFISH, source: 'urls' }));
    await store(db, many);
    const { rows } = await sql<{ id: number }>`
      select c.id from candidate c join picture p on p.id = c.picture_id where p.source = 'urls' order by c.id`.execute(
      db,
    );
    const { page } = await loadInPage(`${url}photos?source=urls&photo=${rows[0]?.id}`);
    const text = (part: string) => page.getByText(part).waitFor(LOADED_MACHINE);
    await text('10,500 photos, 5,001 of them shown');
    await page.keyboard.press('Escape');
    await page.getByRole('button', { name: 'Photos before these' }).click();
    // The end of that piece is in view, so the page goes on to read the one after it.
    await page.getByText('of them shown').waitFor({ ...LOADED_MACHINE, state: 'hidden' });
    expect(await page.getByRole('button', { name: 'Photos before these' }).count()).toBe(0);
    await page.keyboard.press('Control+a');
    await text('10,500 selected');
    const download = page.waitForEvent('download');
    await page.getByRole('button', { name: 'CSV of all' }).click();
    const csv = await readFile(await (await download).path(), 'utf8');
    expect(csv.trimEnd().split('\n')).toHaveLength(10_501);
  });
});

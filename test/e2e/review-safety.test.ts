import type { Browser, BrowserContext, Page } from 'playwright-core';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import type { ReviewEvent } from '../../src/core/review/events/event.ts';
import type { Workspace } from '../../src/core/models/workspace/workspace.process.ts';
import { findChromium, NO_CHROMIUM, openBrowser } from '../support/browser.ts';
import { makeColouredShortlist } from '../support/coloured-shortlist.ts';
import { inOutput } from '../support/in-output.ts';
import { suiteFolder } from '../support/process-tree.ts';
import { useSharedServer } from '../support/shared-server.ts';
import { until } from '../support/until.ts';
import { jsonLines, startWinnow, winnow, type RunningCommand } from '../support/winnow.ts';

const chromium = findChromium();
const folder = suiteFolder();
useSharedServer();

const SHARK = 'n01484850';
const TENCH = 'n01440764';
let workspace: Workspace | undefined;
let server: RunningCommand | undefined;
let browser: Browser | undefined;
let url = '';

const place = (): string[] => ['--collection', 'demo', '--data', folder.at('data')];

beforeAll(async () => {
  if (chromium === null) return;
  workspace = await makeColouredShortlist(folder.at('data'), { [TENCH]: 24, [SHARK]: 24 }, (wnid) =>
    wnid === SHARK ? TENCH : SHARK,
  );
  // Loans end soon, so that a bulk decision takes photos that the test before has opened.
  const settings = ['--set', 'server.port=0', '--set', 'review.secondPass=0', '--set', 'review.leaseMs=1000'];
  server = startWinnow(['server', ...place(), ...settings]);
  url = `${await inOutput(server.child, /(http:\/\/127\.0\.0\.1:\d+\/c\/demo\/)/)}review`;
  browser = await openBrowser(chromium);
}, 240_000);

afterAll(async () => {
  await browser?.close();
  server?.killGroup('SIGINT');
  await server?.result;
  await workspace?.app.close();
});

const VIEWS = { single: '', grid: '/grid?state=open' } as const;
/** Other programs may keep the processors busy. */
const expectSoon = <T>(read: () => Promise<T> | T) => expect.poll(read, { timeout: 30_000 });

async function newContext(): Promise<BrowserContext> {
  if (browser === undefined) throw new Error('Expected a browser');
  return browser.newContext({ viewport: { width: 1_280, height: 800 }, reducedMotion: 'reduce' });
}

async function openAs(name: string, view: keyof typeof VIEWS, given?: BrowserContext): Promise<Page> {
  const page = await (given ?? (await newContext())).newPage();
  await page.goto(`${url}${VIEWS[view]}`);
  await page.getByLabel('Name').fill(name);
  await page.keyboard.press('Enter');
  await page.locator('main[data-ready] [data-photo]').first().waitFor();
  return page;
}

const shown = (page: Page): Promise<string | null> => page.locator('[data-photo]').first().getAttribute('data-photo');

async function eventsOf(reviewer: string): Promise<readonly ReviewEvent[]> {
  const { stdout } = await winnow(['verdicts', ...place(), '--events', '--json']);
  return jsonLines<ReviewEvent>(stdout).filter((event) => event.reviewer === reviewer);
}

const kindsOf = async (reviewer: string): Promise<string[]> => (await eventsOf(reviewer)).map(({ kind }) => kind);
const blur = (page: Page): Promise<unknown> => page.evaluate('document.activeElement?.blur()');

beforeEach((context) => {
  if (chromium === null) context.skip(NO_CHROMIUM);
});

describe('a text field of the review', () => {
  it.each([
    ['n', 'Note', 'single'],
    ['t', 'Tags', 'single'],
    ['e', 'Which other classes', 'single'],
    ['n', 'Note', 'grid'],
    ['t', 'Tags', 'grid'],
    ['e', 'Which other classes', 'grid'],
  ] as const)(
    '(%s: %s, %s view) lets no key give a verdict while it is open, wherever the focus is',
    async (...given) => {
      const [key, title, view] = given;
      const name = `field ${key} ${view}`;
      const page = await openAs(name, view);
      const before = await shown(page);
      await page.keyboard.press(key);
      await page.getByRole('dialog').filter({ hasText: title }).locator('textarea, input').first().waitFor();
      await blur(page);
      expect(await page.evaluate('document.activeElement === document.body')).toBe(true);
      for (const pressed of ['a', 'x', '1', 'u', 'f', 'Backspace']) await page.keyboard.press(pressed);
      await page.keyboard.press('Escape');
      await page.getByRole('dialog').waitFor({ state: 'detached' });
      expect(await shown(page)).toBe(before);
      // A key gives an action again. It is the first action that is stored.
      await page.keyboard.press('f');
      await expectSoon(() => kindsOf(name)).toEqual(['flag']);
      await page.context().close();
    },
  );

  it('takes the criteria that are typed, and lets no key give a verdict while it is open', async () => {
    const page = await openAs('criteria', 'single');
    const before = await shown(page);
    const field = page.getByRole('textbox', { name: 'What counts' });
    const edit = page.getByRole('button', { name: 'edit what counts' });
    const text = await page.locator('.criteria .text').textContent();
    await edit.click();
    await page.keyboard.press('Control+a');
    await page.keyboard.type('a fax, unused 1');
    expect(await field.inputValue()).toBe('a fax, unused 1');
    await blur(page);
    for (const pressed of ['a', 'x', '1', 'u', 'Backspace']) await page.keyboard.press(pressed);
    await field.press('Escape');
    expect([await page.locator('.criteria .text').textContent(), await shown(page)]).toEqual([text, before]);
    await edit.click();
    await page.keyboard.press('End');
    await page.keyboard.type(' A photo of a fax.');
    await page.keyboard.press('Control+Enter');
    await page.locator('.criteria .text', { hasText: 'A photo of a fax.' }).waitFor();
    await edit.click();
    await page.keyboard.press('End');
    await page.keyboard.type(' On a Mac.');
    await page.keyboard.press('Meta+Enter');
    await page.locator('.criteria .text', { hasText: 'On a Mac.' }).waitFor();
    expect(await shown(page)).toBe(before);
    await page.keyboard.press('f');
    await expectSoon(() => kindsOf('criteria')).toEqual(['flag']);
    await page.context().close();
  });

  it('keeps a note when a selection of its text ends beside the dialog, and closes at a click there', async () => {
    const page = await openAs('selects', 'single');
    await page.keyboard.press('n');
    await page.keyboard.type('a long note');
    const field = page.getByRole('textbox', { name: 'Note' });
    const { x = 0, y = 0 } = (await field.boundingBox()) ?? {};
    for (const [from, to] of [
      [
        { x: x + 60, y: y + 15 },
        { x: 5, y: y + 15 },
      ],
      [
        { x: 5, y: y + 15 },
        { x: x + 60, y: y + 15 },
      ],
    ] as const) {
      await page.mouse.move(from.x, from.y);
      await page.mouse.down();
      await page.mouse.move(to.x, to.y, { steps: 4 });
      await page.mouse.up();
      expect(await field.inputValue()).toBe('a long note');
    }
    await page.mouse.click(5, y);
    await page.getByRole('dialog').waitFor({ state: 'detached' });
    await page.context().close();
  });
});

describe('the filter key of the single view', () => {
  it('opens the filter of the grid, which shows what is chosen and takes keys again', async () => {
    const page = await openAs('filters', 'single');
    const failures: string[] = [];
    page.on('pageerror', (error) => failures.push(error.message));
    await page.keyboard.press('/');
    await page.waitForURL(/\/grid\?.*#filter$/);
    const dialog = page.getByRole('dialog', { name: 'Filter' });
    await dialog.waitFor();
    await dialog.getByLabel('State').selectOption('open');
    await dialog.getByRole('button', { name: 'Show', exact: true }).click();
    await dialog.waitFor({ state: 'detached' });
    await page.locator('main[data-ready] [data-photo]').first().waitFor();
    await page.keyboard.press('f');
    await expectSoon(() => kindsOf('filters')).toEqual(['flag']);
    expect([new URL(page.url()).search, failures]).toEqual(['?state=open', []]);
    await page.context().close();
  });
});

describe('a request with actions that is not answered', () => {
  it('is sent again after its time limit and stored once, while the page says what is not stored and keys go on', async () => {
    const context = await newContext();
    // The limit of 30 s becomes 6 s.
    await context.addInitScript(
      '{ const timeout = AbortSignal.timeout.bind(AbortSignal); AbortSignal.timeout = (ms) => timeout(ms / 5); }',
    );
    const page = await openAs('waits', 'single', context);
    let requests = 0;
    // The server stores the first request, and its answer never comes.
    await page.route('**/api/review/actions', async (route) => {
      requests += 1;
      if (requests === 1) await route.fetch();
      else if (requests > 2) await route.continue();
    });
    for (let i = 0; i < 3; i += 1) {
      const before = await shown(page);
      await page.keyboard.press('a');
      await expectSoon(() => shown(page)).not.toBe(before);
    }
    const note = page.locator('.not-stored');
    await expectSoon(() => note.textContent()).toBe('3 not stored yet');
    await until(() => requests > 2, 60_000);
    await expectSoon(() => note.textContent()).toBe('');
    expect(await kindsOf('waits')).toEqual(['verdict', 'verdict', 'verdict']);
    await page.context().close();
  });
});

describe('a page that is loaded again before its last action is sent', () => {
  it('can take the action back, also if it is stored while the page reads what was done before', async () => {
    const page = await openAs('returns', 'single');
    const photo = await shown(page);
    await page.route('**/api/review/actions', (route) => route.abort());
    await page.keyboard.press('a');
    await expectSoon(() => shown(page)).not.toBe(photo);
    let read = (): void => {};
    const isRead = new Promise<void>((resolve) => (read = resolve));
    await page.route('**/api/review/actions', (route) => isRead.then(() => route.continue()));
    await page.route(
      '**/api/review/recent**',
      async (route) => {
        const response = await route.fetch();
        read();
        await expectSoon(() => kindsOf('returns')).toEqual(['verdict']);
        await route.fulfill({ response });
      },
      { times: 1 },
    );
    await page.reload();
    await page.locator('main[data-ready] [data-photo]').first().waitFor();
    await page.keyboard.press('Backspace');
    await expectSoon(() => shown(page)).toBe(photo);
    await expectSoon(() => kindsOf('returns')).toEqual(['verdict', 'undo']);
    await page.context().close();
  });
});

describe('a photo that cannot be loaded', () => {
  it('is not accepted in the single view, which says so and loads it again', async () => {
    const page = await openAs('unseen', 'single');
    await page.route(/\/(previews|photos)\//, (route) => route.abort());
    await page.reload();
    await page.getByText('This photo cannot be loaded').waitFor();
    const before = await shown(page);
    await page.keyboard.press('a');
    expect(await page.getByRole('button', { name: 'Accept' }).isDisabled()).toBe(true);
    expect(await shown(page)).toBe(before);
    await page.unrouteAll();
    await page.getByRole('button', { name: 'Try again' }).click();
    await page.getByText('This photo cannot be loaded').waitFor({ state: 'detached' });
    await page.keyboard.press('a');
    await expectSoon(() => shown(page)).not.toBe(before);
    await expectSoon(() => kindsOf('unseen')).toEqual(['verdict']);
    await page.context().close();
  });

  it('is left out when a selection of the grid is accepted, and stays selected', async () => {
    const page = await openAs('selection', 'grid');
    const photos = await page
      .locator('.tile')
      .evaluateAll((tiles: HTMLElement[]) => tiles.slice(0, 3).map(({ dataset }) => dataset['photo']));
    await page.route(`**/thumbnails/${photos[1]}`, (route) => route.abort());
    await page.reload();
    const failed = page.locator(`[data-photo="${photos[1]}"]`, { hasText: 'cannot be loaded' });
    await failed.waitFor();
    await page.keyboard.press('Home');
    for (let i = 0; i < 2; i += 1) await page.keyboard.press('Shift+ArrowRight');
    await page.keyboard.press('a');
    const accepted = async (): Promise<string[]> => (await eventsOf('selection')).map(({ sha256 }) => sha256);
    await expectSoon(accepted).toEqual(expect.arrayContaining([photos[0], photos[2]]));
    expect(await page.locator('.tile[aria-selected="true"]').getAttribute('data-photo')).toBe(photos[1]);
    await page.keyboard.press('a');
    await page.unrouteAll();
    await page.getByRole('button', { name: '1 photo cannot be loaded' }).click();
    await failed.waitFor({ state: 'detached' });
    await page.keyboard.press('x');
    await expectSoon(async () =>
      (await eventsOf('selection')).map(({ value }) => Reflect.get(value ?? {}, 'verdict')),
    ).toEqual(['accept', 'accept', 'reject']);
    await page.context().close();
  });

  it('says when its evidence cannot be read, and reads it again', async () => {
    const page = await openAs('evidence', 'single');
    await page.route('**/api/review/evidence/**', (route) => route.abort());
    await page.reload();
    const trouble = page.getByText('The evidence cannot be read');
    await trouble.waitFor();
    await page.unrouteAll();
    await page.locator('.evidence').getByRole('button', { name: 'Try again' }).click();
    await trouble.waitFor({ state: 'detached' });
    await page.locator('.evidence[aria-busy="false"]').waitFor();
    expect(await page.getByText('The evidence cannot be read').count()).toBe(0);
    await page.context().close();
  });
});

describe('the name of a reviewer', () => {
  it('is changed from the page, and actions that were not sent keep their author', async () => {
    const page = await openAs('Ana', 'single');
    const photo = await shown(page);
    await page.route('**/api/review/actions', (route) => route.abort());
    await page.keyboard.press('a');
    await expectSoon(() => shown(page)).not.toBe(photo);
    const asked: string[] = [];
    page.on('request', (request) => asked.push(`${new URL(request.url()).pathname} ${request.postData() ?? ''}`));
    await renamed(page, 'Ana', 'Bo');
    // Before that, Ana's page gives its photos back. (The page may try to send the action again in between.)
    const before = asked.slice(
      0,
      asked.findIndex((one) => one.includes('/api/review/reviewer')),
    );
    expect(before.findLast((one) => one.includes('/review/lease'))).toMatch(/"reviewer":"Ana".*"count":0/);
    await page.getByText('1 action of Ana not sent yet').waitFor();
    await page.unrouteAll();
    await page.reload();
    await page.locator('main[data-ready] [data-photo]').first().waitFor();
    await page.keyboard.press('u');
    await expectSoon(() => kindsOf('Bo')).toEqual(['verdict']);
    expect(await kindsOf('Ana')).toEqual([]);
    await renamed(page, 'Bo', 'Ana');
    await expectSoon(async () => (await eventsOf('Ana')).map(({ sha256 }) => sha256)).toEqual([photo]);
    expect(await kindsOf('Bo')).toEqual(['verdict']);
    await page.context().close();
  });
});

async function renamed(page: Page, from: string, to: string): Promise<void> {
  await page.getByRole('button', { name: from, exact: true }).click();
  await page.getByLabel('Name').fill(to);
  await page.keyboard.press('Enter');
  await page.getByRole('button', { name: to, exact: true }).waitFor();
  await page.locator('main[data-ready] [data-photo]').first().waitFor();
}

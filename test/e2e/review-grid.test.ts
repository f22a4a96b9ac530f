import type { Browser, Page } from 'playwright-core';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import type { Workspace } from '../../src/core/models/workspace/workspace.process.ts';
import { listReviewed } from '../../src/core/review/events/review.repository.ts';
import { toVerdictLine, type VerdictLine } from '../../src/core/review/events/verdict-line.ts';
import { findChromium, NO_CHROMIUM, openBrowser } from '../support/browser.ts';
import { inOutput } from '../support/in-output.ts';
import { makeColouredShortlist } from '../support/coloured-shortlist.ts';
import { suiteFolder } from '../support/process-tree.ts';
import { useSharedServer } from '../support/shared-server.ts';
import { jsonLines, startWinnow, winnow, type RunningCommand } from '../support/winnow.ts';

const SHARK = 'n01484850';
const TENCH = 'n01440764';
const PHOTOS = { [TENCH]: 8, n01443537: 8, [SHARK]: 6 };
const chromium = findChromium();
const folder = suiteFolder();
useSharedServer();

let workspace: Workspace | undefined;
let server: RunningCommand | undefined;
let browser: Browser | undefined;
let url = '';

beforeAll(async () => {
  if (chromium === null) return;
  workspace = await makeColouredShortlist(folder.at('data'), PHOTOS, (wnid) => (wnid === SHARK ? TENCH : SHARK));
  server = startWinnow(['server', ...place(), '--set', 'server.port=0']);
  url = `${await inOutput(server.child, /(http:\/\/127\.0\.0\.1:\d+\/c\/demo\/)/)}review/grid`;
  browser = await openBrowser(chromium);
}, 240_000);

afterAll(async () => {
  await browser?.close();
  server?.killGroup('SIGINT');
  await server?.result;
  await workspace?.app.close();
});

const place = (): string[] => ['--collection', 'demo', '--data', folder.at('data')];

async function openGrid(name: string, search = ''): Promise<Page> {
  if (browser === undefined) throw new Error('Expected a browser');
  const context = await browser.newContext({ viewport: { width: 1_100, height: 800 }, reducedMotion: 'reduce' });
  const page = await context.newPage();
  await page.goto(`${url}${search}`);
  await page.getByLabel('Name').fill(name);
  await page.keyboard.press('Enter');
  await page.locator('main[data-ready]').waitFor();
  await page.locator('.tile .names .searched').first().filter({ hasText: /./ }).waitFor();
  return page;
}

const press = async (page: Page, ...keys: string[]): Promise<void> => {
  for (const key of keys) await page.keyboard.press(key);
};
const tile = (page: Page, position: number) => page.locator(`[data-position="${position}"]`);
const stateAt = async (page: Page, position: number): Promise<string | null> =>
  tile(page, position).getAttribute('data-state');
const photosShown = (page: Page): Promise<(string | undefined)[]> =>
  page.evaluate("[...document.querySelectorAll('.tile')].map(({ dataset }) => dataset.photo)");
const selectedCount = (page: Page): Promise<number> => page.locator('.tile[aria-selected="true"]').count();

/** Other programs may keep the processors busy. */
const expectSoon = <T>(read: () => Promise<T> | T) => expect.poll(read, { timeout: 30_000 });

async function storedStates(): Promise<ReadonlyMap<string, string>> {
  if (workspace === undefined) throw new Error('Expected a workspace');
  const { app, scope } = workspace;
  const states = new Map<string, string>();
  for await (const photo of listReviewed(app.db, scope.collectionId, { wnids: scope.classes ?? scope.wnids })) {
    const { sha256, state } = toVerdictLine(photo);
    states.set(sha256, state);
  }
  return states;
}

async function storedCount(state: string): Promise<number> {
  return [...(await storedStates()).values()].filter((one) => one === state).length;
}

describe('the grid of the review', () => {
  beforeEach((context) => {
    if (chromium === null) context.skip(NO_CHROMIUM);
  });

  it('rejects a range that was selected with the keyboard, undoes it at once and redoes it', async () => {
    const page = await openGrid('ana');
    const before = await photosShown(page);
    await press(page, 'ArrowRight', 'Shift+ArrowRight', 'Shift+ArrowRight');
    expect(await selectedCount(page)).toBe(3);
    await press(page, '2');
    const states = () => Promise.all([0, 1, 2, 3, 4].map((position) => stateAt(page, position)));
    expect(await states()).toEqual(['open', 'rejected', 'rejected', 'rejected', 'open']);
    expect(await photosShown(page)).toEqual(before);
    expect(await tile(page, 1).textContent()).toContain('several classes');
    await expectSoon(() => storedCount('rejected')).toBe(3);
    await press(page, 'Backspace');
    expect(await states()).toEqual(['open', 'open', 'open', 'open', 'open']);
    await expectSoon(() => storedCount('rejected')).toBe(0);
    await press(page, 'Control+Shift+Z');
    await expectSoon(states).toEqual(['open', 'rejected', 'rejected', 'rejected', 'open']);
    await expectSoon(() => storedCount('rejected')).toBe(3);
    await press(page, 'Backspace');
    await expectSoon(() => storedCount('rejected')).toBe(0);
    await page.context().close();
  });

  it('decides on the photo under the cursor, and goes on to the next one', async () => {
    const page = await openGrid('ana');
    await press(page, 'Home', 'a', 'a');
    expect([await stateAt(page, 0), await stateAt(page, 1)]).toEqual(['accepted', 'accepted']);
    expect(await page.evaluate("document.activeElement?.getAttribute('data-position')")).toBe('2');
    await expectSoon(() => storedCount('accepted')).toBe(2);
    const [first] = await photosShown(page);
    expect((await storedStates()).get(first ?? '')).toBe('accepted');
    await press(page, 'Backspace', 'Backspace');
    await expectSoon(() => storedCount('accepted')).toBe(0);
    await page.context().close();
  });

  it('shows what the address filters, keeps decided tiles in place and takes them out when asked', async () => {
    const page = await openGrid('ana', '?state=open&order=lowest');
    const before = await photosShown(page);
    await press(page, 'Home', 'Shift+ArrowRight', 'x');
    expect(await photosShown(page)).toEqual(before);
    await expectSoon(() => storedCount('rejected')).toBe(2);
    await page.getByRole('button', { name: '2 no longer match' }).click();
    await expectSoon(() => photosShown(page)).not.toContain(before[0]);
    expect((await photosShown(page)).slice(0, 2)).toEqual(before.slice(2, 4));
    await page.getByRole('button', { name: 'Take off the filter: open' }).click();
    await expectSoon(() => new URL(page.url()).search).toBe('?order=lowest');
    await expectSoon(() => photosShown(page)).toContain(before[0]);
    await press(page, 'Backspace');
    await expectSoon(() => storedCount('rejected')).toBe(0);
    await page.context().close();
  });

  it('accepts all photos of the filter at once, and counts them as the command does', async () => {
    const page = await openGrid('ana', '?state=open');
    const open = await storedCount('unreviewed');
    await press(page, 'Control+a');
    await expectSoon(() => page.locator('.review-bar .target b').textContent()).toBe(`${open} selected`);
    await press(page, 'a');
    await expectSoon(() => storedCount('accepted')).toBe(open);
    const counted = page.locator('.count-links a', { hasText: 'accepted' }).locator('.count');
    await expectSoon(() => counted.textContent()).toBe(String(open));
    const { stdout } = await winnow(['verdicts', ...place(), '--state', 'accepted', '--json']);
    expect(jsonLines<VerdictLine>(stdout)).toHaveLength(open);
    await press(page, 'Control+z');
    await expectSoon(() => storedCount('unreviewed')).toBe(open);
    await page.context().close();
  });

  it('keeps a photo on the screen that another reviewer has, says so, and takes a verdict', async () => {
    const [bo, ana] = [await openGrid('bo'), await openGrid('ana')];
    await bo.goto(url.replace('/grid', ''));
    const shown = (page: Page) => page.locator('.photo-view [data-photo]').first().getAttribute('data-photo');
    const photo = await shown(bo);
    await bo.waitForURL(/photo=/);
    await ana.goto(bo.url());
    const said = ana.locator('.said', { hasText: /has this photo until \d\d:\d\d; your verdict takes it/ });
    await said.waitFor();
    // Also after detours: to another photo, to the card, and to another order.
    // The next photos arrive after the one of the address.
    const shownAfter = async (key: string): Promise<string | null> => press(ana, key).then(() => shown(ana));
    await expectSoon(() => shownAfter('ArrowRight')).not.toBe(photo);
    await expectSoon(() => shownAfter('ArrowLeft')).toBe(photo);
    await said.waitFor();
    await ana.getByRole('link', { name: 'Card', exact: true }).click();
    await ana.locator('.photo-card').waitFor();
    await ana.goBack();
    await said.waitFor();
    await ana.getByLabel('Order').selectOption('source');
    await expectSoon(() => shown(ana)).not.toBe(photo);
    await ana.goBack();
    await said.waitFor();
    expect([await shown(ana), new URL(ana.url()).pathname]).toEqual([photo, '/c/demo/review']);
    await press(ana, 'a');
    await expectSoon(() => shown(ana)).not.toBe(photo);
    await expectSoon(async () => (await storedStates()).get(photo ?? '')).toBe('accepted');
    await press(ana, 'Backspace');
    await expectSoon(() => storedCount('accepted')).toBe(0);
    for (const page of [bo, ana]) await page.context().close();
  });

  it('shows what the server did not take, and forgets it when it is discarded', async () => {
    const page = await openGrid('ana');
    const asGiven = /"shownBy":"grid"/;
    await page.route('**/api/review/actions', (route) =>
      route.continue({ postData: route.request().postData()?.replace(asGiven, '"shownBy":"nothing"') ?? '' }),
    );
    await press(page, 'Home', '1');
    await page.getByText('Show what is set aside').click();
    expect(await page.locator('.set-aside li').textContent()).toMatch(/^wrong class, .*shownBy/);
    await page.reload();
    await page.getByText('Show what is set aside').click();
    await page.getByRole('button', { name: 'Discard' }).click();
    expect(await page.locator('.banner.trouble').count()).toBe(0);
    await page.reload();
    await page.locator('.tile .names .searched').first().filter({ hasText: /./ }).waitFor();
    expect([await page.locator('.banner.trouble').count(), await storedCount('rejected')]).toEqual([0, 0]);
    await page.context().close();
  });
});

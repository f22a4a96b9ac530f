import type { Browser, Page } from 'playwright-core';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import type { Workspace } from '../../src/core/models/workspace/workspace.process.ts';
import type { ReviewEvent } from '../../src/core/review/events/event.ts';
import { listEvents } from '../../src/core/review/events/review.repository.ts';
import { findChromium, NO_CHROMIUM, openBrowser } from '../support/browser.ts';
import { collect } from '../support/collect.ts';
import { inOutput } from '../support/in-output.ts';
import { makeColouredShortlist } from '../support/coloured-shortlist.ts';
import { suiteFolder } from '../support/process-tree.ts';
import { useSharedServer } from '../support/shared-server.ts';
import { startWinnow, type RunningCommand } from '../support/winnow.ts';

const PHOTOS = { n01440764: 6, n01443537: 6 };
const chromium = findChromium();
const folder = suiteFolder();
useSharedServer();

let workspace: Workspace | undefined;
let server: RunningCommand | undefined;
let browser: Browser | undefined;
let url = '';

beforeAll(async () => {
  if (chromium === null) return;
  workspace = await makeColouredShortlist(folder.at('data'), PHOTOS, () => 'n01484850');
  const flags = ['--collection', 'demo', '--data', folder.at('data'), '--set', 'review.secondPass=0'];
  server = startWinnow(['server', ...flags, '--set', 'server.port=0']);
  url = `${await inOutput(server.child, /(http:\/\/127\.0\.0\.1:\d+\/c\/demo\/)/)}review`;
  browser = await openBrowser(chromium);
}, 240_000);

afterAll(async () => {
  await browser?.close();
  server?.killGroup('SIGINT');
  await server?.result;
  await workspace?.app.close();
});

async function open(name: string, place: string): Promise<Page> {
  if (browser === undefined) throw new Error('Expected a browser');
  const context = await browser.newContext({ viewport: { width: 1_100, height: 800 }, reducedMotion: 'reduce' });
  const page = await context.newPage();
  await page.goto(`${url}${place}`);
  await page.getByLabel('Name').fill(name);
  await page.keyboard.press('Enter');
  await isReady(page, place);
  return page;
}

async function isReady(page: Page, place: string): Promise<void> {
  await page.locator('main[data-ready]').waitFor();
  if (place.startsWith('/grid'))
    await page.locator('.tile .names .searched').first().filter({ hasText: /./ }).waitFor();
}

const press = async (page: Page, ...keys: string[]): Promise<void> => {
  for (const key of keys) await page.keyboard.press(key);
};
const stateAt = (page: Page, position: number) =>
  page.locator(`[data-position="${position}"]`).getAttribute('data-state');
const photoAt = (page: Page, position: number) =>
  page.locator(`[data-position="${position}"]`).getAttribute('data-photo');
const refused = (page: Page) => page.locator('.banner.refused');
const answer = (page: Page, name: string) => refused(page).getByRole('button', { name });
const expectSoon = <T>(read: () => Promise<T> | T) => expect.poll(read, { timeout: 45_000 });

async function events(): Promise<readonly ReviewEvent[]> {
  if (workspace === undefined) throw new Error('Expected a workspace');
  return collect(listEvents(workspace.app.db, workspace.scope.collectionId));
}

/** `bo reject`, for each event of a photo. */
const saidOf = async (photo: string | null): Promise<string[]> =>
  (await events()).flatMap(({ sha256, reviewer, kind, value }) =>
    sha256 === photo ? [`${reviewer} ${kind === 'verdict' || kind === 'adjudicate' ? value.verdict : kind}`] : [],
  );

describe('two reviewers with open pages', () => {
  beforeEach((context) => {
    if (chromium === null) context.skip(NO_CHROMIUM);
  });

  it('are told how a first verdict compares, and a later change of an old page waits for an answer, through a reload', async () => {
    const [ana, bo] = [await open('ana', '/grid'), await open('bo', '/grid')];
    const photo = await photoAt(ana, 0);
    await press(ana, 'Home', 'a');
    await expectSoon(() => saidOf(photo)).toEqual(['ana accept']);
    await press(bo, 'Home', 'x');
    await bo.locator('.banner.met', { hasText: 'ana had judged it, too. You differ.' }).waitFor();
    // Ana's page still shows her own verdict alone.
    await press(ana, 'Home', 'u');
    await refused(ana)
      .filter({ hasText: /Not stored: “unsure” for .*\. bo said rejected on .*, after you had looked\./ })
      .waitFor();
    await press(ana, 'a');
    const next = await photoAt(ana, 1);
    await expectSoon(() => saidOf(next)).toEqual(['ana accept']);
    await ana.reload();
    await isReady(ana, '/grid');
    expect(await refused(ana).count()).toBe(1);
    await answer(ana, 'Keep mine').click();
    await expectSoon(() => saidOf(photo)).toEqual(['ana accept', 'bo reject', 'ana unsure']);
    await expectSoon(() => refused(ana).count()).toBe(0);
    await ana.reload();
    await isReady(ana, '/grid');
    expect(await refused(ana).count()).toBe(0);
    expect((await events()).map(({ value }) => value)).toMatchObject([
      { verdict: 'accept', isBlind: true },
      { verdict: 'reject', isBlind: true },
      { verdict: 'accept' },
      { verdict: 'unsure', isBlind: false },
    ]);
    // Bo's page has shown his own verdict and what it met, not what ana said after that.
    await press(bo, 'Backspace');
    await refused(bo)
      .filter({ hasText: /Not stored: your undo for .*ana said unsure/ })
      .waitFor();
    await answer(bo, 'Drop mine').click();
    expect([await refused(bo).count(), (await saidOf(photo)).length]).toEqual([0, 3]);
    for (const page of [ana, bo]) await page.context().close();
  });

  it('get the refused photos of a bulk decision as a selection', async () => {
    const [ana, bo] = [await open('cy', '/grid'), await open('di', '/grid')];
    const photos = [await photoAt(ana, 3), await photoAt(ana, 4), await photoAt(ana, 5)];
    await press(ana, 'Home', 'ArrowRight', 'ArrowRight', 'ArrowRight', 'Shift+ArrowRight', 'Shift+ArrowRight', 'a');
    await expectSoon(() => stateAt(bo, 3)).toBe('accepted');
    await press(bo, 'Home', 'ArrowRight', 'ArrowRight', 'ArrowRight', 'a', 'a');
    await expectSoon(async () => (await saidOf(photos[1] ?? '')).length).toBe(2);
    await press(ana, 'Home', 'ArrowRight', 'ArrowRight', 'ArrowRight', 'Shift+ArrowRight', 'Shift+ArrowRight', 'u');
    await refused(ana).filter({ hasText: '2 photos of “unsure (2 photos)” not stored' }).waitFor();
    await answer(ana, 'Select them').click();
    expect(
      await ana
        .locator('.tile[aria-selected="true"]')
        .evaluateAll((tiles) => tiles.map((one) => one.getAttribute('data-photo'))),
    ).toEqual(photos.slice(0, 2));
    expect(await saidOf(photos[2] ?? '')).toEqual(['cy accept', 'cy unsure']);
    await press(ana, 'x');
    await expectSoon(() => saidOf(photos[0] ?? '')).toEqual(['cy accept', 'di accept', 'cy reject']);
    await expectSoon(() => refused(ana).count()).toBe(0);
    for (const page of [ana, bo]) await page.context().close();
  });

  it('see in the grid what the other one decided, and keep tiles, cursor and selection', async () => {
    const [ana, bo] = [await open('eva', '/grid?state=open'), await open('flo', '/grid')];
    await press(ana, 'Home', 'ArrowRight', 'Shift+ArrowRight');
    const before = await ana
      .locator('.tile')
      .evaluateAll((tiles) =>
        tiles.map(({ dataset, ariaSelected, id }) => [dataset['photo'], ariaSelected, id, document.activeElement?.id]),
      );
    const photo = await photoAt(ana, 0);
    const position = await bo.locator(`[data-photo="${photo}"]`).getAttribute('data-position');
    await press(bo, 'Home');
    for (let i = 0; i < Number(position); i += 1) await press(bo, 'ArrowRight');
    await press(bo, '4');
    await expectSoon(() => stateAt(ana, 0)).toBe('rejected');
    expect(
      await ana
        .locator('.tile')
        .evaluateAll((tiles) =>
          tiles.map(({ dataset, ariaSelected, id }) => [
            dataset['photo'],
            ariaSelected,
            id,
            document.activeElement?.id,
          ]),
        ),
    ).toEqual(before);
    for (const page of [ana, bo]) await page.context().close();
  });

  it('take over the photos of another page of theirs', async () => {
    const first = await open('gus', '');
    const page = await first.context().newPage();
    await page.goto(url);
    await page.getByText(/held by another page of yours until/).waitFor();
    await page.getByRole('button', { name: /Take (it|them)/ }).click();
    await page.locator('main[data-ready] [data-photo]').waitFor();
    expect(await page.getByText(/held by another page/).count()).toBe(0);
    await page.context().close();
  });
});

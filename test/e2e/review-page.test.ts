import type { Browser, Page } from 'playwright-core';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import type { ReviewEvent } from '../../src/core/review/events/event.ts';
import { makeColouredShortlist } from '../support/coloured-shortlist.ts';
import { findChromium, NO_CHROMIUM, openBrowser } from '../support/browser.ts';
import { portOfItsOwn } from '../support/free-port.ts';
import { suiteFolder } from '../support/process-tree.ts';
import { useSharedServer } from '../support/shared-server.ts';
import { until } from '../support/until.ts';
import { jsonLines, startWinnow, winnow, type RunningCommand } from '../support/winnow.ts';
import { Person, type Done } from './keyboard-person.ts';

useSharedServer();
const folder = suiteFolder();
const chromium = findChromium();
const TENCH = 'n01440764';
const GOLDFISH = 'n01443537';
const SHARK = 'n01484850';
/** WINNOW_TEST_REVIEW_PHOTOS=200: so many photos are decided and tagged, and the network is away for half a minute. */
const ASKED = Number(process.env['WINNOW_TEST_REVIEW_PHOTOS'] ?? 0);
/** Photos of each class, in the order in which classes are reviewed. */
const PHOTOS = { [TENCH]: 6, [GOLDFISH]: 9, [SHARK]: Math.max(9, ASKED - 15) };
const OFFLINE_MS = ASKED === 0 ? 0 : 30_000;
const flags = (): string[] => ['--collection', 'demo', '--data', folder.at('data')];

let browser: Browser | undefined;
let port = 0;
let server: RunningCommand | undefined;

async function startServer(): Promise<void> {
  // Leases end soon, so that a new tab gets the photos of a tab that was closed.
  const settings = ['--set', `server.port=${port}`, '--set', 'review.leaseMs=1000', '--set', 'review.secondPass=0'];
  server = startWinnow(['server', ...flags(), ...settings]);
  void server.result.then(({ code, stderr }) => (code === 0 || code === null ? null : console.error(stderr)));
  await until(async () => (await fetch(`http://127.0.0.1:${port}/ready`).catch(() => null))?.ok === true);
}

async function storedEvents(): Promise<Done[]> {
  const { code, stdout, stderr } = await winnow(['verdicts', ...flags(), '--events', '--json']);
  expect([code, stderr]).toEqual([0, expect.any(String)]);
  const events = jsonLines<ReviewEvent>(stdout);
  const places = new Map(events.map(({ id }, i) => [id, i]));
  return events.map(({ kind, sha256, wnid, value: given, undoes }) => {
    // The server notes whether a verdict is blind. One person alone has seen nothing of others.
    const value = kind === 'verdict' ? { ...given, isBlind: undefined } : given;
    return { kind, sha256, wnid, value, undoes: undoes === null ? null : (places.get(undoes) ?? -1) };
  });
}

beforeAll(async () => {
  if (chromium === null) return;
  const { app } = await makeColouredShortlist(folder.at('data'), PHOTOS, (wnid) => (wnid === SHARK ? TENCH : SHARK));
  await app.close();
  port = await portOfItsOwn();
  await startServer();
  browser = await openBrowser(chromium);
});

afterAll(async () => {
  await browser?.close();
  server?.killGroup('SIGTERM');
  await server?.result;
});

describe('the review page', () => {
  beforeEach((context) => {
    if (chromium === null) context.skip(NO_CHROMIUM);
  });

  it('stores every decision once and in order, through undos, reloads, a killed server, and a lost network', async () => {
    if (browser === undefined) throw new Error('Expected a browser');
    const context = await browser.newContext({ viewport: { width: 1_280, height: 800 } });
    const url = `http://127.0.0.1:${port}/c/demo/review`;
    const page = await context.newPage();
    const failures: string[] = [];
    page.on('pageerror', (error) => failures.push(error.message));
    await page.goto(url);
    await page.getByLabel('Name').waitFor();
    await page.keyboard.type('Ana');
    await page.keyboard.press('Enter');
    const person = new Person(page);

    await person.shown();
    const startMs = performance.now();
    await person.tagAndDecide('a', 'accept');
    await person.note('a fin is visible');
    await person.flag();
    for (let i = 0; i < 2; i += 1) {
      await person.tagAndDecide('a', 'accept');
      await person.tagAndDecide('1', 'reject', 'wrong-class');
      await person.tagAndDecide('x', 'reject');
      await person.tagAndDecide('u', 'unsure');
      await person.tagAndDecide('9', 'reject', 'other');
    }
    // The last ten decisions, and the tags of their photos.
    expect(new Set(person.done.slice(-20).map(({ wnid }) => wnid))).toEqual(new Set([TENCH, GOLDFISH]));
    for (let i = 0; i < 20; i += 1) await person.undo(i % 2 === 0 ? 'Backspace' : 'Control+Z');
    for (let i = 0; i < 19; i += 1) await person.redo();

    await page.reload();
    await person.shown();
    await person.redo();
    await person.undo('Backspace');
    await person.decide('2', 'reject', 'several-classes');
    await person.rejectThreeAndUndo();

    server?.killGroup('SIGKILL');
    await server?.result;
    for (let i = 0; i < 4; i += 1) await person.tagAndDecide('a', 'accept');
    await page.getByRole('status').filter({ hasText: 'actions not sent yet' }).waitFor();
    await startServer();
    await page.locator('.banner').waitFor({ state: 'detached' });

    await context.setOffline(true);
    const offlineSinceMs = performance.now();
    await person.decide('a', 'accept');
    await person.undo('Backspace');
    await person.tagAndDecide('x', 'reject');
    await page.getByRole('status').filter({ hasText: 'actions not sent yet' }).waitFor();
    await page.waitForTimeout(Math.max(0, OFFLINE_MS - (performance.now() - offlineSinceMs)));
    await context.setOffline(false);
    await page.locator('.banner').waitFor({ state: 'detached' });

    // A tab that is closed before its decisions are sent leaves them to the next one.
    await context.setOffline(true);
    await person.decide('a', 'accept');
    await person.decide('u', 'unsure');
    await page.close();
    await context.setOffline(false);
    person.page = await context.newPage();
    await person.page.goto(url);

    await person.shown();
    await person.undo('Backspace');
    await person.redo();
    for (;;) {
      if ((await person.page.locator('main[data-ready] .calm').count()) > 0) {
        if ((await person.page.getByText('Every photo has its verdict').count()) > 0) break;
        await person.page.waitForTimeout(100);
        continue;
      }
      await person.tagAndDecide('a', 'accept');
    }
    expect(await person.page.locator('[data-photo]').count()).toBe(0);

    await until(async () => (await storedEvents()).length >= person.done.length, 10_000);
    expect(await storedEvents()).toEqual(person.done);
    const seconds = (performance.now() - startMs) / 1_000;
    console.log(`one person: ${person.done.length} events in ${seconds.toFixed(1)} s, ${OFFLINE_MS / 1_000} s offline`);
    expect(failures).toEqual([]);
    await context.close();
  });

  it('sends once what two tabs decide offline, and what an earlier version of the page has kept', async () => {
    const context = await browser?.newContext();
    if (context === undefined) throw new Error('Expected a browser');
    const { url } = await openAs('Cleo', await context.newPage());
    const earlier = await storedEvents();
    const [{ sha256, wnid } = { sha256: '', wnid: '' }] = earlier;
    const tabs = [await context.newPage(), await context.newPage()] as const;
    for (const tab of tabs) {
      await tab.goto(`${url}?photo=${sha256}.${wnid}`);
      await tab.locator('main[data-ready] [data-photo]').waitFor();
    }
    await context.setOffline(true);
    for (const tab of tabs) {
      await tab.keyboard.press('f');
      await tab.getByRole('status').filter({ hasText: 'not sent yet' }).waitFor();
    }
    await tabs[0].evaluate(`(${KEEP_AS_BEFORE})(${JSON.stringify({ sha256, wnid })})`);
    await tabs[0].evaluate(`(${KEEP_AS_BEFORE})(${JSON.stringify({ sha256, wnid })}, '/tools/old')`);
    for (const tab of context.pages()) await tab.close();
    await context.setOffline(false);

    const page = await context.newPage();
    await page.goto(url);
    await page.getByText('Show what is set aside').click();
    expect(await page.locator('.set-aside li').textContent()).toMatch(/^flag taken off, .*an old problem/);
    await until(async () => (await storedEvents()).length === earlier.length + 3, 10_000);
    await page.reload();
    await page.getByText('Show what is set aside').waitFor();
    const added = (await storedEvents()).slice(earlier.length);
    expect(added.map(({ kind }) => kind).toSorted()).toEqual(['flag', 'flag', 'note']);
    await page.getByText('2 actions not sent yet: this browser keeps them for a winnow at another path').waitFor();
    await page.getByRole('button', { name: 'Send them here' }).click();
    await until(async () => (await storedEvents()).length === earlier.length + 4, 10_000);
    await page.getByText('Send them here').waitFor({ state: 'detached' });
    await context.close();
  });

  it('shows the photo that its address names, also if the server sends other photos first', async () => {
    const { page, url } = await openAs('Bo');
    const [{ sha256, wnid } = { sha256: '', wnid: '' }] = await storedEvents();
    await page.route('**/api/review/rows', async (route) => {
      await page.waitForResponse('**/api/review/lease');
      await page.waitForTimeout(200);
      await route.continue();
    });
    await page.goto(`${url}?photo=${sha256}.${wnid}`);
    await page.locator('main[data-ready] [data-photo]').waitFor();
    expect(await new Person(page).shown()).toEqual({ sha256, wnid });
    await page.close();
  });

  it('has the shown photo in its address, and shows that photo again when it is loaded again', async () => {
    const { page, url } = await openAs('Eva');
    await page.goto(`${url}?class=${SHARK}`);
    await page.locator('main[data-ready] [data-photo]').waitFor();
    await page.keyboard.press('ArrowRight');
    await page.keyboard.press('ArrowRight');
    const { sha256, wnid } = await new Person(page).shown();
    await page.waitForURL(`${url}?class=${SHARK}&photo=${sha256}.${wnid}`);
    await page.reload();
    await page.locator('main[data-ready] [data-photo]').waitFor();
    expect(await new Person(page).shown()).toEqual({ sha256, wnid });
    await page.keyboard.press('Escape');
    await page.waitForURL(`${url}/grid?class=${SHARK}&photo=${sha256}.${wnid}`);
    const tile = page.locator('.tile[tabindex="0"]');
    await tile.waitFor();
    expect(await tile.getAttribute('data-photo')).toBe(sha256);
    await page.keyboard.press('Enter');
    await page.locator('main[data-ready] [data-photo]').waitFor();
    await page.goBack();
    await tile.waitFor();
    expect(await tile.getAttribute('data-photo')).toBe(sha256);
    await page.close();
  });

  it('shows no photo if the one of its address is not listed, and takes no verdict then', async () => {
    const { page, url } = await openAs('Eva');
    const earlier = await storedEvents();
    const address = `${url}?photo=${'0'.repeat(64)}.${TENCH}`;
    await page.goto(address);
    await page.getByText('This photo is not in your queue').waitFor();
    await page.getByText('The collection has no such photo').waitFor();
    await page.locator('main[data-ready]').waitFor();
    await page.keyboard.press('a');
    expect([await page.locator('[data-photo]').count(), page.url()]).toEqual([0, address]);
    await page.getByRole('link', { name: 'Go to the queue' }).click();
    await page.locator('main[data-ready] [data-photo]').waitFor();
    expect(await storedEvents()).toHaveLength(earlier.length);
    await page.close();
  });

  it('shows the parts of its filter, and takes one off by a click', async () => {
    const { page, url } = await openAs('Bo');
    await page.goto(`${url}?class=${SHARK}&state=open`);
    const filters = page.locator('.side .filters button');
    await filters.first().waitFor();
    expect(await filters.allTextContents()).toEqual(['open ×', 'searched as great white shark ×']);
    await filters.first().click();
    expect(await filters.allTextContents()).toEqual(['searched as great white shark ×']);
    const { searchParams } = new URL(page.url());
    expect([searchParams.get('class'), searchParams.get('state')]).toEqual([SHARK, null]);
    await page.close();
  });

  it('shows what two people said of a photo, and settles it by one key', async () => {
    const { page, url } = await openAs('Dan');
    const earlier = await storedEvents();
    const [{ sha256, wnid } = { sha256: '', wnid: '' }] = earlier;
    await page.goto(`${url}?photo=${sha256}.${wnid}`);
    await page.locator('main[data-ready] [data-photo]').waitFor();
    await page.keyboard.press('x');
    await until(async () => (await storedEvents()).length > earlier.length, 10_000);
    await page.goto(`${url}/disputes`);
    await page.locator('main[data-ready] [data-photo]').waitFor();
    expect(await new Person(page).shown()).toEqual({ sha256, wnid });
    expect(await page.locator('.opinion .verdict').allTextContents()).toEqual(['reject', 'accept']);
    await page.keyboard.press('a');
    await page.getByText('No dispute is open').waitFor();
    await until(async () => (await storedEvents()).at(-1)?.kind === 'adjudicate', 10_000);
    await page.close();
  });

  it('shows most of the photo on a small screen and in an enlarged window, and rejects there for a reason', async () => {
    const { page, url } = await openAs('Eve');
    const earlier = await storedEvents();
    const [{ sha256, wnid } = { sha256: '', wnid: '' }] = earlier;
    for (const [width, height] of [
      [360, 640],
      [640, 360],
      [720, 450],
    ] as const) {
      await page.setViewportSize({ width, height });
      await page.goto(`${url}?photo=${sha256}.${wnid}`);
      await page.locator('main[data-ready] [data-photo]').waitFor();
      expect(await page.evaluate<number>(SEEN_SHARE)).toBeGreaterThan(0.6);
      const shown = page.locator('.review-bar button:visible');
      expect(await shown.allTextContents()).toEqual([
        expect.stringContaining('Accept'),
        expect.stringContaining('Reject'),
        expect.stringContaining('Unsure'),
        expect.stringContaining('Undo'),
        'More',
      ]);
      expect(await page.evaluate(NAMES_IN_ORDER)).toBe(true);
    }
    await page.setViewportSize({ width: 640, height: 360 });
    await page.getByRole('button', { name: 'More' }).click();
    await page.getByRole('button', { name: 'Keys' }).click();
    await page.getByRole('heading', { name: 'Keys' }).waitFor();
    await page.keyboard.press('Escape');
    await page.setViewportSize({ width: 360, height: 640 });
    await page.getByRole('button', { name: 'Reject' }).click();
    await page.getByRole('button', { name: 'low quality' }).last().click();
    const isStored = ({ value }: Done): boolean => Object(value).reason === 'low-quality';
    await until(async () => (await storedEvents()).slice(earlier.length).some(isStored), 10_000);
    await page.close();
  });
});

/** The share of the photo that is in the window and not below the bar of buttons. */
const SEEN_SHARE = `(() => {
  const { top, bottom, height, left, right, width } = document.querySelector('.shown').getBoundingClientRect();
  const bar = document.querySelector('.review-bar').getBoundingClientRect();
  const high = Math.min(bottom, innerHeight, bar.top) - Math.max(0, top);
  return (Math.max(0, high) / height) * ((Math.min(right, innerWidth) - Math.max(0, left)) / width);
})()`;

/** Names that are written from right to left do not change places. */
const NAMES_IN_ORDER = `(() => {
  const [searched, predicted] = ['.asked .searched', '.asked .predicted'].map((one) => document.querySelector(one));
  if (predicted === null) return true;
  [searched.textContent, predicted.textContent] = ['طائر كبير', 'بومة رمادية 3'];
  return searched.getBoundingClientRect().right <= predicted.getBoundingClientRect().left;
})()`;

/** Keeps a note that waits and a flag that is set aside, as earlier versions did for a tab that is gone. */
const KEEP_AS_BEFORE = `async (subject, path = '') => {
  const request = indexedDB.open('winnow-review' + path, 1);
  request.onupgradeneeded = () => request.result.createObjectStore('actions', { keyPath: ['client', 'sequence'] });
  await new Promise((resolve) => { request.onsuccess = resolve; });
  const transaction = request.result.transaction('actions', 'readwrite');
  const client = path === '' ? '0123456789abcdef0123456789abcdef' : 'fedcba9876543210fedcba9876543210';
  const keep = (sequence, problem, change) => transaction.objectStore('actions').put({
    client, collection: 'demo', reviewer: 'Cleo', sequence, problem,
    action: { sequence, at: '2026-11-01T12:00:00.000Z', subjects: [subject], ...change },
  });
  keep(1, null, { kind: 'note', value: { note: 'of an earlier version' } });
  keep(2, 'an old problem', { kind: 'flag', value: { flagged: false } });
  await new Promise((resolve) => { transaction.oncomplete = resolve; });
}`;

/** Opens the page for a person who has not been here before. */
async function openAs(name: string, given?: Page): Promise<{ readonly page: Page; readonly url: string }> {
  const page = given ?? (await browser?.newPage());
  if (page === undefined) throw new Error('Expected a browser');
  const url = `http://127.0.0.1:${port}/c/demo/review`;
  await page.goto(url);
  await page.getByLabel('Name').fill(name);
  await page.keyboard.press('Enter');
  await page.locator('main[data-ready]').waitFor();
  return { page, url };
}

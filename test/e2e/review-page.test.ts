import type { Browser, Page } from 'playwright-core';
import sharp from 'sharp';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { openApp } from '../../src/app/open/app.ts';
import { openWorkspace } from '../../src/app/open/workspace.ts';
import { usableCollection } from '../../src/collection/collection.process.ts';
import { loadConfig } from '../../src/config/load-config.ts';
import type { ReviewEvent } from '../../src/review/event.ts';
import { buildShortlist } from '../../src/shortlist/build.process.ts';
import { candidate, decideAs, kept, photo, store, stored } from '../integration/catalogue/fixtures.ts';
import { findChromium, NO_CHROMIUM, openBrowser } from '../support/browser.ts';
import { freePort } from '../support/free-port.ts';
import { suiteFolder } from '../support/process-tree.ts';
import { sha256Of } from '../support/sha256.ts';
import { catalogueOf, useSharedServer } from '../support/shared-server.ts';
import { openLogger } from '../../src/platform/log/logger.ts';
import { until } from '../support/until.ts';
import { jsonLines, startWinnow, winnow, type RunningCommand } from '../support/winnow.ts';

useSharedServer();
const folder = suiteFolder();
const chromium = findChromium();
const TENCH = 'n01440764';
const GOLDFISH = 'n01443537';
const SHARK = 'n01484850';
/** WINNOW_TEST_REVIEW_PHOTOS=200: so many photos are decided and tagged, and the network is away for half a minute. */
const ASKED = Number(process.env['WINNOW_TEST_REVIEW_PHOTOS'] ?? 0);
/** Photos of each class, in the order in which classes are reviewed. */
const PHOTOS = { [TENCH]: 12, [GOLDFISH]: 14, [SHARK]: Math.max(12, ASKED - 26) };
const OFFLINE_MS = ASKED === 0 ? 0 : 30_000;
const flags = (): string[] => ['--collection', 'demo', '--data', folder.at('data')];

let browser: Browser | undefined;
let port = 0;
let server: RunningCommand | undefined;

/** Stores photos of one colour each, kept for their classes, and lists them. */
async function makeCatalogue(): Promise<void> {
  const dataDir = folder.at('data');
  const { config } = await loadConfig({ env: { WINNOW_POSTGRES_URL: await catalogueOf(dataDir) } });
  const app = await openApp({
    config,
    dataDir,
    clientName: 'test',
    log: openLogger({ level: 'silent', format: 'json' }, process.stderr),
  });
  try {
    const { scope, collection } = await openWorkspace(app, (await usableCollection('demo')).collection);
    for (const [wnid, count] of Object.entries(PHOTOS)) {
      for (let i = 0; i < count; i += 1) {
        const name = `${wnid} ${i}`;
        const background = `#${sha256Of(name).slice(0, 6)}`;
        const bytes = await sharp({ create: { width: 640, height: 480, channels: 3, background } })
          .jpeg()
          .toBuffer();
        const sha256 = sha256Of(bytes);
        await app.blobs.put(sha256, bytes);
        const { waiting } = await store(app.db, [candidate(name, { wnid })]);
        const photoId = await stored(app.db, waiting[0] ?? 0, photo(name, { sha256, bytes: bytes.length }));
        await decideAs(app.db, scope, [kept(photoId, wnid, { confusionWnid: wnid === SHARK ? TENCH : SHARK })]);
      }
    }
    await buildShortlist(app.db, scope, { policy: { ...collection.policy, cap: 1_000 }, backboneId: null });
  } finally {
    await app.close();
  }
}

async function startServer(): Promise<void> {
  // Leases end soon, so that a new tab gets the photos of a tab that was closed.
  const settings = ['--set', `server.port=${port}`, '--set', 'review.leaseMs=1000', '--set', 'review.secondPass=0'];
  server = startWinnow(['server', ...flags(), ...settings]);
  void server.result.then(({ code, stderr }) => (code === 0 || code === null ? null : console.error(stderr)));
  await until(async () => (await fetch(`http://127.0.0.1:${port}/ready`).catch(() => null))?.ok === true);
}

/** What a person did, as it must be stored: an undo names the action by its place in the list. */
interface Done {
  readonly kind: ReviewEvent['kind'];
  readonly sha256: string;
  readonly wnid: string;
  readonly value: unknown;
  readonly undoes: number | null;
}

/** A person at the keyboard, who remembers what was done. */
class Person {
  readonly done: Done[] = [];
  /** Actions that stand, and undos that can be taken back with their actions: the places of their photos in `done`. */
  readonly #standing: (readonly number[])[] = [];
  readonly #undone: { readonly action: readonly number[]; readonly undo: readonly number[] }[] = [];
  page: Page;

  constructor(page: Page) {
    this.page = page;
  }

  async shown(): Promise<{ readonly sha256: string; readonly wnid: string }> {
    const [sha256 = '', wnid = ''] = await this.page
      .locator('main[data-ready] [data-photo]')
      .evaluate((image: HTMLElement) => [image.dataset['photo'], image.dataset['wnid']]);
    return { sha256, wnid };
  }

  async decide(key: string, verdict: string, reason: string | null = null): Promise<void> {
    const before = await this.shown();
    await this.page.keyboard.press(key);
    await this.page.locator(`[data-photo]:not([data-photo="${before.sha256}"]), .calm`).waitFor();
    this.#does([{ kind: 'verdict', ...before, value: { verdict, reason, shownBy: 'confusions' }, undoes: null }]);
  }

  async tagAndDecide(key: string, verdict: string, reason: string | null = null): Promise<void> {
    await this.tag();
    await this.decide(key, verdict, reason);
  }

  /** Goes to the grid, rejects its last three photos together, takes that back, and opens the first of them alone. */
  async rejectThreeAndUndo(): Promise<void> {
    await this.page.keyboard.press('g');
    await this.page.locator('main[data-ready] .tile').first().waitFor();
    for (const key of ['End', 'Shift+ArrowLeft', 'Shift+ArrowLeft']) await this.page.keyboard.press(key);
    const selected = this.page.locator('.tile[aria-selected="true"]');
    await selected.nth(2).waitFor();
    const photos = await selected.evaluateAll((tiles: HTMLElement[]) =>
      tiles.map(({ dataset }) => ({ sha256: dataset['photo'] ?? '', wnid: dataset['wnid'] ?? '' })),
    );
    await this.page.keyboard.press('2');
    for (const { sha256 } of photos)
      await this.page.locator(`[data-photo="${sha256}"][data-state="rejected"]`).waitFor();
    const value = { verdict: 'reject', reason: 'several-classes', shownBy: 'grid' };
    this.#does(photos.map((one) => ({ kind: 'verdict', ...one, value, undoes: null })));
    await this.undo('Backspace');
    await this.page.keyboard.press('g');
    await this.shown();
  }

  async tag(): Promise<void> {
    const before = await this.shown();
    for (const key of ['t', '1', '3', 'Enter']) await this.page.keyboard.press(key);
    await this.page.locator('.said', { hasText: '#pattern' }).waitFor();
    this.#does([{ kind: 'tag', ...before, value: { tags: ['pose', 'pattern'] }, undoes: null }]);
  }

  async note(text: string): Promise<void> {
    const before = await this.shown();
    await this.page.keyboard.press('n');
    await this.page.keyboard.type(text);
    await this.page.keyboard.press('Enter');
    await this.page.locator('.said', { hasText: text }).waitFor();
    this.#does([{ kind: 'note', ...before, value: { note: text }, undoes: null }]);
  }

  async flag(): Promise<void> {
    const before = await this.shown();
    await this.page.keyboard.press('f');
    await this.page.locator('.said', { hasText: 'flagged' }).waitFor();
    this.#does([{ kind: 'flag', ...before, value: { flagged: true }, undoes: null }]);
  }

  /** Takes back the last action, and sees its photo again. */
  async undo(key: string): Promise<void> {
    const action = this.#standing.pop() ?? [];
    await this.page.keyboard.press(key);
    await this.page.locator(`[data-photo="${this.done[action[0] ?? -1]?.sha256}"]`).waitFor();
    this.#undone.push({ action, undo: this.#undoes('undo', action) });
  }

  async redo(): Promise<void> {
    const { action, undo } = this.#undone.pop() ?? { action: [], undo: [] };
    await this.page.keyboard.press('Control+Shift+Z');
    this.#undoes('redo', undo);
    this.#standing.push(action);
  }

  #does(photos: readonly Done[]): void {
    this.#standing.push(this.#add(photos));
    this.#undone.length = 0;
  }

  #undoes(kind: 'undo' | 'redo', places: readonly number[]): readonly number[] {
    return this.#add(
      places.map((undoes) => {
        const { sha256 = '', wnid = '' } = this.done[undoes] ?? {};
        return { kind, sha256, wnid, value: null, undoes };
      }),
    );
  }

  #add(photos: readonly Done[]): readonly number[] {
    const places = photos.map((_, i) => this.done.length + i);
    this.done.push(...photos);
    return places;
  }
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
  await makeCatalogue();
  port = await freePort();
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
    for (let i = 0; i < 3; i += 1) {
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
    await page.locator('.notice').waitFor({ state: 'detached' });

    await context.setOffline(true);
    const offlineSinceMs = performance.now();
    await person.decide('a', 'accept');
    await person.undo('Backspace');
    await person.tagAndDecide('x', 'reject');
    await page.getByRole('status').filter({ hasText: 'actions not sent yet' }).waitFor();
    await page.waitForTimeout(Math.max(0, OFFLINE_MS - (performance.now() - offlineSinceMs)));
    await context.setOffline(false);
    await page.locator('.notice').waitFor({ state: 'detached' });

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

  it('shows the photo that its address names, also if the server sends other photos first', async () => {
    const page = await browser?.newPage();
    if (page === undefined) throw new Error('Expected a browser');
    const url = `http://127.0.0.1:${port}/c/demo/review`;
    await page.goto(url);
    await page.getByLabel('Name').fill('Bo');
    await page.keyboard.press('Enter');
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
});

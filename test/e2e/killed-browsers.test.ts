import { chromium as playwright, type BrowserContext, type Page } from 'playwright-core';
import { expect, it } from 'vitest';
import type { ReviewEvent } from '../../src/core/review/events/event.ts';
import { findChromium, NO_CHROMIUM } from '../support/browser.ts';
import { makeColouredShortlist } from '../support/coloured-shortlist.ts';
import { portOfItsOwn } from '../support/free-port.ts';
import { killAllOn, suiteFolder } from '../support/process-tree.ts';
import { useSharedServer } from '../support/shared-server.ts';
import { until } from '../support/until.ts';
import { jsonLines, startWinnow, winnow } from '../support/winnow.ts';
import { Person } from './keyboard-person.ts';

useSharedServer();
const folder = suiteFolder();
const chromium = findChromium();
/** A page takes 16 photos, so that both reviewers together hold all of them. */
const PHOTOS = { n01440764: 10, n01443537: 14 };
const COUNT = 24;

async function openBrowserOf(name: string): Promise<BrowserContext> {
  const args = ['--no-sandbox', '--disable-gpu'];
  return playwright.launchPersistentContext(folder.at(name), { executablePath: chromium ?? '', args });
}

async function openPage(context: BrowserContext, url: string, name: string): Promise<Page> {
  const page = await context.newPage();
  await page.goto(url);
  const field = page.getByLabel('Name');
  await page.locator('main[data-ready]').or(field).waitFor();
  // A killed browser may have lost the cookie with the name.
  if (await field.isVisible()) {
    await field.fill(name);
    await page.keyboard.press('Enter');
  }
  await page.locator('main[data-ready]').waitFor();
  return page;
}

/** Accepts photos until the page says so. It may look for photos in between. */
async function acceptUntil(person: Person, text: RegExp): Promise<void> {
  const end = person.page.getByText(text);
  for (;;) {
    await person.page.locator('main[data-ready] [data-photo]').or(end).first().waitFor();
    if (await end.isVisible()) return;
    await person.decide('a', 'accept');
  }
}

it('two reviewers whose browsers are killed go on at once with their own photos, and each verdict is stored once', async (context) => {
  if (chromium === null) context.skip(NO_CHROMIUM);
  const flags = ['--collection', 'demo', '--data', folder.at('data')];
  const { app } = await makeColouredShortlist(folder.at('data'), PHOTOS, (wnid) =>
    wnid === 'n01440764' ? 'n01443537' : 'n01440764',
  );
  await app.close();
  const port = await portOfItsOwn();
  const server = startWinnow(['server', ...flags, '--set', `server.port=${port}`, '--set', 'review.secondPass=0']);
  await until(async () => (await fetch(`http://127.0.0.1:${port}/ready`).catch(() => null))?.ok === true);
  const url = `http://127.0.0.1:${port}/c/demo/review`;
  try {
    for (const name of ['Ana', 'Bo']) {
      const person = new Person(await openPage(await openBrowserOf(name), url, name));
      for (let i = 0; i < 2; i += 1) await person.decide('a', 'accept');
    }
    for (const name of ['Ana', 'Bo']) await killAllOn(folder.at(name));

    const ana = await openBrowserOf('Ana');
    const page = await openPage(ana, url, 'Ana');
    const startMs = performance.now();
    const anas = new Person(page);
    await anas.shown();
    console.log(`a photo ${Math.round(performance.now() - startMs)} ms after the page was ready again`);
    // Bo's photos stay with Bo until the lease ends.
    await acceptUntil(anas, /\d+ photos are held by Bo until \d\d:\d\d/);
    expect(await page.getByText('Every photo has its verdict').count()).toBe(0);

    const bo = await openBrowserOf('Bo');
    const bosPage = await openPage(bo, url, 'Bo');
    const bos = new Person(bosPage);
    await acceptUntil(bos, /Every photo has its verdict|held by Ana/);
    // Ana's page waits for photos. It may get some in the moment when Bo's old tab has lost them.
    if (await bosPage.getByText(/held by Ana/).isVisible()) await acceptUntil(anas, /Every photo has its verdict/);
    const events = async (): Promise<ReviewEvent[]> =>
      jsonLines<ReviewEvent>((await winnow(['verdicts', ...flags, '--events', '--json'])).stdout);
    await until(async () => (await events()).length >= COUNT, 10_000);
    const stored = await events();
    expect([stored.length, new Set(stored.map(({ sha256, wnid }) => `${sha256} ${wnid}`)).size]).toEqual([
      COUNT,
      COUNT,
    ]);
    await Promise.all([ana.close(), bo.close()]);
  } finally {
    for (const name of ['Ana', 'Bo']) await killAllOn(folder.at(name));
    server.killGroup('SIGTERM');
    await server.result;
  }
});

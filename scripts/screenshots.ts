import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { mkdir, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import process from 'node:process';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import type { Browser, Page } from 'playwright-core';
import { findChromium, NO_CHROMIUM, openBrowser } from '../test/support/browser.ts';

/** `node --import tsx scripts/screenshots.ts`: renews the pictures in docs/images/: the dashboard while the demo runs, then the contact sheet. */
const ROOT = fileURLToPath(new URL('../', import.meta.url));
const WINNOW = path.join(ROOT, 'src', 'cli', 'winnow.mjs');
const IMAGES = path.join(ROOT, 'docs', 'images');
const SHOTS = [
  { name: 'funnel-light', width: 1_100, height: 1_250, colorScheme: 'light' },
  { name: 'funnel-dark', width: 1_100, height: 1_250, colorScheme: 'dark' },
  { name: 'funnel-narrow', width: 390, height: 1_250, colorScheme: 'light' },
] as const;
/** Number of decided photos on the page when the pictures are taken. */
const ENOUGH_PHOTOS = 60;

function start(args: readonly string[]): ChildProcess {
  return spawn(process.execPath, [WINNOW, ...args], { cwd: ROOT, stdio: ['ignore', 'pipe', 'inherit'] });
}

/** The server's address, from its output. */
async function addressOf(server: ChildProcess): Promise<string> {
  if (server.stdout === null) throw new Error('Expected the output of the server');
  for await (const line of createInterface(server.stdout)) {
    const url = /http:\S+/.exec(line)?.[0];
    if (url !== undefined) return url;
  }
  throw new Error('Expected the server to say where it listens');
}

/** The dashboard while photos are decided. */
async function shootDashboard(browser: Browser, url: string): Promise<void> {
  for (const { name, width, height, colorScheme } of SHOTS) {
    const page = await browser.newPage({ viewport: { width, height }, colorScheme });
    await page.goto(url);
    const kept = page.locator('.funnel li', { hasText: 'kept' }).locator('.count').first();
    while (Number(await kept.textContent()) < ENOUGH_PHOTOS / 3) await page.waitForTimeout(200);
    // Rates are of some seconds.
    await page.waitForTimeout(3_000);
    await save(page, name);
  }
}

/** The contact sheet, scrolled to its first cards. */
async function shootSheet(browser: Browser, url: string): Promise<void> {
  const page = await browser.newPage({ viewport: { width: 1_100, height: 800 }, colorScheme: 'light' });
  await page.goto(new URL('sheet/shortlist.html', url).href);
  await page.evaluate("document.querySelector('section.class').scrollIntoView()");
  await page.waitForTimeout(1_000);
  await save(page, 'contact-sheet');
}

async function save(page: Page, name: string): Promise<void> {
  await page.screenshot({ path: path.join(IMAGES, `${name}.png`) });
  await page.close();
  console.log(`docs/images/${name}.png`);
}

async function main(): Promise<void> {
  const chromium = findChromium();
  if (chromium === null) throw new Error(`Expected a browser but there is ${NO_CHROMIUM}`);
  await mkdir(IMAGES, { recursive: true });
  const data = await mkdtemp(path.join(tmpdir(), 'winnow-shots-'));
  const browser = await openBrowser(chromium);
  const server = start(['server', '--collection', 'demo', '--data', data, '--set', 'server.port=0']);
  try {
    const url = await addressOf(server);
    const demo = start(['demo', '--data', data]);
    demo.stdout?.resume();
    await shootDashboard(browser, url);
    if (demo.exitCode === null) await once(demo, 'exit');
    await shootSheet(browser, url);
  } finally {
    await browser.close();
    server.kill('SIGTERM');
    if (server.exitCode === null) await once(server, 'exit');
    await rm(data, { recursive: true, force: true });
  }
}

await main();

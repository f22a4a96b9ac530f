import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { mkdir, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import process from 'node:process';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { findChromium, NO_CHROMIUM, openBrowser } from '../test/support/browser.ts';

/**
 * `node --import tsx scripts/screenshots.ts` takes the pictures in docs/images/ again: the funnel page while the demo runs.
 */
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

async function takeShots(executable: string, url: string): Promise<void> {
  const browser = await openBrowser(executable);
  try {
    for (const { name, width, height, colorScheme } of SHOTS) {
      const page = await browser.newPage({ viewport: { width, height }, colorScheme });
      await page.goto(url);
      const kept = page.locator('.funnel li', { hasText: 'kept' }).locator('.count').first();
      while (Number(await kept.textContent()) < ENOUGH_PHOTOS / 3) await page.waitForTimeout(200);
      // Rates cover some seconds.
      await page.waitForTimeout(3_000);
      await page.screenshot({ path: path.join(IMAGES, `${name}.png`) });
      console.log(`docs/images/${name}.png`);
    }
  } finally {
    await browser.close();
  }
}

async function main(): Promise<void> {
  const chromium = findChromium();
  if (chromium === null) throw new Error(`Expected a browser but there is ${NO_CHROMIUM}`);
  await mkdir(IMAGES, { recursive: true });
  const data = await mkdtemp(path.join(tmpdir(), 'winnow-shots-'));
  const server = start(['server', '--collection', 'demo', '--data', data, '--set', 'server.port=0']);
  try {
    const url = await addressOf(server);
    const demo = start(['demo', '--data', data]);
    demo.stdout?.resume();
    await takeShots(chromium, url);
    if (demo.exitCode === null) await once(demo, 'exit');
  } finally {
    server.kill('SIGTERM');
    if (server.exitCode === null) await once(server, 'exit');
    await rm(data, { recursive: true, force: true });
  }
}

await main();

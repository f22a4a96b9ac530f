import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { mkdir, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import process from 'node:process';
import { createInterface } from 'node:readline';
import { text } from 'node:stream/consumers';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import type { Browser, Page } from 'playwright-core';
import sharp from 'sharp';
import { findChromium, NO_CHROMIUM, openBrowser } from '../test/support/browser.ts';

/**
 * `node --import tsx scripts/screenshots.ts [NAME …] [--data DIR]`: renews the pictures in docs/images/, or those whose names begin
 * with a NAME: the dashboard while the demo runs, then the other pages. With `--data`, a data folder in which the demo has run:
 * there are no pictures of it running.
 */
const ROOT = fileURLToPath(new URL('../', import.meta.url));
const WINNOW = path.join(ROOT, 'src', 'cli', 'winnow.cjs');
const IMAGES = path.join(ROOT, 'docs', 'images');

interface Shot {
  /** The file's name without the colours and `.webp`. */
  readonly name: string;
  readonly path: string;
  /** Present once the page shows what it has to show. */
  readonly ready: string;
  readonly width: number;
  readonly height: number;
}

const DESK = { ready: 'main[data-ready]', width: 1_440, height: 900 };
const SCHEMES = ['light', 'dark'] as const;
/** The dashboard, while photos are decided. */
const RUNNING: readonly Shot[] = [
  { name: 'funnel', path: '/c/demo/', ready: '.funnel li', width: 1_100, height: 1_250 },
];
/** A class whose photos are all accepted. */
const DOMES = '#class-n03220513';
const PAGES: readonly Shot[] = [
  { name: 'contact-sheet', path: '/c/demo/sheet/shortlist.html', ready: DOMES, width: 1_100, height: 800 },
  { name: 'review', path: '/c/demo/review', ...DESK },
  { name: 'review-grid', path: '/c/demo/review/grid?state=accepted', ...DESK },
  { name: 'review-classes', path: '/c/demo/review/classes', ...DESK },
  { name: 'report', path: '/c/demo/report', ready: '.big-numbers', width: 1_100, height: 800 },
  { name: 'revisions', path: '/c/demo/revisions', ready: '.revision', width: 1_100, height: 1_000 },
  { name: 'review-phone', path: '/c/demo/review', ...DESK, width: 390, height: 844 },
];
/** Number of kept photos on the dashboard when its pictures are taken. */
const ENOUGH_PHOTOS = 8;
/** Rates are of some seconds, and pictures fade in. */
const SETTLE_MS = 3_000;
const WEBP = { quality: 78, effort: 6 };

function start(args: readonly string[]): ChildProcess {
  return spawn(process.execPath, [WINNOW, ...args], { cwd: ROOT, stdio: ['ignore', 'pipe', 'inherit'] });
}

/** The output of a command that ends. */
async function outputOf(args: readonly string[]): Promise<string> {
  const { stdout } = start(args);
  if (stdout === null) throw new Error(`Expected the output of winnow ${args.join(' ')}`);
  return text(stdout);
}

/** The server's origin, from its output. */
async function originOf(server: ChildProcess): Promise<string> {
  if (server.stdout === null) throw new Error('Expected the output of the server');
  for await (const line of createInterface(server.stdout)) {
    const url = /http:\/\/[^/\s]+/.exec(line)?.[0];
    if (url !== undefined) return url;
  }
  throw new Error('Expected the server to say where it listens');
}

async function endOf(server: ChildProcess): Promise<void> {
  server.kill('SIGTERM');
  if (server.exitCode === null) await once(server, 'exit');
}

/** Serves while an action runs. */
async function whileServing(args: readonly string[], action: (origin: string) => Promise<void>): Promise<void> {
  const server = start(args);
  try {
    await action(await originOf(server));
  } finally {
    await endOf(server);
  }
}

async function shoot(browser: Browser, origin: string, shots: readonly Shot[]): Promise<void> {
  for (const { name, path: where, ready, width, height } of shots) {
    for (const colorScheme of SCHEMES) {
      const page = await browser.newPage({ viewport: { width, height }, colorScheme });
      await page.goto(`${origin}${where}`);
      await page.locator(ready).first().waitFor();
      // The contact sheet begins with its facts.
      if (ready === DOMES) await page.evaluate(`document.querySelector('${ready}').scrollIntoView()`);
      await page.waitForTimeout(SETTLE_MS);
      await save(page, `${name}-${colorScheme}`);
    }
  }
}

async function save(page: Page, name: string): Promise<void> {
  const file = path.join(IMAGES, `${name}.webp`);
  const { size } = await sharp(await page.screenshot())
    .webp(WEBP)
    .toFile(file);
  await page.close();
  console.log(`docs/images/${name}.webp: ${Math.ceil(size / 1_000)} kB`);
}

async function untilSomeAreKept(browser: Browser, origin: string): Promise<void> {
  const page = await browser.newPage();
  await page.goto(`${origin}/c/demo/`);
  const kept = page.locator('.funnel li', { hasText: 'kept' }).locator('.count').first();
  while (Number(await kept.textContent()) < ENOUGH_PHOTOS) await page.waitForTimeout(200);
  await page.close();
}

/** A photo that is accepted although the models are surest of another class: the path of its page. */
async function surestAccepted(on: readonly string[]): Promise<string> {
  const linesOf = async (command: string, ...flags: readonly string[]): Promise<Record<string, string | number>[]> =>
    (await outputOf([command, ...flags, '--json', ...on]))
      .trimEnd()
      .split('\n')
      .map((line) => JSON.parse(line));
  const accepted = new Set((await linesOf('verdicts', '--state', 'accepted')).map(({ sha256 }) => sha256));
  const listed = (await linesOf('shortlist')).filter(({ sha256 }) => accepted.has(sha256 ?? ''));
  const [surest] = listed.toSorted((a, b) => Number(b['confusionProb']) - Number(a['confusionProb']));
  return `/c/demo/review?photo=${surest?.['sha256']}.${surest?.['wnid']}`;
}

/** Runs the demo, and takes the pictures of the dashboard while it runs. */
async function runDemo(browser: Browser, data: string, shots: readonly Shot[]): Promise<void> {
  await whileServing(['server', '--data', data, '--set', 'server.port=0'], async (origin) => {
    const demo = outputOf(['demo', '--data', data]);
    await untilSomeAreKept(browser, origin);
    await shoot(browser, origin, shots);
    await demo;
  });
}

async function main(): Promise<void> {
  const { positionals, values } = parseArgs({ allowPositionals: true, options: { data: { type: 'string' } } });
  const wanted = (shots: readonly Shot[]): readonly Shot[] =>
    positionals.length === 0 ? shots : shots.filter(({ name }) => positionals.some((one) => name.startsWith(one)));
  const chromium = findChromium();
  if (chromium === null) throw new Error(`Expected a browser but there is ${NO_CHROMIUM}`);
  await mkdir(IMAGES, { recursive: true });
  const folder = await mkdtemp(path.join(tmpdir(), 'winnow-shots-'));
  const data = values.data ?? path.join(folder, 'data');
  const on = ['--collection', 'demo', '--data', data];
  const browser = await openBrowser(chromium);
  try {
    if (values.data === undefined) await runDemo(browser, data, wanted(RUNNING));
    // A second revision, so that the page of revisions has a change to show: the photos without conditions.
    const open = ['--licences', 'CC0-1.0,Public-Domain'];
    await outputOf(['export', '--out', path.join(folder, 'open'), ...open, ...on]);
    // The report of the demo does not know that revision.
    const clean = ['--clean', path.join(ROOT, 'assets', 'demo', 'clean')];
    await outputOf(['report', '--out', path.join(folder, 'report'), ...clean, ...on]);
    const photo = await surestAccepted(on);
    const pages = PAGES.map((shot) => (shot.path === '/c/demo/review' ? { ...shot, path: photo } : shot));
    await whileServing(['review', ...on, '--port', '0', '--reviewer', 'Ana'], (origin) =>
      shoot(browser, origin, wanted(pages)),
    );
  } finally {
    await browser.close();
    await rm(folder, { recursive: true, force: true });
  }
}

await main();

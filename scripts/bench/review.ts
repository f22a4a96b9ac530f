import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import process from 'node:process';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import type { Browser, Page } from 'playwright-core';
import * as z from 'zod';
import { openApp } from '../../src/core/runtime/open/app.process.ts';
import { openWorkspace } from '../../src/core/models/workspace/workspace.process.ts';
import { usableCollection } from '../../src/core/collection/collection.process.ts';
import { loadConfig } from '../../src/core/config/load-config.ts';
import { openLogger } from '../../src/core/platform/log/logger.ts';
import { findChromium, NO_CHROMIUM, openBrowser } from '../../test/support/browser.ts';
import { withComment } from '../../test/support/copies.ts';
import { makeShortlistOf } from '../../test/support/made-shortlist.ts';
import { until } from '../../test/support/until.ts';
import { photosToServe } from './photos.ts';
import { hostOfRun, writeReport } from './report.ts';
import { median } from './statistics.ts';

const PROGRAM = fileURLToPath(new URL('../../src/cli/winnow.cjs', import.meta.url));
const COLLECTION = 'imagenet-a';
/** Longer side of the photos, in pixels. */
const SIDE = 1_024;
const WINDOW = { width: 1_440, height: 900 };
/** Photos that are decided before the ones that count. */
const WARM_UP = 5;
/** More photos than the page prepares ahead. */
const AHEAD = 40;
const NEXT_PHOTO_TIMEOUT_MS = 30_000;
/** A person looks at each photo for longer than this. */
const LOOK_MS = 300;

export interface ReviewBench {
  /** Sizes of the collections: listed photos. */
  readonly photos: readonly number[];
  readonly decisions: number;
  readonly out: string;
  readonly signal: AbortSignal;
}

/** Times from a key to the next photo on the screen, in milliseconds. */
interface Result {
  readonly what: string;
  readonly medianMs: number;
  readonly p95Ms: number;
}

/** Measures how long a reviewer waits for the next photo after a decision, in a real browser. */
export async function benchReview(bench: ReviewBench): Promise<void> {
  const program = findChromium();
  if (program === null) throw new Error(NO_CHROMIUM);
  const browser = await openBrowser(program);
  const results: Result[] = [];
  const add = (what: string, times: readonly number[]): void => {
    const sorted = times.toSorted((a, b) => a - b);
    const p95Ms = sorted[Math.ceil(0.95 * sorted.length) - 1] ?? Number.NaN;
    results.push({ what, medianMs: median(times), p95Ms });
    console.log(`${what.padEnd(24)} median ${median(times).toFixed(1)} ms, 95th percentile ${p95Ms.toFixed(1)} ms`);
  };
  try {
    for (const photos of bench.photos)
      add(`winnow, ${photos} photos`, await measureWinnow(browser, { ...bench, photos }));
  } finally {
    await browser.close();
  }
  await writeReport(bench.out, { benchmark: 'review', host: hostOfRun(), decisions: bench.decisions, results });
}

/** The photos that are decided. */
async function photosToDecide(count: number): Promise<Buffer[]> {
  const photos = await photosToServe(SIDE);
  return Array.from({ length: count }, (_, i) =>
    withComment(photos[i % photos.length] ?? Buffer.alloc(0), `photo ${i}`),
  );
}

type Measured = Pick<ReviewBench, 'decisions' | 'signal'>;

async function measureWinnow(
  browser: Browser,
  { photos, decisions, signal }: Measured & { readonly photos: number },
): Promise<number[]> {
  const data = await mkdtemp(path.join(tmpdir(), 'winnow-bench-review-'));
  try {
    await makeData(data, { photos, first: await photosToDecide(decisions + WARM_UP + AHEAD) });
    const flags = ['--collection', COLLECTION, '--data', data, '--reviewer', 'bench', '--port', '0', '--json'];
    const server = spawn(process.execPath, [PROGRAM, 'review', ...flags], {
      stdio: ['ignore', 'pipe', 'inherit'],
      signal,
    });
    try {
      const [line] = await once(createInterface(server.stdout), 'line');
      const { url } = z.object({ url: z.string() }).parse(JSON.parse(String(line)));
      const page = await browser.newPage({ viewport: WINDOW });
      await page.goto(url);
      await page.waitForSelector('[data-ready]');
      const times = await measureKeys(page, { decisions, press: (i) => page.keyboard.press(i % 2 === 0 ? 'a' : 'x') });
      await page.close();
      return times;
    } finally {
      server.kill('SIGTERM');
      await once(server, 'exit');
    }
  } finally {
    await rm(data, { recursive: true });
  }
}

async function makeData(
  dataDir: string,
  shortlist: { readonly photos: number; readonly first: readonly Buffer[] },
): Promise<void> {
  const { config } = await loadConfig({ argvSettings: [], configFile: undefined, collectionSettings: undefined });
  const log = openLogger({ level: 'warn', format: 'text' }, process.stderr);
  const app = await openApp({ config, log, dataDir, clientName: 'bench' });
  try {
    await makeShortlistOf(await openWorkspace(app, (await usableCollection(COLLECTION)).collection), shortlist);
  } finally {
    await app.close();
  }
}

interface Keys {
  readonly decisions: number;
  /** Decides the photo that is shown. */
  readonly press: (number: number) => Promise<void>;
}

/** Decides photos by keys. Each time ends with the frame after the one in which another photo is the largest picture. */
async function measureKeys(page: Page, { decisions, press }: Keys): Promise<number[]> {
  await page.evaluate(WATCH_PHOTOS);
  const times: number[] = [];
  for (let i = 0; i < decisions + WARM_UP; i += 1) {
    await press(i);
    // The page's policy refuses functions made of text, which Playwright's own wait would need.
    let tookMs: number | null = null;
    await until(
      async () => (tookMs = await page.evaluate<number | null>('benchTime()')) !== null,
      NEXT_PHOTO_TIMEOUT_MS,
    );
    times.push(tookMs ?? Number.NaN);
    await page.waitForTimeout(LOOK_MS);
  }
  return times.slice(WARM_UP);
}

/** Runs in the page, which knows no TypeScript: notes the last key, and when another photo was painted after it. */
const WATCH_PHOTOS = `(() => {
  let shown = '';
  let pressedAtMs = null;
  let tookMs = null;
  addEventListener('keydown', (event) => {
    if (event.key === 'Control') return;
    pressedAtMs = event.timeStamp;
    tookMs = null;
  }, true);
  const look = () => {
    const [largest] = [...document.images]
      .filter((image) => image.complete && image.naturalWidth > 0 && image.width * image.height > 40000)
      .sort((a, b) => b.width * b.height - a.width * a.height);
    const source = largest?.currentSrc ?? '';
    if (source !== '' && source !== shown) {
      shown = source;
      const startedAtMs = pressedAtMs;
      if (startedAtMs !== null) requestAnimationFrame((nowMs) => (tookMs = nowMs - startedAtMs));
    }
    requestAnimationFrame(look);
  };
  globalThis.benchTime = () => tookMs;
  look();
})()`;

import type { Browser, Page } from 'playwright-core';
import { afterAll, beforeAll, expect, it } from 'vitest';
import type { HumanAccuracy } from '../../src/kernel/human-accuracy.ts';
import { findChromium, NO_CHROMIUM, openBrowser } from '../support/browser.ts';
import { portOfItsOwn } from '../support/free-port.ts';
import { suiteFolder } from '../support/process-tree.ts';
import { makeReviewedSet, type ReviewedSet } from '../support/reviewed-set.ts';
import { useSharedServer } from '../support/shared-server.ts';
import { until } from '../support/until.ts';
import { startWinnow, winnow, type RunningCommand } from '../support/winnow.ts';

useSharedServer();
const folder = suiteFolder();
const chromium = findChromium();
const PHOTOS = 6;

let set: ReviewedSet;
let browser: Browser | undefined;
let port = 0;
let server: RunningCommand | undefined;

const flags = (): string[] => ['--collection', set.collection, '--data', set.data];

async function startQuiz(): Promise<void> {
  const options = ['--reviewer', 'Dora', '--photos', String(PHOTOS), '--port', String(port)];
  server = startWinnow(['quiz', ...options, ...flags(), '--json']);
  await until(async () => (await fetch(`http://127.0.0.1:${port}/ready`).catch(() => null))?.ok === true);
}

beforeAll(async () => {
  if (chromium === null) return;
  set = await makeReviewedSet(folder.at());
  port = await portOfItsOwn();
  await startQuiz();
  browser = await openBrowser(chromium);
});

afterAll(async () => {
  await browser?.close();
  server?.killGroup('SIGTERM');
  await server?.result;
});

const shown = (page: Page, text: string): Promise<void> => page.getByText(text, { exact: true }).waitFor();

/** Types the beginning of a class and takes the first match. */
async function name(page: Page): Promise<void> {
  const photo = page.locator('[data-photo]');
  await until(() => photo.evaluate((image) => Boolean(Reflect.get(image, 'complete'))));
  await page.getByRole('combobox').pressSequentially('goldfi');
  await page.keyboard.press('Enter');
}

it('a person names photos by keys, and each answer is stored once, through a reload, a second tab and a killed server', async (context) => {
  if (browser === undefined) {
    context.skip(NO_CHROMIUM);
    return;
  }
  const tabs = await browser.newContext();
  const page = await tabs.newPage();
  const failures: string[] = [];
  page.on('pageerror', (error) => failures.push(error.message));
  await page.goto(`http://127.0.0.1:${port}/c/tiny/quiz`);
  await page.getByRole('button', { name: 'Start' }).waitFor();
  const before = await page.getByText('for practice').first().textContent();
  const practice = Number(/(\d+) photos? (?:is|are) for practice/.exec(before ?? '')?.[1]);
  await page.keyboard.press('Enter');
  for (let i = 1; i <= practice; i += 1) {
    await shown(page, `Practice ${i} of ${practice}`);
    await name(page);
    await page.locator('.searched').waitFor();
    await page.keyboard.press('Enter');
  }
  await shown(page, `Photo 1 of ${PHOTOS}`);
  await name(page);
  await shown(page, `Photo 2 of ${PHOTOS}`);
  expect(await page.locator('.searched').count()).toBe(0);
  await page.reload();
  await shown(page, `Photo 2 of ${PHOTOS}`);
  const second = await tabs.newPage();
  await second.goto(page.url());
  await shown(second, `Photo 2 of ${PHOTOS}`);
  await name(page);
  await shown(page, `Photo 3 of ${PHOTOS}`);
  await name(second);
  await shown(second, `Photo 3 of ${PHOTOS}`);
  await second.close();

  server?.killGroup('SIGKILL');
  await server?.result;
  await name(page);
  await page.getByText('The page tries again').waitFor();
  await page.close();
  await startQuiz();
  // The browser has kept the answer that was not sent.
  const later = await tabs.newPage();
  await later.goto(`http://127.0.0.1:${port}/c/tiny/quiz`);
  for (let i = 4; i <= PHOTOS; i += 1) {
    await shown(later, `Photo ${i} of ${PHOTOS}`);
    await name(later);
  }
  await shown(later, 'That was the last photo');
  expect(failures).toEqual([]);
  const { stdout } = await winnow(['quiz', 'results', ...flags(), '--json']);
  const { people, pooled }: HumanAccuracy = JSON.parse(stdout);
  expect(people).toMatchObject([{ reviewer: 'Dora', photos: PHOTOS }]);
  expect(pooled.set).toMatchObject({ photos: PHOTOS, answers: PHOTOS, people: 1 });
});

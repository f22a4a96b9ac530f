import { afterAll, beforeAll, expect, it } from 'vitest';
import type { ReviewEvent } from '../../src/core/review/events/event.ts';
import type { VerdictLine } from '../../src/core/review/events/verdict-line.ts';
import { findChromium, NO_CHROMIUM, openBrowser } from '../support/browser.ts';
import { makeColouredShortlist } from '../support/coloured-shortlist.ts';
import { inOutput } from '../support/in-output.ts';
import { suiteFolder } from '../support/process-tree.ts';
import { useSharedServer } from '../support/shared-server.ts';
import { until } from '../support/until.ts';
import { jsonLines, startWinnow, winnow, type RunningCommand } from '../support/winnow.ts';

useSharedServer();
const folder = suiteFolder();
const chromium = findChromium();
const TENCH = 'n01440764';
const SHARK = 'n01484850';
const GOLDFISH = 'n01443537';
const flags = (): string[] => ['--collection', 'demo', '--data', folder.at('data')];
let review: RunningCommand | undefined;

beforeAll(async () => {
  if (chromium === null) return;
  const { app } = await makeColouredShortlist(folder.at('data'), { [TENCH]: 2, [GOLDFISH]: 1 }, () => SHARK);
  await app.close();
  review = startWinnow([
    'review',
    ...flags(),
    '--port',
    '0',
    '--reviewer',
    'ana',
    '--json',
    '--set',
    'review.secondPass=0',
  ]);
});

afterAll(async () => {
  review?.killGroup('SIGTERM');
  await review?.result;
});

it('further classes are chosen at the keyboard, and stored once through undo, redo and a reload', async (context) => {
  context.skip(chromium === null, NO_CHROMIUM);
  if (chromium === null || review === undefined) throw new Error('Expected a server and a browser');
  const { url } = JSON.parse(await inOutput(review.child, /^(.*)\n/)) as { url: string };
  const browser = await openBrowser(chromium);
  try {
    const page = await browser.newPage();
    const said = page.locator('.said');
    const press = async (...keys: string[]): Promise<void> => {
      for (const key of keys) await page.keyboard.press(key);
    };
    await page.goto(url);
    await page.locator('main[data-ready] [data-photo]').waitFor();
    const first = page.url();
    await press('e');
    // The models' predictions come first. The class of the photo is not offered.
    await page.locator('.class-picker li').first().waitFor();
    await press('ArrowDown', 'Enter');
    await page.keyboard.type('goldf');
    // The names are read when the field opens, which takes a while on a busy machine. Enter picks nothing before.
    await page.getByRole('option', { name: 'goldfish' }).first().waitFor();
    await press('Enter');
    await page.keyboard.type('tench');
    await page.getByText('No class has this name.').waitFor();
    for (let i = 0; i < 'tench'.length; i += 1) await press('Backspace');
    await press('Enter');
    await expect.poll(() => said.innerText()).toMatch(/\+ \p{Cf}goldfish\p{Cf}\s+\+ \p{Cf}great white shark\p{Cf}/u);
    await press('a', 'Backspace', 'Backspace');
    await expect.poll(() => said.innerText()).not.toContain('goldfish');
    await press('Control+Shift+Z', 'Control+Shift+Z');
    // The page shows the next photo, and its address names it.
    await expect.poll(() => page.url()).not.toBe(first);
    await page.reload();
    await page.locator('main[data-ready] [data-photo]').waitFor();
    await press('e');
    await page.locator('.class-picker input').waitFor();
    await page.keyboard.type('goldf');
    await press('Enter', 'Escape', 'x');
    await until(async () => (await events()).length === 7);
  } finally {
    await browser.close();
  }
  expect((await events()).map(({ kind, undoes }) => [kind, undoes])).toEqual([
    ['also', null],
    ['verdict', null],
    ['undo', 2],
    ['undo', 1],
    ['redo', 4],
    ['redo', 3],
    ['verdict', null],
  ]);
  const { stdout } = await winnow(['verdicts', ...flags(), '--json']);
  const named = jsonLines<VerdictLine>(stdout).map(({ state, alsoWnids }) => [state, alsoWnids]);
  expect(named).toContainEqual(['accepted', [GOLDFISH, SHARK]]);
  expect(named).toContainEqual(['rejected', []]);
});

async function events(): Promise<ReviewEvent[]> {
  return jsonLines<ReviewEvent>((await winnow(['verdicts', ...flags(), '--events', '--json'])).stdout);
}

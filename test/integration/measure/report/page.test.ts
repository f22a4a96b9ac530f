import { writeFile } from 'node:fs/promises';
import { pathToFileURL } from 'node:url';
import type { Browser, Page } from 'playwright-core';
import sharp from 'sharp';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { suiteFolder } from '../../../support/process-tree.ts';
import { reportHtml } from '../../../../src/measure/report/report-html.tsx';
import { overflowOf, violationsOn } from '../../../support/accessibility.ts';
import { findChromium, NO_CHROMIUM, openBrowser } from '../../../support/browser.ts';
import { madeReport, type MadeReport } from '../../../support/made-report.ts';
import { errorsOfHtml, hasChecker, NO_CHECKER } from '../../../support/w3c.ts';

const chromium = findChromium();
const KINDS: readonly (readonly [string, MadeReport])[] = [
  ['mode A', {}],
  ['mode O', { mode: 'O' }],
  ['hostile texts', { isHostile: true }],
  ['200 classes', { classes: 200, outsiders: 5 }],
  ['no photo', { photos: 0, outsiders: 0, hasClean: false }],
];

let browser: Browser | undefined;
const folder = suiteFolder();

beforeAll(async () => {
  if (chromium === null) return;
  browser = await openBrowser(chromium);
  const picture = await sharp({ create: { width: 64, height: 48, channels: 3, background: '#4a7' } })
    .webp()
    .toBuffer();
  const address = `data:image/webp;base64,${picture.toString('base64')}`;
  for (const [what, options] of KINDS)
    await writeFile(
      folder.at(`${what}.html`),
      reportHtml(madeReport(options), () => address),
    );
});
afterAll(async () => browser?.close());

async function open(
  what: string,
  options: Parameters<Browser['newPage']>[0],
): Promise<{ page: Page; asked: string[]; problems: string[] }> {
  const page = await browser?.newPage(options);
  if (page === undefined) throw new Error('no browser');
  const asked: string[] = [];
  const problems: string[] = [];
  page.on('request', (request) => asked.push(request.url().slice(0, 40)));
  page.on('console', (message) => problems.push(message.text()));
  page.on('pageerror', (error) => problems.push(error.message));
  await page.goto(pathToFileURL(folder.at(`${what}.html`)).href);
  return { page, asked, problems };
}

describe('report.html in a browser', () => {
  beforeEach((context) => {
    if (chromium === null) context.skip(NO_CHROMIUM);
  });

  it.each(KINDS.map(([what]) => what))('asks the network for nothing and shows all pictures: %s', async (what) => {
    const { page, asked, problems } = await open(what, { javaScriptEnabled: false });
    expect(asked.filter((address) => !address.startsWith('data:'))).toHaveLength(1);
    expect(problems).toEqual([]);
    await page.close();
  });

  it.each(KINDS.slice(0, 2).map(([what]) => what))('is accessible in light and in dark colours: %s', async (what) => {
    const { page } = await open(what, { colorScheme: 'light', viewport: { width: 1_280, height: 900 } });
    expect(await violationsOn(page)).toEqual([]);
    await page.emulateMedia({ colorScheme: 'dark' });
    expect(await violationsOn(page, 'colours')).toEqual([]);
    await page.close();
  });

  it.each(KINDS.map(([what]) => what))('cuts nothing off at 320 pixels: %s', async (what) => {
    const { page } = await open(what, { viewport: { width: 320, height: 700 } });
    await page.evaluate('document.querySelectorAll("details").forEach((one) => { one.open = true; })');
    expect(await overflowOf(page)).toBe(0);
    const cut: string[] = await page.evaluate(
      `[...document.querySelectorAll('main *')].filter((one) => !one.closest('.unseen, thead, svg') && one.getBoundingClientRect().right > 320.5).map((one) => one.outerHTML.slice(0, 120))`,
    );
    expect(cut).toEqual([]);
    // The same rules hold for a report of any size, and looking at thousands of rows takes half a minute.
    expect(what === '200 classes' ? [] : await violationsOn(page)).toEqual([]);
    await page.close();
  });

  it('has no text in a chart that runs out of it or over another', async () => {
    const { page } = await open('200 classes', { viewport: { width: 1_280, height: 900 } });
    const found: string[] = await page.evaluate(`[...document.querySelectorAll('svg.chart')].flatMap((chart) => {
      const frame = chart.getBoundingClientRect();
      const texts = [...chart.querySelectorAll('text')].filter((one) => one.textContent !== '').map((one) => [one.textContent, one.getBoundingClientRect()]);
      const name = chart.querySelector('title').textContent;
      const out = texts.filter(([, box]) => box.left < frame.left - 2 || box.right > frame.right + 2).map(([text]) => name + ': out: ' + text);
      const over = texts.flatMap(([text, a], i) => texts.slice(i + 1).filter(([, b]) =>
        Math.min(a.right, b.right) - Math.max(a.left, b.left) > 2 && Math.min(a.bottom, b.bottom) - Math.max(a.top, b.top) > 4).map(([other]) => name + ': ' + text + ' over ' + other));
      return [...out, ...over];
    })`);
    expect(found).toEqual([]);
    await page.close();
  });
});

describe('report.html', () => {
  it('has no error that the checker of the W3C can find', async (context) => {
    if (!hasChecker) context.skip(NO_CHECKER);
    const pages = new Map(KINDS.map(([what, options]) => [what, reportHtml(madeReport(options), () => 'photo.webp')]));
    expect(await errorsOfHtml(pages)).toEqual([]);
  });
});

import { execFileSync } from 'node:child_process';
import { mkdir, writeFile } from 'node:fs/promises';
import type { Browser, Page } from 'playwright-core';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import type { ExportResult } from '../../src/export/export.process.ts';
import type { Verification } from '../../src/export/verify/findings.ts';
import { countOf } from '../../src/kernel/texts.ts';
import { overflowOf, violationsOn } from '../support/accessibility.ts';
import { findChromium, NO_CHROMIUM, openBrowser } from '../support/browser.ts';
import { freePort } from '../support/free-port.ts';
import { suiteFolder } from '../support/process-tree.ts';
import { makeReviewedSet, type ReviewedSet } from '../support/reviewed-set.ts';
import { useSharedServer } from '../support/shared-server.ts';
import { until } from '../support/until.ts';
import { startWinnow, winnow, type RunningCommand } from '../support/winnow.ts';

useSharedServer();
const folder = suiteFolder();
const chromium = findChromium();

let set: ReviewedSet;
let browser: Browser | undefined;
let server: RunningCommand | undefined;
let url = '';
let newest = '';

const flags = (): string[] => ['--collection', set.collection, '--data', set.data];

async function exportTo(name: string, ...more: string[]): Promise<ExportResult> {
  const { code, stdout, stderr } = await winnow(['export', '--out', folder.at(name), ...flags(), '--json', ...more]);
  expect([code, stderr]).toEqual([0, '']);
  return JSON.parse(stdout);
}

/** Two people judge once more, so that photos come and go. */
async function judgeAgain(): Promise<void> {
  const lines = set.listed.flatMap(({ sha256, wnid }, i) => {
    if (i === set.listed.length - 2) return [`${sha256},${wnid},accept,,Zoë Reviewer`];
    return i % 3 === 1 && i < set.listed.length - 2 ? [`${sha256},${wnid},reject,wrong-class,Cid Reviewer`] : [];
  });
  const table = folder.at('again.csv');
  await writeFile(table, ['sha256,wnid,verdict,reason,reviewer', ...lines].join('\n'));
  expect(await winnow(['verdicts', 'import', table, ...flags()])).toMatchObject({ code: 0 });
}

async function openPage(options: object = {}): Promise<Page> {
  if (browser === undefined) throw new Error('Expected a browser');
  const page = await browser.newPage(options);
  await page.goto(`${url}/c/tiny/revisions`);
  await page.locator('.revision').first().waitFor();
  return page;
}

beforeAll(async () => {
  if (chromium === null) return;
  set = await makeReviewedSet(folder.at());
  await exportTo('v1');
  await judgeAgain();
  newest = (await exportTo('v2', '--format', 'webdataset,coco', '--thumbnails')).id.slice(0, 12);
  const port = await freePort();
  server = startWinnow(['server', ...flags(), '--set', `server.port=${port}`, '--set', 'review.secondPass=0']);
  url = `http://127.0.0.1:${port}`;
  await until(async () => (await fetch(`${url}/ready`).catch(() => null))?.ok === true);
  browser = await openBrowser(chromium);
});

afterAll(async () => {
  await browser?.close();
  server?.child.kill('SIGTERM');
  await server?.result;
});

describe('the page of revisions in Chromium', () => {
  beforeEach((context) => {
    if (chromium === null) context.skip(NO_CHROMIUM);
  });

  it('has no violation that axe can find in light and dark colours, folded out, and needs no scrolling to the right in a window of 320 pixels', async () => {
    const page = await openPage({ colorScheme: 'light' });
    await page.locator('details.changes summary').click();
    expect(await violationsOn(page)).toEqual([]);
    await page.emulateMedia({ colorScheme: 'dark' });
    expect(await violationsOn(page, 'colours')).toEqual([]);
    // WCAG 2.2, 1.4.10: a window of 1,280 x 1,024 pixels at 400 %.
    await page.setViewportSize({ width: 320, height: 256 });
    await page.reload();
    await page.locator('details.changes summary').click();
    await expect.poll(() => overflowOf(page)).toBe(0);
    await page.close();
  });

  it('is reached from the bar of the dashboard by keyboard, and folds out what changed', async () => {
    if (browser === undefined) throw new Error('Expected a browser');
    const page = await browser.newPage();
    await page.goto(`${url}/c/tiny/`);
    await page.getByRole('link', { name: 'Revisions' }).press('Enter');
    await page.getByRole('heading', { name: newest }).waitFor();
    const changes = page.locator('details.changes');
    await changes.locator('summary').press('Enter');
    expect(await changes.locator('th small').first().isVisible()).toBe(true);
    expect(await changes.textContent()).toContain('disputed');
    await page.close();
  });

  it('leads to the review, whose bar leads back', async () => {
    const page = await openPage({ viewport: { width: 1_440, height: 900 } });
    await page.getByRole('link', { name: 'Review', exact: true }).click();
    await page.getByLabel('Name').fill('Ana');
    await page.keyboard.press('Enter');
    await page.locator('main[data-ready]').waitFor();
    await page.getByRole('link', { name: 'Revisions' }).click();
    await page.getByRole('heading', { name: newest }).waitFor();
    expect(page.url()).toBe(`${url}/c/tiny/revisions`);
    await page.close();
  });

  it('downloads an archive that unpacks to the revision', async () => {
    const page = await openPage();
    const [download] = await Promise.all([
      page.waitForEvent('download'),
      page.getByRole('link', { name: 'Download tar' }).first().click(),
    ]);
    expect(download.suggestedFilename()).toBe(`tiny-${newest}.tar`);
    await mkdir(folder.at('unpacked'));
    execFileSync('tar', ['-xf', await download.path(), '-C', folder.at('unpacked')]);
    const cwd = folder.at('unpacked', `tiny-${newest}`);
    execFileSync('sha256sum', ['--check', '--strict', '--quiet', 'SHA256SUMS'], { cwd });
    await page.close();
  });

  it('verifies a revision as the command does, and shows the result without being loaded again', async () => {
    const { stdout } = await winnow(['verify', folder.at('v2'), '--sample', '100', '--json']);
    const { breaches, checks } = JSON.parse(stdout) as Verification;
    const page = await openPage();
    const first = page.locator('.verified').first();
    await first.getByRole('button', { name: 'Verify' }).click();
    const found = breaches.length === 0 ? 'no breaches' : countOf(breaches.length, 'breach', 'breaches');
    await first.getByText(`${found} in ${checks} kinds of checks`).waitFor({ timeout: 120_000 });
    expect(await first.getByRole('button', { name: 'Verify again' }).isVisible()).toBe(true);
    await page.close();
  });
});

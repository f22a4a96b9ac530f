import { execFile, spawn } from 'node:child_process';
import { cp, mkdir, readdir } from 'node:fs/promises';
import path from 'node:path';
import { promisify } from 'node:util';
import type { Page } from 'playwright-core';
import { afterAll, describe, expect, it } from 'vitest';
import { attachEmbedded, type EmbeddedPostgres } from '../../src/core/platform/postgres/embedded/attach.ts';
import { findChromium, NO_CHROMIUM, openBrowser } from '../support/browser.ts';
import { inOutput } from '../support/in-output.ts';
import { suiteFolder } from '../support/process-tree.ts';
import { silentLog } from '../support/silent-log.ts';
import { repositoryRoot } from '../support/winnow.ts';

/** Ten classes of the demo, each in a folder with the class's name, as a newcomer has them. One photo of each is enough here. */
const CLASSES = {
  bannister: 'n02788148',
  church: 'n03028079',
  dome: 'n03220513',
  goldfish: 'n01443537',
  hen: 'n01514859',
  monastery: 'n03781244',
  'stone wall': 'n04326547',
  thatch: 'n04417672',
  'typewriter keyboard': 'n04505470',
  warplane: 'n04552348',
};
const START = `node ${path.join(repositoryRoot, 'src', 'cli', 'winnow.cjs')}`;
const folder = suiteFolder();
let server: EmbeddedPostgres | undefined;
afterAll(() => server?.detach());
const shell = {
  env: { PATH: process.env['PATH'], HOME: process.env['HOME'], WINNOW_FILTER_THREADS: '1' },
};

/** Types a line into a shell. */
async function typed(line: string): Promise<{ readonly code: number; readonly told: string }> {
  const ended = await promisify(execFile)('sh', ['-c', line], { ...shell, cwd: folder.at() }).then(
    ({ stdout }) => ({ code: 0, told: stdout }),
    (error: { code: number; stdout: string; stderr: string }) => ({ ...error, told: error.stdout + error.stderr }),
  );
  return { code: ended.code, told: ended.told };
}

/** The first command of a kind that a text tells to type. */
function commandIn(text: string, name: string): string {
  const found = new RegExp(`${START} ${name} [^\\n]*`).exec(text)?.[0];
  if (found === undefined) throw new Error(`Expected a command 'winnow ${name}' in:\n${text}`);
  return found;
}

/** Gives a name, accepts by key, rejects with the mouse, and returns the commands that the page names at the end. */
async function reviewAll(page: Page, url: string): Promise<string> {
  await page.goto(url);
  await page.getByLabel('Name').fill('Ana');
  await page.keyboard.press('Enter');
  const photo = page.locator('main[data-ready] [data-photo]');
  const end = page.locator('.calm', { hasText: 'Every photo has its verdict' });
  const next = photo.or(end).first();
  let shown: string | null = null;
  for (let i = 0; ; i += 1) {
    await page.locator(`[data-photo]:not([data-photo="${shown}"])`).or(end).first().waitFor();
    shown = await next.getAttribute('data-photo');
    if (shown === null) break;
    if (i === 1) await page.getByRole('button', { name: /^Wrong class/i }).click();
    else await page.keyboard.press('a');
  }
  // The page names the next step once the server has all verdicts.
  await page.locator('.calm code').first().waitFor();
  return (await page.locator('.calm code').allInnerTexts()).join('\n');
}

describe('a newcomer with a folder for each of ten classes, who types only what winnow says', () => {
  it('comes from the folder to a verified set and its report', { timeout: 300_000 }, async (context) => {
    const chromium = findChromium();
    context.skip(chromium === null, NO_CHROMIUM);
    await mkdir(folder.at('photos'));
    for (const [name, wnid] of Object.entries(CLASSES)) {
      const from = path.join(repositoryRoot, 'assets/demo/photos', wnid);
      const [photo = ''] = (await readdir(from)).toSorted();
      await cp(path.join(from, photo), folder.at('photos', name, photo));
    }

    const init = await typed(`${START} collection init own --from photos`);
    const run = await typed(commandIn(init.told, 'run'));
    expect([init.code, run.code]).toEqual([0, 0]);
    // As a client of the server, the test keeps it from starting and stopping with each command.
    server = await attachEmbedded({ dataDir: folder.at('data'), clientName: 'test', log: silentLog });

    const review = spawn('sh', ['-c', `exec ${commandIn(run.told, 'review')}`], { ...shell, cwd: folder.at() });
    const browser = await openBrowser(chromium ?? '');
    let end = '';
    try {
      end = await reviewAll(await browser.newPage(), await inOutput(review, /(http:\S+\/review)/));
      // The page sends the last verdicts while the end is shown.
      const unreviewed = async () => /"unreviewed":(\d+)/.exec((await typed(`${START} status --json`)).told)?.[1];
      await expect.poll(unreviewed).toBe('0');
    } finally {
      await browser.close();
      review.kill('SIGINT');
    }

    const rights = await typed(commandIn(end, 'rights set'));
    const again = await typed(commandIn(rights.told, 'export'));
    const verified = await typed(commandIn(again.told, 'verify'));
    const report = await typed(commandIn(verified.told, 'report'));
    expect([rights.code, again.code, verified.code, report.code]).toEqual([0, 0, 0, 0]);
    expect(again.told).toMatch(/^\d+ photos in \d+ classes.*\nleft out: rejected 1$/m);
    expect(report.told).toContain('report.html');
    expect(commandIn(verified.told, 'publish')).toContain('--to');
  });
});

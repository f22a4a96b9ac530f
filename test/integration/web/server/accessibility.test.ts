import { mkdir } from 'node:fs/promises';
import path from 'node:path';
import type { Browser, Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { recordActivity } from '../../../../src/core/runtime/activity/activity.repository.ts';
import { shortlistFolder } from '../../../../src/core/shortlist/shortlist-files.process.ts';
import { replaceFile } from '../../../../src/core/platform/disk/replace-file.ts';
import { pauseStages } from '../../../../src/core/collection/pause.repository.ts';
import { storeSession } from '../../../../src/web/server/access/session.repository.ts';
import { buildShortlist } from '../../../../src/core/shortlist/make-shortlist.process.ts';
import { contactSheet } from '../../../../src/core/shortlist/contact-sheet.tsx';
import { shortlistClass } from '../../../../src/core/shortlist/shortlist.ts';
import { overflowOf, violationsOn } from '../../../support/accessibility.ts';
import { sha256Of } from '../../../support/sha256.ts';
import { findChromium, NO_CHROMIUM, openBrowser } from '../../../support/browser.ts';
import { keptPhoto } from '../../../unit/core/shortlist/sample-rows.ts';
import { candidate, decideAs, fetched, kept, store } from '../../../support/catalogue-fixtures.ts';
import { answerQuiz, drawQuiz, readQuiz } from '../../../../src/core/review/quiz/quiz.process.ts';
import { ask, JSON_BODY, NO_TOKENS, useDashboard } from './support.ts';
import { errorsOfHtml, hasChecker, NO_CHECKER } from '../../../support/w3c.ts';
import { sampleRights } from '../../../support/sample-rights.ts';

const dashboard = useDashboard();
const chromium = findChromium();
const TENCH = 'n01440764';
const GOLDFISH = 'n01443537';
/** A name that is too long for one line of a telephone. */
const LONG = 'a class with a name that needs several lines, such as great grey owl or great gray owl';

interface TestedPage {
  readonly what: string;
  readonly path: string;
  /** Present once the page shows what it has to show. */
  readonly ready: string;
  readonly needsToken?: boolean;
  /** The name that the browser has chosen. */
  readonly reviewer?: string;
}

const PAGES: readonly TestedPage[] = [
  { what: 'the list of collections', path: '/', ready: '.collections .funnel' },
  { what: 'a dashboard', path: '/c/demo/', ready: '.confusion-cards li' },
  { what: 'the form to log in', path: '/login', ready: 'form', needsToken: true },
  { what: 'a contact sheet', path: '/c/demo/sheet/shortlist.html', ready: 'main.sheet' },
  ...[
    ['one photo of a review', ''],
    ['the grid of a review', '/grid'],
    ['the classes of a review', '/classes'],
    ['one class of a review', `/class/${TENCH}`],
    ['the disputes of a review', '/disputes'],
    ['the agreement of a review', '/agreement'],
  ].map(([what = '', end = '']) => ({ what, path: `/c/demo/review${end}`, ready: 'main[data-ready]' })),
  { what: 'the gallery', path: '/c/demo/photos', ready: 'main[data-ready] .tile .searched' },
  { what: 'the card of a photo', path: '/c/demo/photos?photo=1', ready: '.photo-card .credit-of' },
  { what: 'a photo of a quiz', path: '/c/demo/quiz', ready: '.quiz-page[data-ready] .choices', reviewer: 'cleo' },
  { what: 'a page that waits for the answers of a quiz', path: '/c/demo/report', ready: 'form', reviewer: 'cleo' },
  { what: 'a collection without revisions', path: '/c/demo/revisions', ready: 'main.revisions' },
  { what: 'the guide to reviewing', path: '/help/reviewing', ready: '.guide table' },
  { what: 'the queues', path: '/queues', ready: 'main[data-ready] [data-queue]' },
  { what: 'the activity log', path: '/activity', ready: 'main.activity .sessions button' },
  { what: 'a page that cannot be shown', path: '/c/nothing/', ready: 'h1' },
];

let browser: Browser | undefined;
const servers = { open: '', guarded: '' };

async function acceptAs(client: string, names: readonly string[]): Promise<void> {
  const subjects = names.map((name) => ({ sha256: sha256Of(name), wnid: GOLDFISH }));
  const value = { verdict: 'accept', reason: null, shownBy: 'confusions' };
  const actions = [{ kind: 'verdict', sequence: 1, at: new Date().toISOString(), subjects, value }];
  const headers = { ...JSON_BODY, cookie: `winnow_reviewer=${Buffer.from(client).toString('base64url')}` };
  const request = { method: 'POST', headers, body: JSON.stringify({ client, actions }) };
  expect((await ask(servers.open, '/c/demo/api/review/actions', request)).status).toBe(200);
}

async function writeSheet(): Promise<void> {
  const { name, mode, ensemble, policy } = dashboard.workspace.collection;
  const rights = sampleRights({ creator: LONG });
  const classes = [TENCH, GOLDFISH].map((wnid, i) => {
    const photos = Array.from({ length: i + 1 }, (_, n) => keptPhoto(`${wnid} ${n}`, { wnid, maxTrueProb: n / 100 }));
    const rows = shortlistClass(photos, { cap: 9, nearDuplicateDistance: 0 });
    const shown = rows.map((row) => ({ ...row, rights, confusionName: LONG }));
    return { wnid, name: LONG, synonyms: [LONG], candidates: 3, photos: shown };
  });
  const head = { collection: name, mode, ensemble, policy, classCount: 1_000, builtAt: new Date(0), funnel: [] };
  const folder = shortlistFolder(dashboard.workspace);
  await mkdir(folder, { recursive: true });
  for (const { file, chunks } of contactSheet({ ...head, classes }, async () => null, 100))
    await replaceFile(path.join(folder, file), chunks);
}

beforeAll(async () => {
  if (chromium === null) return;
  const { app, workspace } = dashboard;
  const [a, b] = [
    await fetched(app.db, [candidate('a', { wnid: TENCH })], 'a'),
    await fetched(app.db, [candidate('b', { wnid: TENCH })], 'b'),
  ];
  const quiz = ['d', 'e'];
  const asked = await Promise.all(quiz.map((name) => fetched(app.db, [candidate(name, { wnid: GOLDFISH })], name)));
  await decideAs(app.db, workspace.scope, [kept(a, TENCH), kept(b, TENCH), ...asked.map((id) => kept(id, GOLDFISH))]);
  const refusal = { reason: 'licence-not-allowed', detail: 'all rights reserved' } as const;
  await store(app.db, [candidate('c', { wnid: GOLDFISH, url: 'https://host.example/c.jpg', refusal })]);
  await pauseStages(app.db, { stages: ['fetch'], collectionId: null, by: 'ann', endWorkers: false });
  const policy = { cap: 5, nearDuplicateDistance: 0, nearDuplicateCosine: null };
  await buildShortlist(app.db, workspace.scope, { policy, backboneId: null });
  await writeSheet();
  const doing = { who: 'ann@lab3', place: '2001:db8:0123:4567:89ab:cdef:0123:4567', action: 'takedown' } as const;
  await recordActivity(app.db, { ...doing, collection: LONG, detail: { reason: LONG.repeat(9).replaceAll(' ', '-') } });
  const until = new Date(Date.now() + 3_600_000);
  await storeSession(app.db, { id: sha256Of('session'), role: 'viewer', name: 'ann', place: doing.place, until });
  browser = await openBrowser(chromium);
  servers.open = await dashboard.serve(NO_TOKENS, { reviewer: 'ann' });
  await acceptAs('bob', quiz);
  await drawQuiz(workspace, 'cleo', { photos: 2, choices: 5 });
  const { question } = await readQuiz(workspace, 'cleo');
  if (question !== null) await answerQuiz(workspace, 'cleo', { ...question, wnid: GOLDFISH, ms: 1 });
  servers.guarded = await dashboard.serve({ ...NO_TOKENS, viewer: 'viewer-viewer-viewer-viewer' });
});

afterAll(async () => browser?.close());

async function openPage({ path: where, needsToken, reviewer }: TestedPage): Promise<Page> {
  if (browser === undefined) throw new Error('Expected a browser');
  const page = await browser.newPage({ colorScheme: 'light' });
  const url = needsToken === true ? servers.guarded : servers.open;
  const value = Buffer.from(reviewer ?? '').toString('base64url');
  if (reviewer !== undefined) await page.context().addCookies([{ name: 'winnow_reviewer', value, url }]);
  await page.goto(`${url}${where}`);
  return page;
}

describe.each(PAGES)('$what', (tested) => {
  it('has no violation that axe can find in light and dark colours, and needs no scrolling to the right in a window of 320 pixels', async (context) => {
    if (chromium === null) context.skip(NO_CHROMIUM);
    const page = await openPage(tested);
    const ready = page.locator(tested.ready).first();
    await ready.waitFor();
    expect(await violationsOn(page)).toEqual([]);
    await page.emulateMedia({ colorScheme: 'dark' });
    expect(await violationsOn(page, 'colours')).toEqual([]);
    // WCAG 2.2, 1.4.10: a window of 1,280 x 1,024 pixels at 400 %.
    await page.setViewportSize({ width: 320, height: 256 });
    await page.reload();
    await ready.waitFor();
    await expect.poll(() => overflowOf(page)).toBe(0);
    await page.close();
  });
});

describe('the pages of single jobs', () => {
  it('have a name for each button', async (context) => {
    if (chromium === null) context.skip(NO_CHROMIUM);
    const page = await openPage({ what: 'single jobs', path: '/queues/jobs/queue/winnow-fetch', ready: '' });
    await page.getByRole('button', { name: 'settings' }).waitFor();
    const buttons = await page.getByRole('button').all();
    for (const button of buttons) expect(await button.ariaSnapshot()).toMatch(/^- button "/);
    await page.close();
  });
});

describe('the pages of the server', () => {
  it('have no error that the checker of the W3C can find, as sent and as the scripts have filled them', async (context) => {
    if (chromium === null) context.skip(NO_CHROMIUM);
    if (!hasChecker) context.skip(NO_CHECKER);
    const pages = new Map<string, string>();
    for (const tested of PAGES) {
      const page = await openPage(tested);
      await page.locator(tested.ready).first().waitFor();
      pages.set(tested.what, await page.content());
      const sent = await page.request.get(page.url(), { headers: { accept: 'text/html' } });
      pages.set(`${tested.what}, as sent`, await sent.text());
      await page.close();
    }
    expect(await errorsOfHtml(pages)).toEqual([]);
  });
});

import { cp, readdir, rm, writeFile } from 'node:fs/promises';
import path from 'node:path';
import type { Browser, Page } from 'playwright-core';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { verifyFolder } from '../../src/core/export/verify/verify.process.ts';
import type { Verification } from '../../src/core/export/verify/findings.ts';
import type { HumanAccuracy } from '../../src/core/kernel/human-accuracy.ts';
import type { ReviewEvent } from '../../src/core/review/events/event.ts';
import { Copy } from '../integration/core/export/damages.ts';
import { findChromium, NO_CHROMIUM, openBrowser } from '../support/browser.ts';
import { portOfItsOwn } from '../support/free-port.ts';
import { suiteFolder } from '../support/process-tree.ts';
import { useSharedServer } from '../support/shared-server.ts';
import { until } from '../support/until.ts';
import { jsonLines, repositoryRoot, startWinnow, winnow, type RunningCommand } from '../support/winnow.ts';
import { Person, type Done } from './keyboard-person.ts';
import { QUALITY_DAMAGES } from './quality-damages.ts';

useSharedServer();
const folder = suiteFolder();
const chromium = findChromium();
const SAMPLES = path.join(repositoryRoot, 'test/fixtures/samples/photos');
const GOLDFISH = 'n01443537';
/** Most photos of these classes are right for the model: they can be controls. */
const CLASSES = ['n03160309', 'n03481172'];
/** Photos of other classes, which the filter keeps. */
const OTHERS = ['n01518878', 'n01694178', 'n01847000', 'n01945685', 'n02012849', 'n02091467'];
const flags = (): string[] => ['--collection', folder.at('quality.yaml'), '--data', folder.at('data')];

let browser: Browser | undefined;
let port = 0;
let server: RunningCommand | undefined;

async function done(args: readonly string[]): Promise<string> {
  const result = await winnow([...args, ...flags()]);
  expect(result, result.stderr).toMatchObject({ code: 0 });
  return result.stdout;
}

async function startServer(): Promise<void> {
  const settings = [`server.port=${port}`, 'review.secondPass=1', 'review.leaseMs=1000'];
  server = startWinnow(['server', ...flags(), ...settings.flatMap((one) => ['--set', one])]);
  await until(isUp);
}

const isUp = async (): Promise<boolean> =>
  (await fetch(`http://127.0.0.1:${port}/ready`).catch(() => null))?.ok === true;

beforeAll(async () => {
  if (chromium === null) return;
  for (const [i, wnid] of CLASSES.entries()) {
    await cp(path.join(SAMPLES, wnid), folder.at('photos', wnid), { recursive: true });
    for (const other of OTHERS.slice(i * 3, i * 3 + 3)) {
      const [photo = ''] = (await readdir(path.join(SAMPLES, other))).toSorted();
      await cp(path.join(SAMPLES, other, photo), folder.at('photos', wnid, `other-${photo}`));
    }
  }
  const ensemble = 'among: imagenet-1k\nensemble: [efficientnet-lite0]\npolicy: {nearDuplicateDistance: 0}';
  await writeFile(folder.at('quality.yaml'), `name: quality\nclasses: [${CLASSES.join(', ')}]\n${ensemble}\n`);
  await done(['run', '--source', 'folder', '--from', folder.at('photos')]);
  await done(['rights', 'set', '--licence', 'CC-BY-4.0', '--creator', 'Ana']);
  await done(['shortlist', '--controls', '2']);
  port = await portOfItsOwn();
  await startServer();
  browser = await openBrowser(chromium);
}, 120_000);

afterAll(async () => {
  await browser?.close();
  await stopServer();
});

/** Four photos count, and two of them are controls. */
const ASKED = 4;

async function startQuiz(): Promise<void> {
  const options = ['--reviewer', 'Dora', '--photos', String(ASKED), '--port', String(port), '--json'];
  server = startWinnow(['quiz', ...options, ...flags()]);
  await until(isUp);
}

async function stopServer(): Promise<void> {
  server?.killGroup('SIGTERM');
  await server?.result;
}

const shown = (page: Page, photo: number): Promise<void> =>
  page.getByText(`Photo ${photo} of ${ASKED}`, { exact: true }).waitFor();

/** Types the beginning of a class and takes the first match. */
async function nameClass(page: Page): Promise<void> {
  const photo = page.locator('[data-photo]');
  await until(() => photo.evaluate((image) => Boolean(Reflect.get(image, 'complete'))));
  await page.getByRole('combobox').pressSequentially('goldfi');
  await page.keyboard.press('Enter');
}

/** A person at the review page, in a browser of their own. */
async function personAt(name: string): Promise<Person> {
  const page = await (await browser?.newContext())?.newPage();
  if (page === undefined) throw new Error('Expected a browser');
  await page.goto(`http://127.0.0.1:${port}/c/quality/review`);
  await page.getByLabel('Name').fill(name);
  await page.keyboard.press('Enter');
  await page.locator('main[data-ready]').waitFor();
  return new Person(page);
}

/** The actions of a reviewer, in order. An undo names the action by its place. */
async function storedOf(reviewer: string): Promise<Done[]> {
  const all = jsonLines<ReviewEvent>(await done(['verdicts', '--events', '--json']));
  const own = all.filter((event) => event.reviewer === reviewer);
  return own.map(({ kind, sha256, wnid, value: given, undoes }) => {
    const value = kind === 'verdict' ? { ...given, isBlind: undefined } : given;
    return { kind, sha256, wnid, value, undoes: undoes === null ? null : own.findIndex(({ id }) => id === undoes) };
  });
}

/** Judges photos until each has the verdicts of two people. Photos that the other person holds come later. */
async function finish(people: readonly Person[], rejected: string): Promise<void> {
  const ended = new Set<Person>();
  while (ended.size < people.length) {
    for (const person of people.filter((one) => !ended.has(one))) {
      const { page } = person;
      const end = page.getByText('Every photo has its verdict');
      await page.locator('main[data-ready] [data-photo], .calm').first().waitFor();
      if (await end.isVisible()) ended.add(person);
      else if ((await page.locator('.calm').count()) > 0) await page.waitForTimeout(100);
      else if ((await person.shown()).sha256 === rejected) await person.decide('1', 'reject', 'wrong-class');
      else await person.decide('a', 'accept');
    }
  }
}

describe('a set with controls, which two people and a quiz judge', () => {
  beforeEach((context) => {
    if (chromium === null) context.skip(NO_CHROMIUM);
  });

  it('shows nothing of the models before a verdict, and stores each action of both people once', async () => {
    const ana = await personAt('Ana');
    const bo = await personAt('Bo');
    const { sha256, wnid } = await ana.shown();
    const evidence = `http://127.0.0.1:${port}/c/quality/api/review/evidence/${wnid}/${sha256}`;
    const members = async (): Promise<unknown[]> => (await (await ana.page.request.get(evidence)).json()).members;
    expect(await members()).toEqual([]);
    await ana.page.keyboard.press('e');
    await ana.page.locator('.class-picker input').waitFor();
    expect(await ana.page.locator('.class-picker').getByRole('option').count()).toBe(0);
    await ana.page.keyboard.press('Escape');
    await ana.alsoSees('goldf', GOLDFISH);
    await ana.decide('a', 'accept');
    await until(async () => (await members()).length > 0);
    for (let i = 0; i < 2; i += 1) await ana.undo('Backspace');
    for (let i = 0; i < 2; i += 1) await ana.redo();
    const rejected = (await ana.shown()).sha256;
    // Bo, who waits for photos, may now get all of them.
    await ana.page.reload();
    await finish([ana, bo], rejected);
    for (const [reviewer, person] of [['Ana', ana] as const, ['Bo', bo] as const]) {
      await until(async () => (await storedOf(reviewer)).length >= person.done.length, 10_000);
      expect(await storedOf(reviewer)).toEqual(person.done);
      await person.page.context().close();
    }
  });

  it('asks a third person, and stores each answer once, through a reload, a second tab and a killed server', async () => {
    await stopServer();
    await startQuiz();
    const tabs = await browser?.newContext();
    const page = await tabs?.newPage();
    if (tabs === undefined || page === undefined) throw new Error('Expected a browser');
    await page.goto(`http://127.0.0.1:${port}/c/quality/quiz`);
    await page.getByRole('button', { name: 'Start' }).waitFor();
    await page.keyboard.press('Enter');
    await page.getByText(/^Practice 1 of \d+$/).waitFor();
    while (!(await page.getByText(`Photo 1 of ${ASKED}`, { exact: true }).isVisible())) {
      await nameClass(page);
      await page.locator('.searched').waitFor();
      await page.keyboard.press('Enter');
      await page.locator('.searched').waitFor({ state: 'detached' });
    }
    await nameClass(page);
    await shown(page, 2);
    expect(await page.locator('.searched').count()).toBe(0);
    const second = await tabs.newPage();
    await second.goto(page.url());
    await page.reload();
    await Promise.all([shown(page, 2), shown(second, 2)]);
    await nameClass(page);
    await shown(page, 3);
    await nameClass(second);
    await shown(second, 3);
    server?.killGroup('SIGKILL');
    await server?.result;
    await nameClass(page);
    await page.getByText('The page tries again').waitFor();
    await startQuiz();
    await shown(page, 4);
    await nameClass(page);
    await page.getByText('That was the last photo', { exact: true }).waitFor();
    const { people, pooled }: HumanAccuracy = JSON.parse(await done(['quiz', 'results', '--json']));
    expect(people).toMatchObject([{ reviewer: 'Dora', photos: 2, controlPhotos: 2 }]);
    expect(pooled).toMatchObject({ set: { photos: 2 }, control: { photos: 2 } });
    await stopServer();
  });

  describe('exported', () => {
    const set = (): string => folder.at('set');
    const verify = async (root: string): Promise<Verification> =>
      verifyFolder(root, {
        sample: root === set() ? null : 0,
        threads: 1,
        cropsPerPass: 8,
        provider: 'cpu',
        maxPixels: 100_000_000,
        signal: new AbortController().signal,
        onProgress: () => undefined,
      });

    it('is proved by its own files: the verdicts, the label error and the controls', async () => {
      await done([
        'export',
        '--out',
        set(),
        '--set',
        'review.secondPass=1',
        '--set',
        'review.acceptance.maxLabelError=0.5',
      ]);
      expect(await verify(set())).toMatchObject({ ok: true, photos: 7, breaches: [] });
      const { review, control } = await new Copy(set()).protocol();
      expect(review.acceptance).toMatchObject({ accepted: 7, sampled: 7, wrong: 0, state: 'pass', looks: 1, look: 1 });
      expect(control).toMatchObject({ photos: 4, accepted: 4, rejected: 0 });
    });

    it('keeps the plan and the look that decided it, and has no photo left for a further draw', async () => {
      const settings = (limit: number) =>
        ['review.secondPass=1', `review.acceptance.maxLabelError=${limit}`].flatMap((one) => ['--set', one]);
      expect(await done(['acceptance', ...settings(0.5)])).toBe(
        'label error: 0.0 % (0.0 % to 0.0 % with 95.0 % confidence): 0 of 7 inspected photos wrong; a first look accepted 7. ' +
          'Errors that both reviewers make are not counted.\n' +
          'inspection: passed: at most 50.0 % of the photos are wrong, with 95.0 % confidence (look 1 of 1)\n',
      );
      const other = JSON.parse(await done(['acceptance', ...settings(0.4), '--json']));
      expect(other).toMatchObject({ state: 'open', drawAgain: 'plan-changed', maxLabelError: 0.5, looks: 1, look: 1 });
      const refused = await winnow(['acceptance', '--draw', ...settings(0.4), ...flags()]);
      expect(refused).toMatchObject({ code: 2, stderr: expect.stringContaining('has its second verdict') });
    });

    it.each(QUALITY_DAMAGES)('is refused with $title', async ({ check, file, detail, change }) => {
      const copy = new Copy(folder.at('copy'));
      await cp(set(), copy.root, { recursive: true });
      await change(copy);
      const { breaches } = await verify(copy.root);
      await rm(copy.root, { recursive: true });
      expect(breaches).toContainEqual({
        check,
        file: expect.stringMatching(file),
        detail: expect.stringMatching(detail),
      });
    });
  });
});

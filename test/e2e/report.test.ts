import { cp, mkdir, readdir, readFile, stat, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Evaluation } from '../../src/report/evaluation.ts';
import type { Report } from '../../src/report/report.ts';
import { sumsThatFail } from '../../src/funnel/funnel.ts';
import { freePort } from '../support/free-port.ts';
import { suiteFolder } from '../support/process-tree.ts';
import { makeReviewedSet, SET_WNIDS, type ReviewedSet } from '../support/reviewed-set.ts';
import { useSharedServer } from '../support/shared-server.ts';
import { until } from '../support/until.ts';
import { repositoryRoot, startWinnow, winnow, type RunningCommand } from '../support/winnow.ts';

useSharedServer();
const folder = suiteFolder();
/** A class of the samples that is not one of the collection. */
const OTHER = 'n02510455';
const SAMPLES = path.join(repositoryRoot, 'assets', 'samples', 'photos');

let set: ReviewedSet;
let clean = '';

const flags = (): string[] => ['--collection', set.collection, '--data', set.data];

async function reportTo(name: string, ...more: string[]): Promise<Report> {
  const { code, stdout, stderr } = await winnow(['report', '--out', folder.at(name), ...flags(), '--json', ...more]);
  expect(code, stderr).toBe(0);
  return JSON.parse(stdout);
}

function failing(...more: string[]): Promise<{ code: number | null; stderr: string }> {
  return winnow(['report', ...flags(), ...more]);
}

async function judge(lines: readonly string[]): Promise<void> {
  const table = folder.at('more.csv');
  await writeFile(table, ['sha256,wnid,verdict,reason,reviewer', ...lines].join('\n'));
  expect(await winnow(['verdicts', 'import', table, ...flags()])).toMatchObject({ code: 0 });
}

beforeAll(async () => {
  set = await makeReviewedSet(folder.at());
  clean = folder.at('clean');
  for (const wnid of SET_WNIDS) await cp(path.join(SAMPLES, wnid), path.join(clean, wnid), { recursive: true });
  await cp(path.join(SAMPLES, OTHER), path.join(clean, OTHER), { recursive: true });
}, 300_000);

describe('winnow report', () => {
  it(
    'is of the accepted photos, with models that were no members before the member',
    { timeout: 300_000 },
    async () => {
      const report = await reportTo('v1', '--clean', clean);
      const accepted = set.listed.length - 2;
      expect(report.set).toEqual({ which: 'accepted', photos: accepted, classes: SET_WNIDS.length });
      expect(report.models.map(({ model, isMember }) => [model, isMember])).toEqual([
        ['efficientnet-lite1', false],
        ['efficientnet-lite2', false],
        ['efficientnet-lite0', true],
      ]);
      expect(report.leftOut).toContainEqual({ model: 'resnet50-structure', reason: 'its weights are not trained' });
      expect(sumsThatFail(report.funnel.totals)).toEqual([]);
      expect(report.funnel.totals.selected).toBe(accepted);
      for (const rows of [report.licences, report.sources])
        expect(rows.reduce((sum, { photos }) => sum + photos, 0)).toBe(accepted);
      expect(report.confusion.counts.reduce((sum, { photos }) => sum + photos, 0)).toBe(accepted);
      expect(report.acceptance.filter(({ by }) => by === 'score').reduce((sum, row) => sum + row.rejected, 0)).toBe(1);
      const files = await readdir(SAMPLES, { recursive: true });
      const cleanPhotos = files.filter((file) => SET_WNIDS.some((wnid) => file.startsWith(`${wnid}/`))).length;
      expect(report.clean).toEqual({ folder: 'clean', photos: cleanPhotos, classes: SET_WNIDS.length });
      expect(report.frechet.map(({ backbone }) => backbone)).toEqual(['efficientnet-lite1', 'efficientnet-lite2']);
      for (const model of report.models) {
        expect(model.drop).toBeCloseTo((model.clean ?? 0) - (model.accuracy ?? 0), 12);
        const rightOnClean = model.perClass.map(
          ({ wnid, clean: share }) => (share ?? 0) * files.filter((file) => file.startsWith(`${wnid}/`)).length,
        );
        expect(rightOnClean.reduce((sum, right) => sum + right, 0)).toBeCloseTo((model.clean ?? 0) * cleanPhotos, 9);
        for (const { accuracy, accuracyLow, accuracyHigh, drop, clean: share } of model.perClass) {
          expect(drop).toBeCloseTo((share ?? Number.NaN) - accuracy, 12);
          expect([accuracyLow <= accuracy, accuracy <= accuracyHigh, accuracyHigh > accuracyLow]).not.toContain(false);
        }
      }
    },
  );

  it('gives a member the accuracy that its rule implies, and shows what every crop says', async () => {
    const { models, crops }: Report = JSON.parse(await readFile(folder.at('v1', 'report.json'), 'utf8'));
    const member = models.find(({ isMember }) => isMember);
    expect(member).toMatchObject({ accuracy: 0, implied: expect.stringContaining('0 %') });
    const ofMember = crops.models.find(({ isMember }) => isMember);
    expect(ofMember).toMatchObject({ photos: member?.photos, centreCorrect: 0, anyCorrect: 0, onlyOffCentre: 0 });
    for (const { crops: ten, photos } of crops.models) {
      expect(ten).toHaveLength(10);
      expect(ten.reduce((sum, { closest }) => sum + closest, 0)).toBe(photos);
    }
  });

  it(
    'says of a model what winnow evaluate says of the exported photos and of the clean ones',
    { timeout: 300_000 },
    async () => {
      const out = folder.at('exported');
      const all = (await reportTo('v1', '--clean', clean)).licences.map(({ licence }) => licence).join(',');
      expect(await winnow(['export', '--out', out, ...flags(), '--licences', all])).toMatchObject({ code: 0 });
      const report = await reportTo('v1', '--clean', clean);
      const { id } = JSON.parse(await readFile(path.join(out, 'protocol.json'), 'utf8'));
      expect(report.revision).toBe(id);
      const { code, stdout } = await winnow(['evaluate', out, '--model', 'efficientnet-lite2', '--json']);
      expect(code).toBe(0);
      const evaluation: Evaluation = JSON.parse(stdout);
      const { accuracy, aurra, softF1, rmsCalibrationError, perClass } = evaluation;
      expect(report.models.find(({ model }) => model === 'efficientnet-lite2')).toMatchObject({
        accuracy,
        perClass,
        aurra: expect.closeTo(aurra ?? -1, 9),
        softF1: expect.closeTo(softF1 ?? -1, 9),
        rmsCalibrationError: expect.closeTo(rmsCalibrationError ?? -1, 9),
      });
    },
  );

  it('writes a page, tables and figures that stand alone', async () => {
    const html = await readFile(folder.at('v1', 'report.html'), 'utf8');
    expect(html).not.toMatch(/(?:src|href)="(?:https?:)?\/\//);
    expect(html.length).toBeLessThan(3_000_000);
    const linked = [...html.matchAll(/href="((?:csv|figures)\/[^"]+|report\.json)"/g)].map(([, file = '']) => file);
    expect(linked.length).toBeGreaterThan(20);
    for (const file of new Set(linked)) expect((await stat(folder.at('v1', file))).size, file).toBeGreaterThan(0);
    expect((await readdir(folder.at())).filter((name) => name.startsWith('.v1'))).toEqual([]);
  });

  it(
    'replaces a report and gives the same bytes again, but leaves a folder with other files alone',
    { timeout: 120_000 },
    async () => {
      const before = await readFile(folder.at('v1', 'report.html'));
      await reportTo('v1', '--clean', clean);
      expect((await readFile(folder.at('v1', 'report.html'))).equals(before)).toBe(true);
      await mkdir(folder.at('mine'));
      await writeFile(folder.at('mine', 'notes.txt'), 'mine');
      const { code, stderr } = await failing('--out', folder.at('mine'));
      expect([code, stderr]).toEqual([2, expect.stringMatching(/other files at .*mine, such as notes\.txt/)]);
      expect(await readdir(folder.at('mine'))).toEqual(['notes.txt']);
    },
  );

  it('refuses what it cannot use, with what to do', { timeout: 120_000 }, async () => {
    const bad = folder.at('bad');
    await cp(clean, bad, { recursive: true });
    await writeFile(path.join(bad, SET_WNIDS[0], 'broken.jpg'), 'no picture');
    const out = ['--out', folder.at('v2')];
    expect(await failing()).toMatchObject({ code: 2, stderr: expect.stringContaining('Add --out DIR') });
    expect(await failing(...out, '--models', 'efficientnet-lite9')).toMatchObject({
      code: 2,
      stderr: expect.stringMatching(/No such model: 'efficientnet-lite9'\..*efficientnet-lite0/),
    });
    expect(await failing(...out, '--models', 'resnet50-structure')).toMatchObject({
      code: 2,
      stderr: expect.stringContaining('its weights are not trained'),
    });
    expect(await failing(...out, '--clean', folder.at('absent'))).toMatchObject({
      code: 2,
      stderr: expect.stringContaining('No such folder'),
    });
    expect(await failing(...out, '--clean', bad)).toMatchObject({
      code: 2,
      stderr: expect.stringMatching(/broken\.jpg.*Repair or remove/s),
    });
    expect(await failing(...out, '--photos', 'all')).toMatchObject({
      code: 2,
      stderr: expect.stringContaining('accepted'),
    });
    expect((await readdir(folder.at())).includes('v2')).toBe(false);
  });

  it('says that a folder cannot be used', async () => {
    await writeFile(folder.at('file'), '');
    expect(await failing('--out', folder.at('file', 'v1'))).toMatchObject({
      code: 2,
      stderr: expect.stringMatching(/Cannot use .*file\/v1.*Give --out another folder/s),
    });
  });
});

describe('the page of the report', () => {
  let server: RunningCommand | undefined;
  let url = '';

  beforeAll(async () => {
    const port = await freePort();
    url = `http://127.0.0.1:${port}/c/tiny/report`;
    server = startWinnow(['server', ...flags()], { env: { WINNOW_SERVER_PORT: String(port) } });
    await until(
      () =>
        fetch(url).then(
          ({ ok }) => ok,
          () => false,
        ),
      60_000,
    );
  }, 120_000);

  afterAll(async () => {
    server?.killGroup('SIGTERM');
    await server?.result;
  });

  it('is stale after a new verdict, and fresh once it was computed again', { timeout: 120_000 }, async () => {
    const fresh = await (await fetch(url)).text();
    expect(fresh).not.toContain('class="stale"');
    const last = set.listed.at(-2);
    await judge([`${last?.sha256},${last?.wnid},accept,,Ana`]);
    const stale = await (await fetch(url)).text();
    expect(stale).toMatch(/<b>Stale<\/b>.*1 action of reviewers more/);
    const answer = await fetch(url, { method: 'POST', headers: { origin: new URL(url).origin } });
    expect(answer.status).toBe(202);
    await until(async () => !(await (await fetch(url)).text()).includes('class="stale"'), 60_000);
    const report: Report = await (await fetch(`${url}/report.json`)).json();
    expect(report.set.photos).toBe(set.listed.length - 1);
    expect(report.clean?.folder).toBe('clean');
  });

  it('sends every table, and no other file', async () => {
    const page = await (await fetch(url)).text();
    const tables = new Set([...page.matchAll(/href="(\/c\/tiny\/report\/csv\/[^"]+)"/g)].map(([, href = '']) => href));
    expect(tables.size).toBeGreaterThan(15);
    for (const table of tables) {
      const answer = await fetch(new URL(table, url));
      expect([answer.status, answer.headers.get('content-type')], table).toEqual([200, 'text/csv; charset=utf-8']);
    }
    for (const other of ['secret.csv', '..%2f..%2freport.json', 'models'])
      expect((await fetch(`${url}/csv/${other}`)).status).toBe(404);
  });
});

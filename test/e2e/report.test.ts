import { cp, mkdir, readdir, readFile, stat, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Evaluation } from '../../src/measure/evaluate/evaluation.ts';
import type { Report } from '../../src/measure/report/report.ts';
import { sumsThatFail } from '../../src/core/status/funnel.ts';
import { freePort } from '../support/free-port.ts';
import { suiteFolder } from '../support/process-tree.ts';
import { makeReviewedSet, SET_WNIDS, type ReviewedSet } from '../support/reviewed-set.ts';
import { useSharedServer } from '../support/shared-server.ts';
import { until } from '../support/until.ts';
import { repositoryRoot, startWinnow, winnow, type RunningCommand } from '../support/winnow.ts';

useSharedServer();
const folder = suiteFolder();
/** A model that is no member. */
const OUTSIDER = 'efficientnet-lite1';
/** A class of the samples that is not one of the collection. */
const OTHER = 'n02510455';
const SAMPLES = path.join(repositoryRoot, 'test', 'fixtures', 'samples', 'photos');

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

async function exportAll(): Promise<void> {
  const licences = ['CC-BY-4.0', 'CC-BY-NC-4.0', 'CC0-1.0', 'CC-BY-SA-3.0', 'CC-BY-ND-2.0', 'Public-Domain'];
  const all = [...licences, 'all-rights-reserved', 'unknown'].join(',');
  const exported = await winnow(['export', '--out', folder.at('exported'), ...flags(), '--licences', all]);
  expect(exported).toMatchObject({ code: 0 });
}

/** The first report: of the accepted photos, which an export has, too. */
let first: Report;

async function judge(lines: readonly string[]): Promise<void> {
  const table = folder.at('more.csv');
  await writeFile(table, ['sha256,wnid,verdict,reason,reviewer', ...lines].join('\n'));
  expect(await winnow(['verdicts', 'import', table, ...flags()])).toMatchObject({ code: 0 });
}

beforeAll(async () => {
  set = await makeReviewedSet(folder.at());
  clean = folder.at('clean');
  for (const wnid of [...SET_WNIDS, OTHER]) {
    // One clean photo of each class, and six of the first.
    const [sample = ''] = await readdir(path.join(SAMPLES, wnid));
    const names = Array.from({ length: wnid === SET_WNIDS[0] ? 6 : 1 }, (_, i) => `${i}-${sample}`);
    for (const name of names) await cp(path.join(SAMPLES, wnid, sample), path.join(clean, wnid, name));
  }
  await exportAll();
  first = await reportTo('v1', '--clean', clean, '--models', OUTSIDER);
}, 300_000);

describe('winnow report', () => {
  it('is of the accepted photos, with models that were no members before the member', () => {
    const accepted = set.listed.length - 2;
    expect(first.set).toEqual({ which: 'accepted', photos: accepted, classes: SET_WNIDS.length });
    expect(first.models.map(({ model, isMember }) => [model, isMember])).toEqual([
      [OUTSIDER, false],
      ['efficientnet-lite0', true],
    ]);
    expect(sumsThatFail(first.funnel.totals)).toEqual([]);
    expect(first.funnel.totals.selected).toBe(accepted);
    for (const rows of [first.licences, first.sources, first.confusion.counts])
      expect(rows.reduce((sum, { photos }) => sum + photos, 0)).toBe(accepted);
    expect(first.acceptance.filter(({ by }) => by === 'score').reduce((sum, row) => sum + row.rejected, 0)).toBe(1);
    expect(first.clean).toEqual({ folder: 'clean', photos: SET_WNIDS.length + 5, classes: SET_WNIDS.length });
    for (const model of first.models) {
      expect(model.drop).toBeCloseTo((model.clean ?? 0) - (model.accuracy ?? 0), 12);
      const right = model.perClass.reduce(
        (sum, { wnid, clean: share }) => sum + (share ?? 0) * (wnid === SET_WNIDS[0] ? 6 : 1),
        0,
      );
      expect(right).toBeCloseTo((model.clean ?? 0) * (SET_WNIDS.length + 5), 9);
      for (const { wnid, photos, accuracy, accuracyLow, accuracyHigh, drop, clean: share } of model.perClass) {
        // A drop of fewer than 5 photos on one side is no figure.
        const isShown = wnid === SET_WNIDS[0] && photos >= 5;
        expect(drop).toBe(isShown ? (share ?? Number.NaN) - accuracy : null);
        expect(accuracyLow <= accuracy && accuracy <= accuracyHigh && accuracyLow < accuracyHigh).toBe(true);
      }
    }
    expect(first.gallery.every(({ searched, predicted }) => searched !== null && predicted !== null)).toBe(true);
  });

  it('gives a member the accuracy that its rule implies, and shows what every crop says', () => {
    const { models, crops } = first;
    const member = models.find(({ isMember }) => isMember);
    const byRule = { accuracy: 0, accuracyByRule: true, accuracyLow: null, accuracyHigh: null };
    expect(member).toMatchObject({ ...byRule, implied: expect.stringContaining('0 %') });
    const ofMember = crops.models.find(({ isMember }) => isMember);
    expect(ofMember).toMatchObject({ photos: member?.photos, centreCorrect: 0, anyCorrect: 0, onlyOffCentre: 0 });
    for (const { crops: ten, photos } of crops.models) {
      expect(ten).toHaveLength(10);
      expect(ten.reduce((sum, { closest }) => sum + closest, 0)).toBe(photos);
    }
  });

  it('names the export, and says of a model what winnow evaluate says of it', { timeout: 120_000 }, async () => {
    const out = folder.at('exported');
    const { id } = JSON.parse(await readFile(path.join(out, 'protocol.json'), 'utf8'));
    expect(first.revision).toBe(id);
    const { code, stdout } = await winnow(['evaluate', out, '--model', OUTSIDER, '--json']);
    expect(code).toBe(0);
    const evaluation: Evaluation = JSON.parse(stdout);
    const { accuracy, top5Accuracy, aurra, softF1, rmsCalibrationError, perClass } = evaluation;
    expect(first.models.find(({ model }) => model === OUTSIDER)).toMatchObject({
      accuracy,
      top5Accuracy,
      perClass,
      // No answer is right.
      aurra,
      softF1: expect.closeTo(softF1 ?? -1, 9),
      rmsCalibrationError: expect.closeTo(rmsCalibrationError ?? -1, 9),
    });
  });

  it('writes a page, tables and figures that stand alone, and a table of every kept photo', async () => {
    const html = await readFile(folder.at('v1', 'report.html'), 'utf8');
    expect(html).not.toMatch(/(?:src|href)="(?:https?:)?\/\//);
    expect(html.length).toBeLessThan(3_000_000);
    expect(html).toContain('>top-5<');
    const linked = [...html.matchAll(/href="((?:csv|figures)\/[^"]+|report\.json)"/g)].map(([, file = '']) => file);
    expect(linked.length).toBeGreaterThan(20);
    for (const file of new Set(linked)) expect((await stat(folder.at('v1', file))).size, file).toBeGreaterThan(0);
    const photos = (await readFile(folder.at('v1', 'csv', 'photos.csv'), 'utf8')).trimEnd().split('\n');
    expect(photos).toHaveLength(1 + first.funnel.totals.decided.kept);
    expect(photos.filter((line) => line.includes(',accepted,'))).toHaveLength(first.set.photos);
    expect((await readdir(folder.at())).filter((name) => name.startsWith('.v1'))).toEqual([]);
  });

  it('replaces a report and gives the same bytes again', { timeout: 120_000 }, async () => {
    const before = await readFile(folder.at('v1', 'report.html'));
    await reportTo('v1', '--clean', clean, '--models', OUTSIDER);
    expect((await readFile(folder.at('v1', 'report.html'))).equals(before)).toBe(true);
  });

  it('says what a paired test finds, also on other numbers of photos', { timeout: 120_000 }, async () => {
    const power = async (...more: string[]) => {
      const { code, stdout, stderr } = await winnow(['power', ...flags(), '--json', ...more]);
      return { code, said: code === 0 ? JSON.parse(stdout) : stderr };
    };
    expect(first.power).toEqual({ reason: expect.stringContaining('two measured models that did not filter') });
    expect(await power()).toEqual({ code: 0, said: first.power });
    const { power: reported, set: reportedSet } = await reportTo(
      'two',
      '--clean',
      clean,
      '--models',
      `${OUTSIDER},efficientnet-lite2`,
    );
    const reason = expect.stringContaining('The test needs ');
    expect(reported).toMatchObject({ photos: reportedSet.photos, discordantHigh: 0, reason });
    expect(await power()).toEqual({ code: 0, said: reported });
    // No model is right on a photo of the demo, so its models never differ.
    const { said } = await power('--photos', '5000', '--difference', '2.5');
    expect(said).toMatchObject({ photos: 5000, reason: expect.stringContaining('count as 0.0 independent ones') });
    expect(await power('--difference', '0')).toEqual({
      code: 2,
      said: expect.stringContaining("Expected points above 0, at most 100, but received '0'"),
    });
    expect(await readFile(folder.at('two', 'report.html'), 'utf8')).toContain(
      'We cannot say how many photos would show a difference between two models.',
    );
  });

  it('leaves a folder alone that has other files, even one with a report.json', async () => {
    await mkdir(folder.at('mine'));
    await writeFile(folder.at('mine', 'report.json'), '{}');
    await writeFile(folder.at('mine', 'notes.txt'), 'mine');
    const { code, stderr } = await failing('--out', folder.at('mine'));
    expect([code, stderr]).toEqual([2, expect.stringMatching(/other files at .*mine, such as notes\.txt/)]);
    expect((await readdir(folder.at('mine'))).toSorted()).toEqual(['notes.txt', 'report.json']);
  });

  it('refuses what it cannot use, with what to do', { timeout: 120_000 }, async () => {
    const bad = folder.at('bad');
    await cp(clean, bad, { recursive: true });
    await writeFile(path.join(bad, SET_WNIDS[0], 'broken.jpg'), 'no picture');
    await writeFile(folder.at('file'), '');
    const outTo = (name: string) => ['--out', folder.at('v2', name)];
    const cases: readonly (readonly [options: readonly string[], said: RegExp])[] = [
      [[], /Add --out DIR/],
      [[...outTo('1'), '--models', 'efficientnet-lite9'], /No such model: 'efficientnet-lite9'\..*efficientnet-lite0/],
      [[...outTo('2'), '--models', 'resnet50-structure'], /its weights are not trained/],
      [[...outTo('3'), '--clean', folder.at('absent')], /No such folder/],
      [[...outTo('4'), '--clean', bad], /broken\.jpg.*Repair or remove/s],
      [[...outTo('5'), '--photos', 'all'], /accepted/],
      [[...outTo('6'), '--in-distribution', clean], /--in-distribution is for mode O/],
      [['--out', folder.at('file', 'v1')], /Cannot use .*file\/v1.*Give --out another folder/s],
    ];
    const results = await Promise.all(cases.map(([options]) => failing(...options)));
    for (const [i, { code, stderr }] of results.entries())
      expect([code, stderr]).toEqual([2, expect.stringMatching(cases[i]?.[1] ?? /$^/)]);
    expect((await readdir(folder.at())).includes('v2')).toBe(false);
  });
});

describe('the page of the report', () => {
  let server: RunningCommand | undefined;
  let url = '';

  beforeAll(async () => {
    const port = await freePort();
    url = `http://127.0.0.1:${port}/c/tiny/report`;
    server = startWinnow(['server', ...flags()], {
      env: { WINNOW_SERVER_PORT: String(port), WINNOW_REVIEW_SECOND_PASS: '0' },
    });
    await until(async () => (await fetch(url).catch(() => null))?.ok === true);
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

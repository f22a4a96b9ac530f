import { spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { readdir, readFile, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Funnel } from '../../src/core/kernel/funnel.ts';
import type { Report } from '../../src/measure/report/report.ts';
import type { AgreementReport } from '../../src/core/review/agreement/agreement.ts';
import { subjectKey, type ReviewEvent } from '../../src/core/review/events/event.ts';
import type { VerdictLine } from '../../src/core/review/events/verdict-line.ts';
import type { ShortlistRow } from '../../src/core/shortlist/shortlist.ts';
import { attachEmbedded, type EmbeddedPostgres } from '../../src/core/platform/postgres/embedded/attach.ts';
import { findChromium, NO_CHROMIUM, openBrowser } from '../support/browser.ts';
import { inOutput } from '../support/in-output.ts';
import { silentLog } from '../support/silent-log.ts';
import { suiteFolder } from '../support/process-tree.ts';
import { jsonLines, repositoryRoot, startWinnow, winnow } from '../support/winnow.ts';
import { expectFunnelAddsUp } from './funnel-sums.ts';

const DEMO = path.join(repositoryRoot, 'assets', 'demo');
const folder = suiteFolder();
/** The tests are a client of the server, so that it does not start and stop with each command. */
let server: EmbeddedPostgres | undefined;
afterAll(() => server?.detach());

/** The bundled collection `demo` with one model and fewer classes: those with recorded verdicts, and some that the filter drops. */
const collection = (): string => folder.at('demo.yaml');
const place = (): string[] => ['--collection', collection(), '--data', folder.at('demo')];
let photos = 0;
let others = 0;

beforeAll(async () => {
  const verdicts = await readFile(path.join(DEMO, 'verdicts.csv'), 'utf8');
  const classes: string[] = [];
  for (const [i, wnid] of (await readdir(path.join(DEMO, 'photos'))).toSorted().entries()) {
    const isClass = verdicts.includes(wnid) || i % 5 === 0;
    const { length } = await readdir(path.join(DEMO, 'photos', wnid));
    if (isClass) classes.push(wnid);
    [photos, others] = isClass ? [photos + length, others] : [photos, others + length];
  }
  await writeFile(
    collection(),
    `name: demo\nclasses: [${classes.join(', ')}]\namong: imagenet-1k\nsources: [folder]\nlicences: any\nensemble: [efficientnet-lite0]\n`,
  );
});

const query = (command: string): Promise<string> =>
  winnow([command, ...place(), '--json']).then((result) => {
    expect([command, result.code, result.stderr]).toEqual([command, 0, expect.any(String)]);
    return result.stdout;
  });

describe('winnow demo', () => {
  it('is safe to start twice at once on a new data folder: both share the work, end well, and tell the outcome on one screen', async () => {
    const runs = await Promise.all([1, 2].map(() => winnow(['demo', '--no-verdicts', ...place()])));
    expect(runs.map(({ code, stderr }) => [code, code === 0 ? '' : stderr])).toEqual([
      [0, ''],
      [0, ''],
    ]);
    const decided = runs.map(({ stdout }) => Number(/^decided (\d+) photos?/m.exec(stdout)?.[1] ?? 0));
    expect(decided.reduce((total, count) => total + count, 0)).toBe(photos);
    server = await attachEmbedded({ dataDir: folder.at('demo'), clientName: 'test', log: silentLog });
    const stdout = runs[0]?.stdout ?? '';
    const lines = stdout
      .trimEnd()
      .split('\n')
      .filter((line) => !line.startsWith('note: '));
    expect(lines.length).toBeLessThan(32);
    expect(lines.filter((line) => line.length > 120 && !line.includes(folder.at()))).toEqual([]);
    expect(stdout).toMatch(/^contact sheet: .*shortlist\.html$/m);
    expect(stdout).toMatch(/^every class: {3}node \S+ status --data \S+ --collection \S+$/m);
    expect(stdout).toMatch(
      /no valid photo of its class[^]*human step[^]*\n {2}node \S+winnow\.cjs review --data \S+\/demo --collection \S+\n$/,
    );
  });

  it('ends with a funnel that adds up, in all, for each class and for each source', async () => {
    const funnel = JSON.parse(await query('status')) as Funnel;
    expectFunnelAddsUp(funnel);
    const { totals } = funnel;
    expect(totals).toMatchObject({
      found: photos + others,
      waiting: 0,
      fetched: photos,
      dropped: { 'unknown-class': others },
      failed: {},
    });
    expect(totals.decided).toMatchObject({ undecided: 0, failed: 0 });
    expect(totals.decided.kept).toBeGreaterThan(12);
    expect(totals.decided.correct).toBeGreaterThan(5);
  });

  it('writes a contact sheet with a picture for each listed photo, and a table with a row for each kept one', async () => {
    const rows = jsonLines<ShortlistRow>(await query('shortlist'));
    const sheet = await readFile(folder.at('demo', 'shortlists', 'demo', 'shortlist.html'), 'utf8');
    const listed = rows.filter((row) => row.state === 'listed');
    expect(sheet.match(/<img [^>]*src="data:image\/webp;base64,/g)).toHaveLength(listed.length);
    expect(sheet).not.toMatch(/(?:src|href)="https?:\/\/[^"]*\.(?:js|css)"/);
    const table = await readFile(folder.at('demo', 'shortlists', 'demo', 'shortlist.csv'), 'utf8');
    expect(table.trimEnd().split(/\r?\n/)).toHaveLength(rows.length + 1);
  });

  /** Settings of a person whose verdicts nobody looks at again. */
  const ALONE = ['--set', 'review.secondPass=0'];

  it('counts what was reviewed on the page alike in status, on the funnel page and in verdicts', async (context) => {
    const chromium = findChromium();
    context.skip(chromium === null, NO_CHROMIUM);
    const review = startWinnow(['review', ...place(), '--port', '0', '--reviewer', 'Zoë', '--json', ...ALONE]);
    const { url } = JSON.parse(await inOutput(review.child, /^(.*)\n/)) as { url: string };
    expect(url).toMatch(/^http:\/\/127\.0\.0\.1:\d+\/c\/demo\/review$/);
    const browser = await openBrowser(chromium ?? '');
    try {
      const page = await browser.newPage();
      await page.goto(url);
      for (const key of 'aax1uaxa9uax') {
        const shown = await page.locator('main[data-ready] [data-photo]').getAttribute('data-photo');
        await page.keyboard.press(key);
        await page.locator(`[data-photo]:not([data-photo="${shown}"])`).waitFor();
      }
      const states = async (): Promise<string[]> =>
        jsonLines<VerdictLine>(await query('verdicts')).map(({ state }) => state);
      await expect
        .poll(async () => (await states()).filter((one) => one !== 'unreviewed').length, { timeout: 30_000 })
        .toBe(12);
      const listed = await states();
      const count = (wanted: string): number => listed.filter((state) => state === wanted).length;
      const counts = { selected: 5, rejected: 5, unsure: 2, disputed: 0, unreviewed: listed.length - 12 };
      expect(['accepted', 'rejected', 'unsure', 'disputed'].map(count)).toEqual([5, 5, 2, 0]);
      const { totals } = JSON.parse(await query('status')) as Funnel;
      expect(totals).toMatchObject({ ...counts, shortlisted: listed.length });
      await page.goto(new URL('.', url).href);
      const [list, accepted] = ['listed', 'accepted'].map((name) =>
        page.locator('.class-funnel li').filter({ has: page.getByText(name, { exact: true }) }),
      );
      expect(await list?.locator('.count').textContent()).toBe(String(listed.length));
      expect(await accepted?.locator('.count').textContent()).toBe('5');
      const lost = await accepted?.locator('.lost').textContent();
      // A second person is asked about those of which the first one is unsure, so pages show nothing of them.
      expect(lost).toBe(`5 rejected, ${counts.unreviewed + 2} unreviewed`);
    } finally {
      await browser.close();
      review.child.kill('SIGINT');
      expect(await review.result).toMatchObject({ code: 0 });
    }
  });

  it('takes verdicts from a table, and counts them in the funnel', async () => {
    const before = jsonLines<VerdictLine>(await query('verdicts'));
    const isOpen = ({ state }: VerdictLine): boolean => state === 'unreviewed';
    const open = before.filter(isOpen).slice(0, 5);
    const rows = open.flatMap(({ sha256, wnid }, i) => [
      `${sha256},${wnid},${i % 3 === 0 ? 'accept' : 'reject'},ana`,
      ...(i % 2 === 0 ? [`${sha256},${wnid},${i % 4 === 0 ? 'accept' : 'reject'},bo`] : []),
    ]);
    await writeFile(folder.at('verdicts.csv'), ['sha256,wnid,verdict,reviewer', ...rows].join('\n'));
    const args = ['verdicts', 'import', folder.at('verdicts.csv'), ...place()];
    expect(await winnow(args)).toMatchObject({
      code: 0,
      stdout: expect.stringMatching(
        new RegExp(`^${rows.length} verdicts imported, 0 verdicts known before\n.*\nnext: .*\n$`),
      ),
    });
    expect((await winnow(args)).stdout).toContain(`0 verdicts imported, ${rows.length} verdicts known before\n`);
    const filtered = ['verdicts', '--events', '--class', open[0]?.wnid ?? '', ...place()];
    expect(await winnow(filtered)).toMatchObject({ code: 2, stderr: expect.stringContaining('leave out --class') });
    const [listed, funnel, agreement] = await Promise.all(['verdicts', 'status', 'agreement'].map(query));
    const verdicts = jsonLines<VerdictLine>(listed ?? '');
    const count = (wanted: string): number => verdicts.filter(({ state }) => state === wanted).length;
    const { totals } = JSON.parse(funnel ?? '') as Funnel;
    expect(totals).toMatchObject({
      shortlisted: before.length,
      selected: count('accepted'),
      rejected: count('rejected'),
      unsure: count('unsure'),
      disputed: count('disputed'),
      unreviewed: verdicts.filter(isOpen).length,
    });
    expect(Math.min(totals.selected, totals.rejected, totals.disputed)).toBeGreaterThan(0);
    const twice = verdicts.filter(({ reviews }) => reviews.length === 2);
    const same = twice.filter(({ reviews: [first, second] }) => first?.verdict === second?.verdict);
    const { overall } = JSON.parse(agreement ?? '') as AgreementReport;
    expect([overall.photos, overall.percent]).toEqual([twice.length, (100 * same.length) / twice.length]);
  });
});

describe('winnow review', () => {
  it('refuses a name for all beside tokens', async () => {
    const people = 'server.people={ann: {role: reviewer, token: 0123456789abcdef}}';
    const refused = await winnow(['review', ...place(), '--port', '0', '--reviewer', 'bob', '--set', people], {
      ownProcess: false,
    });
    expect([refused.code, refused.stderr]).toEqual([2, expect.stringContaining("received 'bob': people who log in")]);
  });
});

describe('winnow demo with its recorded verdicts', () => {
  const events = async (): Promise<string> => (await winnow(['verdicts', '--events', '--json', ...place()])).stdout;

  it('gives them to the photos without a verdict, then exports, verifies and reports', async () => {
    const given = jsonLines<ReviewEvent>(await events());
    const { code, stdout, stderr } = await winnow(['demo', ...place(), '--json']);
    expect([code, code === 0 ? '' : stderr]).toEqual([0, '']);
    const { totals } = JSON.parse(stdout) as Funnel;
    expect(totals.selected).toBeGreaterThan(5);
    const all = jsonLines<ReviewEvent>(await events());
    expect(all.slice(0, given.length)).toEqual(given);
    const judged = new Set(given.map(subjectKey));
    const added = all.slice(given.length);
    expect(added.map(({ reviewer, kind }) => `${reviewer} ${kind}`)).toEqual(added.map(() => 'demo import'));
    expect(added.filter((event) => judged.has(subjectKey(event)))).toEqual([]);
    expect(added.length).toBeGreaterThan(0);
    const report = JSON.parse(await readFile(folder.at('demo', 'reports', 'demo', 'report.json'), 'utf8')) as Report;
    expect(report.set).toMatchObject({ which: 'accepted', photos: totals.selected });
    expect(report.revision).not.toBeNull();
    expect(report.clean?.photos).toBeGreaterThan(0);
  });

  it('changes nothing when it is run again, and ends with the pages on a terminal', async (context) => {
    const terminal = '/usr/bin/script';
    if (!existsSync(terminal)) context.skip(`no ${terminal} (Debian: apt-get install bsdutils)`);
    const results = (): Promise<string[]> =>
      Promise.all([
        events(),
        query('decisions'),
        query('shortlist'),
        winnow(['export', 'list', ...place(), '--json']).then(({ stdout }) => stdout),
        ...['reports/demo/report.html', 'shortlists/demo/shortlist.html', 'exports/demo/SHA256SUMS'].map((file) =>
          readFile(folder.at('demo', file), 'utf8'),
        ),
      ]);
    const before = await results();
    // `exec`, because a shell that waits for the program may itself end at Ctrl-C, with 130.
    const command = `exec node src/cli/winnow.cjs demo --collection '${collection()}' --data '${folder.at('demo')}' --set server.port=0`;
    const demo = spawn(terminal, ['--quiet', '--return', '--command', command, '/dev/null'], { cwd: repositoryRoot });
    const ended = new Promise((resolve) => void demo.once('close', resolve));
    const url = await inOutput(
      demo,
      /nothing is left to fetch[^]*nothing is left to decide[^]*accepted +[█·]+[^]*took no part[^]*export: .*exports\/demo\s+report: .*report\.html\s+pages: +(\S+) \(Ctrl-C ends it\)/,
    );
    expect((await fetch(new URL('/ready', url))).status).toBe(200);
    demo.stdin.write('\u0003');
    expect(await ended).toBe(0);
    expect(await results()).toEqual(before);
  });
});

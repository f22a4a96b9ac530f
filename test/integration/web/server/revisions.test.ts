import { execFileSync } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { mkdir, readdir, readFile, readlink, rename, rm, symlink, truncate, writeFile } from 'node:fs/promises';
import http, { type IncomingMessage } from 'node:http';
import { connect } from 'node:net';
import path from 'node:path';
import { buffer } from 'node:stream/consumers';
import { setTimeout as sleep } from 'node:timers/promises';
import { sql } from 'kysely';
import { beforeAll, describe, expect, it } from 'vitest';
import { suiteFolder } from '../../../support/process-tree.ts';
import { storeVerification } from '../../../../src/core/export/revisions/revision.repository.ts';
import { flagsOfReport } from '../../../../src/measure/report/stored.process.ts';
import { storeReport } from '../../../../src/measure/report/stored-report.repository.ts';
import { takeDown } from '../../../../src/core/photo/takedown.repository.ts';
import { madeReport } from '../../../support/made-report.ts';
import { sha256Of } from '../../../support/sha256.ts';
import { until } from '../../../support/until.ts';
import { candidate, fetched } from '../../../support/catalogue-fixtures.ts';
import { writeRevision, type WrittenRevision } from './revisions-support.ts';
import { ask, bearer, FORM, NO_TOKENS, useDashboard, type Answered } from './support.ts';

const dashboard = useDashboard(async () => ({ WINNOW_SERVER_PHOTO_IDLE_TIMEOUT_MS: '2000' }));
const TOKENS = { operator: 'operator-operator-operator', reviewer: null, viewer: 'viewer-viewer-viewer-viewer' };
const TENCH = 'n01440764';
const BEE = 'n02206856';
/** More than the system and the stream hold for one connection. */
const LARGE = randomBytes(40_000_000);
/** A name that a tar header has no room for. */
const LONG = `test/${'é'.repeat(90)}/${'x'.repeat(100)}.jpg`;
const PAGE = '/c/demo/revisions';

const folder = suiteFolder();
let url = '';
let guarded = '';
let first: WrittenRevision;
let second: WrittenRevision;

const inFolder = (name: string, wnid: string) => ({
  sha256: sha256Of(name),
  wnid,
  folder: wnid,
  reason: null,
  fileSha256: null,
});
const at = (...parts: string[]): string => folder.at(...parts);
const pageText = async (): Promise<string> => (await ask(url, PAGE)).body;
const tarOf = (revision: WrittenRevision): string => `${PAGE}/${revision.short}/revision.tar`;
const html = { accept: 'text/html' };

async function download(target: string): Promise<Buffer> {
  const answer = await fetch(`${url}${target}`);
  expect(answer.status).toBe(200);
  return Buffer.from(await answer.arrayBuffer());
}

async function openFiles(below: string): Promise<number> {
  const names = await readdir('/proc/self/fd');
  const files = await Promise.all(names.map((name) => readlink(`/proc/self/fd/${name}`).catch(() => '')));
  return files.filter((file) => file.startsWith(below)).length;
}

beforeAll(async () => {
  url = await dashboard.serve(NO_TOKENS);
  guarded = await dashboard.serve(TOKENS);
});

describe('the page of revisions', () => {
  it('says how to make the first revision while there is none', async () => {
    const { status, headers, body } = await ask(url, PAGE);
    expect([status, headers['content-type']]).toEqual([200, 'text/html; charset=utf-8']);
    expect(body).toContain('winnow export --collection demo --out exports/v1');
    expect(body).toContain('href="/c/demo/review"');
  });

  describe('with two revisions', () => {
    beforeAll(async () => {
      const { workspace } = dashboard;
      await fetched(workspace.app.db, [candidate('a', { wnid: TENCH })], 'a');
      const files = { 'test/metadata.jsonl': '{}\n', [`test/${TENCH}/p1.jpg`]: LARGE, [LONG]: 'x', 'fetch.py': '' };
      first = await writeRevision(workspace, at('v1'), {
        photos: [
          inFolder('a', TENCH),
          inFolder('b', TENCH),
          { ...inFolder('c', BEE), folder: null, reason: 'unreviewed' },
          inFolder('d', BEE),
        ],
        files,
      });
      second = await writeRevision(workspace, at('v2'), {
        photos: [
          inFolder('a', TENCH),
          { ...inFolder('b', TENCH), folder: null, reason: 'rejected' },
          inFolder('c', BEE),
          { ...inFolder('control', TENCH), reason: 'control' },
        ],
        protocol: { choices: ['Another one.'], leftOut: [{ reason: 'rejected', count: 1 }] },
        files: { 'test/metadata.jsonl': '{}\n' },
      });
    });

    it('shows the newest first, with the photos that came and went, controls apart, and why', async () => {
      const body = await pageText();
      expect(body.indexOf(second.id)).toBeLessThan(body.indexOf(first.id));
      expect(body).toMatch(/<b class="added">\+1<\/b> <b class="removed">-2<\/b>/);
      expect(body).toContain('1 is rejected');
      expect(body).toContain('1 was unreviewed');
      expect(body).toContain('The first revision');
    });

    it('compares two revisions once, and again after a take-down', async () => {
      const { db } = dashboard.app;
      const reasons = async (): Promise<readonly string[]> =>
        [...(await pageText()).matchAll(/<small>(.*?)<\/small>/g)].map(([, why = '']) => why);
      expect(await reasons()).toEqual(['1 is rejected', '1 was unreviewed, 1 is not-listed']);
      const ofNewer = sql`where export_id = (select id from export_revision where revision = decode(${second.id}, 'hex'))`;
      await sql`update export_photo set folder = null, reason = 'unsure' ${ofNewer} and folder = ${BEE}`.execute(db);
      expect(await reasons()).toEqual(['1 is rejected', '1 was unreviewed, 1 is not-listed']);
      await takeDown(db, { sha256: sha256Of('d') }, 'a test');
      expect(await reasons()).toEqual(['1 is rejected', '1 is taken-down']);
      await sql`update export_photo set folder = wnid, reason = null ${ofNewer} and wnid = ${BEE}`.execute(db);
      await sql`delete from takedown`.execute(db);
    });

    it('shows licences, left-out photos, agreement and the folder', async () => {
      const body = await pageText();
      for (const text of ['CC-BY-4.0', 'rejected', 'kappa 0.50 (-0.10 to 1.00)', at('v2'), 'folder of photos'])
        expect(body).toContain(text);
      expect(body).toContain(`src="/thumbnails/${sha256Of('a')}"`);
    });

    it('is for those with a token, and offers a verification to operators only', async () => {
      expect((await ask(guarded, PAGE)).status).toBe(401);
      const [viewer, operator] = await Promise.all(
        [TOKENS.viewer, TOKENS.operator].map((token) => ask(guarded, PAGE, bearer(token))),
      );
      expect([viewer?.status, viewer?.body.includes('/verify')]).toEqual([200, false]);
      expect([viewer?.body.includes(folder.at()), viewer?.body.includes('<code>v2</code>')]).toEqual([false, true]);
      expect(operator?.body).toContain(`<code>${at('v2')}</code>`);
      expect([operator?.status, operator?.body.includes('/verify')]).toEqual([200, true]);
    });

    it('shows breaches with their day', async () => {
      const { app, scope } = dashboard.workspace;
      const breach = {
        check: 'checksum',
        file: 'README.md',
        detail: 'Expected <b> but & the file has other bytes',
      } as const;
      const found = {
        ok: false,
        photos: 2,
        importedRows: 0,
        checks: 9,
        skipped: [],
        breaches: [breach],
        breachCount: 1,
      };
      const verified = { ...found, at: '2026-01-02T12:00:00.000Z' };
      await storeVerification(app.db, scope, { id: sha256Of('none'), path: first.folder, verified });
      expect(await pageText()).not.toContain('1 breach');
      await storeVerification(app.db, scope, { id: first.id, path: first.folder, verified });
      const body = await pageText();
      expect(body).toContain('1 breach in 9 kinds of checks, on 2026-01-02');
      expect(body).toContain('Expected &lt;b> but &amp; the file');
    });
  });
});

describe('card and protocol of a revision', () => {
  it.each(['README.md', 'protocol.json'])('are sent as they are: %s', async (file) => {
    const { status, headers, body } = await ask(url, `${PAGE}/${first.short}/${file}`);
    expect([status, body]).toEqual([200, await readFile(at('v1', file), 'utf8')]);
    expect(headers['content-security-policy']).toBe("default-src 'none'; sandbox");
    expect(headers['content-type']).not.toContain('html');
  });

  it.each(['SHA256SUMS', '..%2fv2%2fREADME.md', 'test%2fmetadata.jsonl'])(
    'are all that is sent: not %s',
    async (file) => {
      expect((await ask(url, `${PAGE}/${first.short}/${file}`)).status).toBe(404);
    },
  );
});

describe('the archive of a revision', () => {
  it('unpacks to a folder of its own in which sha256sum finds every file as it was', async () => {
    const answer = await ask(url, tarOf(first), { method: 'HEAD' });
    expect([answer.status, answer.headers['content-type'], answer.headers['content-disposition']]).toEqual([
      200,
      'application/x-tar',
      `attachment; filename="demo-${first.short}.tar"`,
    ]);
    await mkdir(at('unpacked'));
    await writeFile(at('revision.tar'), await download(tarOf(first)));
    execFileSync('tar', ['-xf', at('revision.tar'), '-C', at('unpacked')]);
    const root = at('unpacked', `demo-${first.short}`);
    execFileSync('sha256sum', ['--check', '--strict', '--quiet', 'SHA256SUMS'], { cwd: root });
    expect(await readFile(path.join(root, 'SHA256SUMS'), 'utf8')).toBe(await readFile(at('v1', 'SHA256SUMS'), 'utf8'));
  });

  it('has the files in the order of SHA256SUMS, and the same bytes each time', async () => {
    const bytes = await download(`${PAGE}/${second.id}/revision.tar`);
    expect(bytes.equals(await download(tarOf(second)))).toBe(true);
    await writeFile(at('second.tar'), bytes);
    const names = execFileSync('tar', ['-tf', at('second.tar')], { encoding: 'utf8' })
      .trimEnd()
      .split('\n');
    const files = ['test/metadata.jsonl', 'README.md', 'protocol.json', 'SHA256SUMS'];
    expect(names).toEqual(files.map((file) => `demo-${second.short}/${file}`));
  });

  it('is read only as fast as the client takes it, and its file is closed when the client goes away', async () => {
    const { hostname, port } = new URL(url);
    const socket = connect(Number(port), hostname).pause();
    socket.on('error', () => undefined);
    await once(socket, 'connect');
    const before = process.memoryUsage().arrayBuffers;
    socket.write(`GET ${tarOf(first)} HTTP/1.1\r\nHost: localhost\r\n\r\n`);
    await until(async () => (await openFiles(at('v1'))) > 0);
    await sleep(500);
    expect(await openFiles(at('v1'))).toBeGreaterThan(0);
    expect(process.memoryUsage().arrayBuffers - before).toBeLessThan(30_000_000);
    socket.destroy();
    await until(async () => (await openFiles(at('v1'))) === 0);
  });

  it('follows no link to a file outside, and is cut off if a file changes', async () => {
    const { workspace } = dashboard;
    await writeFile(at('secret.txt'), 'secret');
    const files = { 'control/a/secret.jpg': 'secret', 'shards/test-000000.tar': LARGE };
    const linked = await writeRevision(workspace, at('v3'), { photos: [], protocol: { choices: ['3'] }, files });
    await rename(at('v3', 'control', 'a'), at('elsewhere'));
    await symlink(at('elsewhere'), at('v3', 'control', 'a'));
    expect((await ask(url, tarOf(linked))).status).toBe(500);
    await rm(at('v3', 'control', 'a'));
    await mkdir(at('v3', 'control', 'a'));
    await symlink(at('secret.txt'), at('v3', 'control', 'a', 'secret.jpg'));
    expect((await ask(url, tarOf(linked))).status).toBe(500);
    await rm(at('v3', 'control', 'a', 'secret.jpg'));
    await writeFile(at('v3', 'control', 'a', 'secret.jpg'), 'secret');
    // Unlike fetch, it reads nothing before it is asked to.
    const answer = await new Promise<IncomingMessage>((resolve) => http.get(`${url}${tarOf(linked)}`, resolve));
    await truncate(at('v3', 'shards', 'test-000000.tar'), 1_000);
    await expect(buffer(answer)).rejects.toThrow('aborted');
    await until(async () => (await openFiles(at('v3'))) === 0);
  });

  it.each(['../etc/passwd', '/etc/passwd', 'a/../../secret.txt'])('never has the file %s', async (name) => {
    const { workspace } = dashboard;
    const where = at(`bad-${name.replaceAll(/\W/g, '-')}`);
    const bad = await writeRevision(workspace, where, { photos: [], protocol: { choices: [name] } });
    await writeFile(path.join(where, 'SHA256SUMS'), `${sha256Of('x')}  ${name}\n`);
    expect((await ask(url, tarOf(bad))).status).toBe(500);
  });

  it('is for viewers, and for nobody without a token', async () => {
    expect((await ask(guarded, tarOf(second))).status).toBe(401);
    expect((await ask(guarded, tarOf(second), bearer(TOKENS.viewer))).status).toBe(200);
  });

  it('is not there for an unknown id, in a sentence', async () => {
    const { status, body } = await ask(url, `${PAGE}/0123456789ab/revision.tar`);
    expect([status, body]).toEqual([404, expect.stringContaining("has no revision '0123456789ab'")]);
  });

  it('is not there once the folder is gone or has another revision, and the page says so', async () => {
    await rename(at('v2'), at('moved'));
    const gone = await ask(url, tarOf(second), { headers: html });
    expect([gone.status, gone.body]).toEqual([
      404,
      expect.stringMatching(/is not on this machine \(\S+v2\)\. Move it back/),
    ]);
    expect(await pageText()).toContain('is not on this machine');
    const forViewer = await ask(guarded, tarOf(second), bearer(TOKENS.viewer));
    expect([gone.body.includes(at('v2')), forViewer.body.includes(folder.at())]).toEqual([true, false]);
    await rename(at('v1'), at('v2'));
    expect((await ask(url, tarOf(second))).body).toContain('something else is there by now');
    expect(await pageText()).toContain('has something else by now');
    await rename(at('v2'), at('v1'));
    await rename(at('moved'), at('v2'));
  });

  it('is not sent once a photo of it was taken down', async () => {
    await takeDown(dashboard.app.db, { sha256: sha256Of('a') }, 'a test');
    const { status, body } = await ask(url, tarOf(first));
    expect([status, body]).toEqual([410, expect.stringContaining('Export again')]);
    const page = await pageText();
    expect(page).toContain('1 photo of it was taken down since');
    expect(page).not.toContain(`src="/thumbnails/${sha256Of('a')}"`);
  });
});

describe('a verification', () => {
  const order = (server: string, headers: Record<string, string> = {}, body = 'sample=0'): Promise<Answered> =>
    ask(server, `${PAGE}/${second.short}/verify`, { method: 'POST', headers: { ...FORM, ...headers }, body });

  it('is refused to viewers, to other sites and without a known sample', async () => {
    expect((await order(guarded, bearer(TOKENS.viewer).headers)).status).toBe(403);
    expect((await order(url, { origin: 'https://elsewhere.example' })).status).toBe(403);
    const wrong = await order(url, {}, 'sample=7');
    expect([wrong.status, wrong.body]).toEqual([400, expect.stringContaining('7')]);
  });

  it('leads to the page of the collection; then the page of revisions shows its result and day', async () => {
    const { status, headers } = await order(url, html);
    expect([status, headers.location]).toEqual([303, '/c/demo/']);
    const day = new Date().toISOString().slice(0, 10);
    await until(async () => new RegExp(`breach(es)? in \\d+ kinds of checks, on ${day}`).test(await pageText()));
    expect(await pageText()).toContain('missing-file');
  });
});

it('a report that a page makes again has the folders, photos and models of the last one', async () => {
  const { app, scope } = dashboard.workspace;
  expect(await flagsOfReport(dashboard.workspace)).toEqual([]);
  const inputs = { clean: '/clean', inDistribution: null, which: 'listed', models: ['lite1', 'lite2'] } as const;
  await storeReport(app.db, scope, { report: madeReport(), inputs });
  expect(await flagsOfReport(dashboard.workspace)).toEqual([
    '--clean=/clean',
    '--photos=listed',
    '--models=lite1,lite2',
  ]);
});

import { mkdir, readFile } from 'node:fs/promises';
import path from 'node:path';
import { beforeAll, describe, expect, it } from 'vitest';
import { takeDown } from '../../../../src/core/photo/takedown.repository.ts';
import { shortlistFolder } from '../../../../src/core/shortlist/shortlist-files.process.ts';
import { replaceFile } from '../../../../src/core/platform/disk/replace-file.ts';
import { classFile } from '../../../../src/core/shortlist/class-file.ts';
import { contactSheet, PAGES_FOLDER, type SheetClass } from '../../../../src/core/shortlist/contact-sheet.tsx';
import { replaceShortlist } from '../../../../src/core/shortlist/shortlist.repository.ts';
import { shortlistClass } from '../../../../src/core/shortlist/shortlist.ts';
import { cardAnchor, classAnchor } from '../../../../src/core/shortlist/sheet/anchors.ts';
import { sha256Of } from '../../../support/sha256.ts';
import { keptPhoto } from '../../../unit/core/shortlist/sample-rows.ts';
import { candidate, fetched, photo, store, stored } from '../../../support/catalogue-fixtures.ts';
import { ask, bearer, NO_TOKENS, useDashboard } from './support.ts';
import { sampleRights } from '../../../support/sample-rights.ts';

const dashboard = useDashboard();
const TOKENS = { operator: 'operator-operator-operator', reviewer: null, viewer: 'viewer-viewer-viewer-viewer' };
const TENCH = 'n01440764';
const GOLDFISH = 'n01443537';
const FOREIGN = 'Ünï 鳥 <b>/?#';
const LONG = `bird ${'x'.repeat(300)}`;
const PICTURE = path.resolve(import.meta.dirname, '../../../fixtures/preprocess/wide.jpg');
let url = '';
let guarded = '';

const rows = shortlistClass(
  ['banjo', 'gold 1', 'gold 2'].map((name, i) => {
    const confusionWnid = i === 0 ? 'n02787622' : GOLDFISH;
    return keptPhoto(name, { wnid: TENCH, maxTrueProb: i / 100, confusionWnid });
  }),
  { cap: 9, nearDuplicateDistance: 0 },
);

function sheetClass(wnid: string): SheetClass {
  const photos = rows.map((row) => ({ ...row, wnid, rights: sampleRights(), confusionName: 'goldfish' }));
  return { wnid, name: wnid, synonyms: [], candidates: 3, photos };
}

async function writeSheet(classes: readonly SheetClass[]): Promise<void> {
  const { collection } = dashboard.workspace;
  const { name, mode, ensemble, policy } = collection;
  const head = { collection: name, mode, ensemble, policy, classCount: 1_000, builtAt: new Date(0), funnel: [] };
  const folder = shortlistFolder(dashboard.workspace);
  await mkdir(path.join(folder, PAGES_FOLDER), { recursive: true });
  for (const { file, chunks } of contactSheet({ ...head, classes }, async () => null, 0))
    await replaceFile(path.join(folder, file), chunks);
}

beforeAll(async () => {
  url = await dashboard.serve(NO_TOKENS);
  guarded = await dashboard.serve(TOKENS);
});

describe('the contact sheet', () => {
  it('says which command makes it while there is none', async () => {
    const { status, body } = await ask(url, '/c/demo/sheet/shortlist.html');
    expect([status, body]).toEqual([404, expect.stringContaining('winnow shortlist --collection demo')]);
    const page = await ask(url, '/c/demo/sheet/shortlist.html', { headers: { accept: 'text/html' } });
    expect([page.status, page.body]).toEqual([
      404,
      expect.stringMatching(
        /<a href="\/c\/demo\/photos">.*<a href="\/activity">.*<code>.*shortlist --collection demo/s,
      ),
    ]);
    const elsewhere = await ask(url, '/c/nothing/', { headers: { accept: 'text/html' } });
    expect(elsewhere.body).not.toContain('href="/c/nothing/');
  });

  it('is named as absent on this machine if the photos were listed with another data folder', async () => {
    const { app, workspace } = dashboard;
    const { policy } = workspace.collection;
    await app.db.transaction().execute((trx) => replaceShortlist(trx, workspace.scope, { policy, rows: [] }));
    const { status, body } = await ask(url, '/c/demo/sheet/shortlist.html');
    expect([status, body]).toEqual([404, expect.stringMatching(/The contact sheet is not on this machine: .*--data/)]);
    expect(body).not.toContain('Nothing is listed yet');
  });

  describe('of several pages', () => {
    beforeAll(async () => {
      await writeSheet([TENCH, FOREIGN, LONG].map(sheetClass));
      const { app, workspace } = dashboard;
      const all = ['banjo', 'gold 1', 'gold 2'];
      for (const name of all) await fetched(app.db, [candidate(name, { wnid: TENCH })], name);
      await app.db
        .transaction()
        .execute((trx) => replaceShortlist(trx, workspace.scope, { policy: workspace.collection.policy, rows }));
    });

    it('is sent with the bar of the server, under a policy that admits no script and no other site', async () => {
      const { status, headers, body } = await ask(url, '/c/demo/sheet/shortlist.html');
      expect([status, headers['content-type']]).toEqual([200, 'text/html; charset=utf-8']);
      expect(headers['content-security-policy']).toMatch(/^default-src 'none';img-src data:;/);
      expect(headers['content-security-policy']).toContain("frame-ancestors 'none'");
      expect(body.match(/<nav class="site"/g)).toHaveLength(1);
    });

    it.each([TENCH, FOREIGN, LONG])('is opened at the page of the class %s', async (wnid) => {
      const { status, headers } = await ask(url, `/c/demo/sheet/class?id=${encodeURIComponent(wnid)}`);
      expect([status, headers.location]).toEqual([303, `pages/${classFile(wnid)}#${classAnchor(wnid)}`]);
      const page = await ask(url, `/c/demo/sheet/${headers.location?.split('#')[0]}`);
      expect([page.status, page.body]).toEqual([200, expect.stringContaining(`id="${classAnchor(wnid)}"`)]);
    });

    it.each([
      [`id=${GOLDFISH}`, 'a class without a page', `shortlist.html#${classAnchor(GOLDFISH)}`],
      ['', 'no class', `shortlist.html#${classAnchor('')}`],
      [`id=${TENCH}&as=n02787622`, 'a confusion', `pages/class-${TENCH}.html#${cardAnchor(TENCH, sha256Of('banjo'))}`],
      [
        `id=${TENCH}&as=${GOLDFISH}`,
        'another one',
        `pages/class-${TENCH}.html#${cardAnchor(TENCH, sha256Of('gold 1'))}`,
      ],
      [`id=${TENCH}&as=n01`, 'a confusion without a photo', `pages/class-${TENCH}.html#${classAnchor(TENCH)}`],
    ])('leads from %s, %s, to its place', async (query, _what, location) => {
      const { status, headers } = await ask(url, `/c/demo/sheet/class?${query}`);
      expect([status, headers.location]).toEqual([303, location]);
    });

    it.each(['shortlist.csv', '..%2fdemo%2fshortlist.html', 'pages/..%2fshortlist.html', 'pages/class-x%2f..html'])(
      'does not send the file %s',
      async (file) => {
        const { status, body } = await ask(url, `/c/demo/sheet/${file}`);
        expect([status, body]).toEqual([404, expect.stringContaining('There is nothing at')]);
      },
    );

    it('is for those with a token, viewers too', async () => {
      const target = '/c/demo/sheet/shortlist.html';
      expect((await ask(guarded, target)).status).toBe(401);
      expect((await ask(guarded, target, bearer(TOKENS.viewer))).status).toBe(200);
    });
  });
});

describe.each(['thumbnails', 'previews'])('one of the %s', (kind) => {
  it('is a smaller WebP of a stored photo, for those with a token', async () => {
    const { db, blobs } = dashboard.app;
    const bytes = Buffer.concat([await readFile(PICTURE), Buffer.from(kind)]);
    const sha256 = sha256Of(bytes);
    const { waiting } = await store(db, [candidate(kind, { wnid: TENCH })]);
    await stored(db, waiting[0] ?? 0, { ...photo(kind), sha256, bytes: bytes.length });
    await blobs.put(sha256, bytes);
    const { status, headers, body } = await ask(guarded, `/${kind}/${sha256}`, bearer(TOKENS.viewer));
    expect([status, headers['content-type'], headers['cache-control']]).toEqual([
      200,
      'image/webp',
      'private, max-age=31536000, immutable',
    ]);
    expect(body.length).toBeGreaterThan(100);
    expect((await ask(guarded, `/${kind}/${sha256}`)).status).toBe(401);
    // The copy is still in the cache.
    await takeDown(db, { sha256 }, 'a test');
    expect((await ask(guarded, `/${kind}/${sha256}`, bearer(TOKENS.viewer))).status).toBe(404);
  });

  it.each([
    ['a photo whose bytes are lost', sha256Of('gold 1')],
    ['a photo that nobody fetched', sha256Of('never seen')],
    ['a name that is no hash', 'x'],
    ['a path', '..%2f..%2fpackage.json'],
    ['a hash with a path behind it', `${sha256Of('gold 1')}%2f..%2f..`],
  ])('of %s is not there', async (_what, name) => {
    expect((await ask(url, `/${kind}/${name}`)).status).toBe(404);
  });
});

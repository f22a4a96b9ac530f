import { copyFile, mkdir, readFile, rename, rm, symlink, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { sql } from 'kysely';
import sharp from 'sharp';
import { beforeAll, describe, expect, it } from 'vitest';
import { suiteFolder } from '../../../support/process-tree.ts';
import {
  addDisplayReferences,
  addReferences,
  removeReferences,
  addSampleReferences,
} from '../../../../src/core/filter/references/references.process.ts';
import { referencesOf } from '../../../../src/core/review/classes/references.process.ts';
import { LeakFinder } from '../../../../src/core/photo/find-leaks.process.ts';
import type { HoldCounts } from '../../../../src/core/filter/references/hold-references.process.ts';
import { hashedPhotos, listReferenceSets } from '../../../../src/core/photo/reference-set.repository.ts';
import { buildShortlist } from '../../../../src/core/shortlist/make-shortlist.process.ts';
import { candidate, decideAs, kept, photo, store, stored } from '../../../support/catalogue-fixtures.ts';
import { sha256Of } from '../../../support/sha256.ts';
import { repositoryRoot } from '../../../support/winnow.ts';
import { ask, NO_TOKENS, useDashboard } from '../../web/server/support.ts';

const TENCH = 'n01440764';
const GOLDFISH = 'n01443537';
const SAMPLES = path.join(repositoryRoot, 'test', 'fixtures', 'samples');
const PERCH = path.join(SAMPLES, 'photos', TENCH, 'yellow-perch.jpg');
const dashboard = useDashboard();

const folder = suiteFolder();
let server = '';
beforeAll(async () => {
  for (const wnid of [TENCH, GOLDFISH]) await mkdir(folder.at(wnid));
  await copyFile(PERCH, folder.at(TENCH, 'one.jpg'));
  await sharp(PERCH).resize(2_000).flip().png().toFile(folder.at(TENCH, 'two & three.png'));
  await writeFile(folder.at(TENCH, 'page.html'), '<script>alert(1)</script>');
  await copyFile(PERCH, folder.at('of-no-class.jpg'));
  server = await dashboard.serve(NO_TOKENS);
});

function run() {
  const counts: HoldCounts = { seen: 0, held: 0, unchanged: 0, unreadable: {} };
  return { signal: new AbortController().signal, counts };
}

async function add() {
  const adding = run();
  return { ...(await addDisplayReferences(dashboard.app, { dir: folder.at() }, adding)), counts: adding.counts };
}

const pathsOf = async (wnid: string): Promise<string[]> =>
  (await referencesOf(dashboard.workspace, wnid)).map((reference) => reference.path);

/** Requests a picture. Returns the status, the type and the size in pixels. */
async function picture(url: string): Promise<unknown[]> {
  const response = await fetch(`${server}${url}`);
  const bytes = Buffer.from(await response.arrayBuffer());
  if (!response.ok) return [response.status];
  const { format, width, height } = await sharp(bytes).metadata();
  return [response.status, response.headers.get('content-type'), format, width, height];
}

describe('references for display', () => {
  it('are the pictures of class folders, and are sent as WebP of at most 800 pixels', async () => {
    const { classes, counts } = await add();
    expect([classes, counts.held, counts.unreadable]).toEqual([1, 3, { 'not-an-image': 1 }]);
    const references = await referencesOf(dashboard.workspace, TENCH);
    expect(references.map(({ name }) => name)).toEqual(['one', 'two & three']);
    const [one = '', two = ''] = references.map((reference) => reference.path);
    expect(one).toMatch(/^\/c\/demo\/references\/n01440764\/\d+$/);
    expect(await picture(one)).toEqual([200, 'image/webp', 'webp', 320, 251]);
    expect(await picture(two)).toEqual([200, 'image/webp', 'webp', 800, 628]);
    expect(await pathsOf(GOLDFISH)).toEqual([]);
    expect(await pathsOf('of-no-class.jpg')).toEqual([]);
    for (const wrong of [one.replace(TENCH, GOLDFISH), one.replace(/\d+$/, '999999'), one.replace(/\d+$/, 'x')])
      expect(await picture(wrong)).toEqual([404]);
  });

  it('are found by an index on their class', async () => {
    const plan = await dashboard.app.db.transaction().execute(async (trx) => {
      // On a table of a few rows PostgreSQL would read all of them.
      await sql`set local enable_seqscan = off`.execute(trx);
      const { rows } = await sql<Record<'QUERY PLAN', string>>`
        explain select 1 from reference_picture r join reference_set s on s.id = r.set_id
        where s.purpose = 'display' and split_part(r.path, '/', 1) = ${TENCH}`.execute(trx);
      return rows.map((row) => row['QUERY PLAN']).join('\n');
    });
    expect(plan).toMatch(/reference_picture_class[^]*Index Cond: .*split_part/);
  });

  it('are not sent after their file has changed or leads elsewhere, and are again once it is added again', async () => {
    const file = folder.at(GOLDFISH, 'gold.jpg');
    await copyFile(path.join(SAMPLES, 'photos', GOLDFISH, 'goldfish.jpg'), file);
    await add();
    const [url = ''] = await pathsOf(GOLDFISH);
    const whole = await readFile(file);
    await writeFile(file, await sharp(whole).negate().jpeg().toBuffer());
    expect(await picture(url)).toEqual([404]);
    await rename(file, `${folder.at()}-elsewhere.jpg`);
    await symlink(`${folder.at()}-elsewhere.jpg`, file);
    expect(await picture(url)).toEqual([404]);
    await rm(file);
    expect(await picture(url)).toEqual([404]);
    await rename(`${folder.at()}-elsewhere.jpg`, file);
    await add();
    expect((await picture((await pathsOf(GOLDFISH))[0] ?? ''))[0]).toBe(200);
  });

  it('leave the photos that equal them as they are: only references for leaks drop photos', async () => {
    const { app, workspace } = dashboard;
    const bytes = await readFile(PERCH);
    const sha256 = sha256Of(bytes);
    const { waiting } = await store(app.db, [candidate('perch', { wnid: TENCH })]);
    const { rows } = await sql<{ perceptualHash: string; fineHash: string }>`
      select encode(perceptual_hash, 'hex') as "perceptualHash", encode(fine_hash, 'hex') as "fineHash"
      from reference_picture where path = ${`${TENCH}/one.jpg`}`.execute(app.db);
    const id = await stored(app.db, waiting[0] ?? 0, { ...photo('perch'), ...rows[0], sha256 });
    await decideAs(app.db, workspace.scope, [kept(id, TENCH, { confusionWnid: GOLDFISH })]);
    await add();
    expect(await new LeakFinder().find(app.db, await hashedPhotos(app.db, [id]))).toEqual([]);
    expect(await app.db.selectFrom('leak').selectAll().execute()).toEqual([]);
    const stateOf = async () =>
      (await app.db.selectFrom('decision').select('state').execute()).map(({ state }) => state);
    expect(await stateOf()).toEqual(['kept']);

    // The same folder may also be a set for leaks.
    expect(await addReferences(app, { dir: folder.at(), distance: 6 }, run())).toMatchObject({
      leaks: 1,
      overruled: 1,
    });
    expect(await stateOf()).toEqual(['dropped']);
    const sets = await listReferenceSets(app.db);
    expect(sets.map(({ purpose, leaks }) => [purpose, leaks])).toEqual([
      ['display', 0],
      ['leaks', 1],
    ]);
    for (const one of sets) if (one.purpose === 'leaks') await removeReferences(app, one);
    expect(await stateOf()).toEqual(['kept']);
  });

  it('are not shown while the collection asks about the same photo', async () => {
    const { app, workspace } = dashboard;
    const before = await referencesOf(workspace, TENCH);
    const policy = { ...workspace.collection.policy, nearDuplicateCosine: null };
    await buildShortlist(app.db, workspace.scope, { policy, backboneId: null });
    expect((await referencesOf(workspace, TENCH)).map(({ name }) => name)).toEqual(['two & three']);
    expect(before.map(({ name }) => name)).toEqual(['one', 'two & three']);
  });

  it('go with their set', async () => {
    const { app } = dashboard;
    const [url = ''] = await pathsOf(TENCH);
    for (const one of await listReferenceSets(app.db)) await removeReferences(app, one);
    expect([await pathsOf(TENCH), await picture(url)]).toEqual([[], [404]]);
  });

  it('of the demo are the bundled photos that surely show their class', async () => {
    const { app, workspace } = dashboard;
    const { signal } = run();
    await addSampleReferences(app, SAMPLES, signal);
    await addSampleReferences(app, SAMPLES, signal);
    expect(await listReferenceSets(app.db)).toMatchObject([{ purpose: 'display', pictures: 120, isUnended: false }]);
    expect(await referencesOf(workspace, TENCH)).toEqual([]);
    const [goldfish] = await referencesOf(workspace, GOLDFISH);
    expect((await picture(goldfish?.path ?? ''))[0]).toBe(200);
    expect((await ask(server, goldfish?.path ?? '')).headers).toMatchObject({
      'content-security-policy': "default-src 'none'; sandbox",
      'x-content-type-options': 'nosniff',
    });
  });
});

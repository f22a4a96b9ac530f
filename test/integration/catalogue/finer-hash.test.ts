import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import process from 'node:process';
import { sql } from 'kysely';
import sharp, { type Sharp } from 'sharp';
import { beforeEach, describe, expect, it, onTestFinished } from 'vitest';
import { openApp, type App } from '../../../src/app/open/app.ts';
import { addReferences, setsToAddAgain, type AddedReferences } from '../../../src/app/photos/references.ts';
import { loadConfig } from '../../../src/config/load-config.ts';
import { overruleLeaks } from '../../../src/decision/overrule.repository.ts';
import type { DecisionScope } from '../../../src/decision/scope.ts';
import type { Sha256 } from '../../../src/kernel/ids.ts';
import { LeakFinder } from '../../../src/photo/find-leaks.process.ts';
import { hashedPhotos, listReferenceSets, storeLeaks } from '../../../src/photo/reference-set.repository.ts';
import { inspect } from '../../../src/app/photos/inspect.ts';
import { openLogger } from '../../../src/platform/log/logger.ts';
import { buildShortlist } from '../../../src/shortlist/build.process.ts';
import { useDatabase } from '../../support/database.ts';
import { lookAlikes } from '../../support/look-alikes.ts';
import { sha256Of } from '../../support/sha256.ts';
import { repositoryRoot, winnow } from '../../support/winnow.ts';
import { candidate, collection, decideAs, emptyCatalogue, kept, photo, store, stored } from './fixtures.ts';

const database = useDatabase();
beforeEach(async () => {
  await emptyCatalogue(database.db);
  await database.db.deleteFrom('reference_set').execute();
});

const SAMPLES = path.join(repositoryRoot, 'assets', 'samples', 'photos');
const GOLDFISH = path.join(SAMPLES, 'n01443537', 'goldfish.jpg');
const LIMITS = { maxPixels: 1e8, minSidePixels: 1, maxAspectRatio: Number.POSITIVE_INFINITY };

interface Project {
  readonly app: App;
  /** Where pictures can be put, to be added as references. */
  readonly references: string;
}

async function openProject(): Promise<Project> {
  const folder = await mkdtemp(path.join(tmpdir(), 'winnow-finer-hash-'));
  onTestFinished(() => rm(folder, { recursive: true, force: true }));
  const { config } = await loadConfig({ env: { WINNOW_POSTGRES_URL: database.url } });
  const log = openLogger({ level: 'silent', format: 'json' }, process.stderr);
  const app = await openApp({ config, dataDir: path.join(folder, 'data'), clientName: 'test', log });
  onTestFinished(() => app.close());
  const references = path.join(folder, 'references');
  await mkdir(references);
  return { app, references };
}

/** Stores a photo as a crawl does: bytes and row. */
async function storePhoto({ app }: Project, name: string, bytes: Buffer): Promise<{ id: number; sha256: Sha256 }> {
  const inspection = await inspect(bytes, LIMITS);
  if (!inspection.ok) throw new Error(inspection.detail);
  const sha256 = sha256Of(bytes);
  await app.blobs.put(sha256, bytes);
  const { waiting } = await store(database.db, [candidate(name)]);
  const { perceptualHash, fineHash } = inspection;
  const row = photo(name, { sha256, bytes: bytes.length, perceptualHash, fineHash });
  return { id: await stored(database.db, waiting[0] ?? 0, row), sha256 };
}

/** As an older version left the photos. */
async function forgetFineHashes(table: 'photo' | 'reference_picture'): Promise<void> {
  await database.db.updateTable(table).set({ fine_hash: null }).execute();
}

async function add({ app, references }: Project): Promise<AddedReferences & { readonly held: number }> {
  const counts = { seen: 0, held: 0, unchanged: 0, unreadable: {} };
  const { signal } = new AbortController();
  const added = await addReferences(app, { dir: references, distance: 6 }, { signal, counts });
  return { ...added, held: counts.held };
}

async function twinsIn(scope: DecisionScope, { app: { blobs } }: Project): Promise<(string | null)[]> {
  const policy = { cap: 5, nearDuplicateDistance: 6 };
  const rows = await buildShortlist(database.db, scope, { policy, backboneId: null, blobs, inspect });
  return rows.map(({ twinSha256 }) => twinSha256);
}

const leaks = () => database.db.selectFrom('leak').select(['photo_id', 'is_confirmed']).orderBy('photo_id').execute();
const detailOf = async (id: number): Promise<string | null | undefined> =>
  (await database.db.selectFrom('decision').select('detail').where('photo_id', '=', id).executeTakeFirst())?.detail;

async function withoutFineHash(): Promise<number[]> {
  const rows = await database.db
    .selectFrom('photo')
    .select('id')
    .where('fine_hash', 'is', null)
    .orderBy('id')
    .execute();
  return rows.map(({ id }) => id);
}

describe('photos of different things whose 64-bit hashes match', () => {
  it('are no leaks of each other and no near-duplicates', async () => {
    const project = await openProject();
    const birds = await collection(database.db, 'birds');
    const { avocado, kiwi } = await lookAlikes();
    const one = await storePhoto(project, 'avocado', avocado);
    const other = await storePhoto(project, 'kiwi', kiwi);
    await decideAs(database.db, birds, [kept(one.id, 'n01'), kept(other.id, 'n01')]);
    expect(await twinsIn(birds, project)).toEqual([null, null]);
    await writeFile(path.join(project.references, 'kiwi.png'), kiwi);
    expect(await add(project)).toMatchObject({ leaks: 1, overruled: 1 });
    expect(await leaks()).toEqual([{ photo_id: other.id, is_confirmed: true }]);
    expect(await detailOf(other.id)).toBe(`same bytes as kiwi.png in ${project.references}`);
  });

  it('get their finer hashes from their bytes where an older version stored them without', async () => {
    const project = await openProject();
    const birds = await collection(database.db, 'birds');
    const { avocado, kiwi } = await lookAlikes();
    const one = await storePhoto(project, 'avocado', avocado);
    const other = await storePhoto(project, 'kiwi', kiwi);
    const apart = await storePhoto(project, 'goldfish', await readFile(GOLDFISH));
    await decideAs(database.db, birds, [kept(one.id, 'n01'), kept(other.id, 'n01'), kept(apart.id, 'n01')]);
    await forgetFineHashes('photo');
    expect(await twinsIn(birds, project)).toEqual([null, null, null]);
    // None is computed of a photo that nothing matches.
    expect(await withoutFineHash()).toEqual([apart.id]);
    await forgetFineHashes('photo');
    await writeFile(path.join(project.references, 'kiwi.png'), kiwi);
    expect(await add(project)).toMatchObject({ leaks: 1 });
    expect(await withoutFineHash()).toEqual([apart.id]);
  });

  it('stay unlocked while references are added and finer hashes are computed', async () => {
    const project = await openProject();
    const { avocado, kiwi } = await lookAlikes();
    const one = await storePhoto(project, 'avocado', avocado);
    const other = await storePhoto(project, 'goldfish', await readFile(GOLDFISH));
    await writeFile(path.join(project.references, 'kiwi.png'), kiwi);
    await add(project);
    await forgetFineHashes('photo');
    const blobs = Object.create(project.app.blobs, {
      read: {
        async value(sha256: Sha256) {
          // The hash of the first photo is stored, that of the second one is being computed.
          if (sha256 === other.sha256)
            await sql`select 1 from photo where id = ${one.id} for update nowait`.execute(database.db);
          return project.app.blobs.read(sha256);
        },
      },
    });
    const more = path.join(project.references, '..', 'more');
    await mkdir(more);
    await writeFile(path.join(more, 'goldfish.jpg'), await readFile(GOLDFISH));
    const app = { ...project.app, blobs };
    expect(await add({ app, references: more })).toMatchObject({ leaks: 1 });
    expect(await withoutFineHash()).toEqual([]);
  });

  it('count as the same photo where a finer hash cannot be computed: no bytes, or other bytes', async () => {
    const project = await openProject();
    const birds = await collection(database.db, 'birds');
    const { avocado, kiwi } = await lookAlikes();
    const pruned = await storePhoto(project, 'avocado', avocado);
    const changed = await storePhoto(project, 'kiwi', kiwi);
    await decideAs(database.db, birds, [kept(pruned.id, 'n01'), kept(changed.id, 'n01', { maxTrueProb: 0.1 })]);
    await forgetFineHashes('photo');
    const asPruned = { bytes_state: 'pruned' as const, pruned_at: new Date() };
    await database.db.updateTable('photo').set(asPruned).where('id', '=', pruned.id).execute();
    await project.app.blobs.put(changed.sha256, Buffer.from('other bytes'));
    expect(await twinsIn(birds, project)).toEqual([null, pruned.sha256]);
    await writeFile(path.join(project.references, 'kiwi.jpg'), await sharp(kiwi).jpeg().toBuffer());
    expect(await add(project)).toMatchObject({ leaks: 2 });
    expect(await leaks()).toMatchObject([{ is_confirmed: false }, { is_confirmed: false }]);
    expect(await detailOf(pruned.id)).toMatch(/^\d bits from kiwi\.jpg in .*, not confirmed by the finer hash$/);
    // The same bytes fetched once more bring the hash along.
    await storePhoto(project, 'avocado again', avocado);
    expect(await withoutFineHash()).toEqual([changed.id]);
    expect(await add(project)).toMatchObject({ leaks: 1, restored: 1 });
  });
});

describe('a reference set that an older version held', () => {
  it('still finds its leaks, asks to be added again, and then gives back photos that are no leaks', async () => {
    const project = await openProject();
    const birds = await collection(database.db, 'birds');
    const { avocado, kiwi } = await lookAlikes();
    const innocent = await storePhoto(project, 'avocado', avocado);
    const copy = await storePhoto(project, 'kiwi', await sharp(kiwi).jpeg({ quality: 70 }).toBuffer());
    await decideAs(database.db, birds, [kept(innocent.id, 'n01'), kept(copy.id, 'n01')]);
    await writeFile(path.join(project.references, 'kiwi.png'), kiwi);
    await add(project);
    await forgetFineHashes('reference_picture');
    expect(await listReferenceSets(database.db)).toMatchObject([{ pictures: 1, withoutFineHash: 1 }]);
    expect(await setsToAddAgain(database.db)).toEqual([
      expect.stringMatching(
        /^The reference set '.*' lacks the finer hash of 1 of its pictures: .* Add it again: winnow references add '.*' --for leaks --distance 6$/,
      ),
    ]);
    // As the filter looks for leaks.
    await database.db.deleteFrom('leak').execute();
    const finder = new LeakFinder({ db: database.db, blobs: project.app.blobs, inspect });
    const found = await finder.find(database.db, await hashedPhotos(database.db, [innocent.id, copy.id]));
    expect(found).toMatchObject([
      { photoId: innocent.id, isConfirmed: false },
      { photoId: copy.id, isConfirmed: false },
    ]);
    await storeLeaks(database.db, found);
    await database.db.transaction().execute((trx) => overruleLeaks(trx));
    expect(await add(project)).toMatchObject({ held: 1, leaks: 1, restored: 1 });
    expect(await setsToAddAgain(database.db)).toEqual([]);
    expect(await leaks()).toEqual([{ photo_id: copy.id, is_confirmed: true }]);
  });
});

describe('commands that look for leaks', () => {
  it('say which reference set must be added again', async () => {
    const project = await openProject();
    await writeFile(path.join(project.references, 'kiwi.png'), (await lookAlikes()).kiwi);
    await add(project);
    const env = { WINNOW_POSTGRES_URL: database.url };
    const said = async (...args: string[]): Promise<string> => {
      const { stdout, stderr } = await winnow([...args, '--data', project.app.dataDir], { env });
      return stdout + stderr;
    };
    const again = `winnow references add '${project.references}' --for leaks --distance 6`;
    expect(await said('doctor')).not.toContain('finer hash');
    await forgetFineHashes('reference_picture');
    expect(await said('references', 'list')).toContain('1 without the finer hash: add it again');
    expect(await said('doctor')).toContain(again);
    expect(await said('filter', '--collection', 'demo')).toContain(again);
  });
});

describe('copies of reference pictures', () => {
  it.each([
    ['half the size', (one: Sharp) => one.resize({ width: 150 }).jpeg({ quality: 90 })],
    ['a PNG', (one: Sharp) => one.png()],
    ['a JPEG of quality 70', (one: Sharp) => one.jpeg({ quality: 70 })],
    ['a WebP of quality 60', (one: Sharp) => one.webp({ quality: 60 })],
    ['a JPEG of quality 40', (one: Sharp) => one.jpeg({ quality: 40 })],
  ])('are leaks when they are %s', async (_, copy) => {
    const project = await openProject();
    const names = (await readdir(SAMPLES)).slice(0, 24);
    for (const wnid of names) {
      const [name = ''] = (await readdir(path.join(SAMPLES, wnid))).toSorted();
      const bytes = await readFile(path.join(SAMPLES, wnid, name));
      await storePhoto(project, name, await copy(sharp(bytes)).toBuffer());
      await writeFile(path.join(project.references, name), bytes);
    }
    expect(await add(project)).toMatchObject({ held: names.length, leaks: names.length });
    expect((await leaks()).every((leak) => leak.is_confirmed)).toBe(true);
  });
});

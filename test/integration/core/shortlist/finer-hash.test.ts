import { mkdir, readdir, readFile, writeFile } from 'node:fs/promises';
import path from 'node:path';
import sharp, { type Sharp } from 'sharp';
import { beforeEach, describe, expect, it } from 'vitest';
import { addReferences, type AddedReferences } from '../../../../src/core/filter/references/references.process.ts';
import type { DecisionScope } from '../../../../src/core/models/workspace/scope.ts';
import type { Sha256 } from '../../../../src/core/kernel/ids.ts';
import { inspect } from '../../../../src/core/photo/inspect.process.ts';
import { buildShortlist } from '../../../../src/core/shortlist/make-shortlist.process.ts';
import { useDatabase } from '../../../support/database.ts';
import { lookAlikes } from '../../../support/look-alikes.ts';
import { sha256Of } from '../../../support/sha256.ts';
import { repositoryRoot } from '../../../support/winnow.ts';
import {
  candidate,
  collection,
  decideAs,
  emptyCatalogue,
  kept,
  photo,
  store,
  stored,
} from '../../../support/catalogue-fixtures.ts';
import { openTestApp, testFolder } from '../../../support/test-app.ts';

const database = useDatabase();
beforeEach(async () => {
  await emptyCatalogue(database.db);
  await database.db.deleteFrom('reference_set').execute();
});

const SAMPLES = path.join(repositoryRoot, 'test', 'fixtures', 'samples', 'photos');
const LIMITS = { maxPixels: 1e8, minSidePixels: 1, maxAspectRatio: Number.POSITIVE_INFINITY };

async function openProject() {
  const folder = await testFolder();
  const app = await openTestApp({ url: database.url, dataDir: path.join(folder, 'data') });
  const references = path.join(folder, 'references');
  await mkdir(references);
  return { app, references };
}
type Project = Awaited<ReturnType<typeof openProject>>;

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

async function add({ app, references }: Project): Promise<AddedReferences & { readonly held: number }> {
  const counts = { seen: 0, held: 0, unchanged: 0, unreadable: {} };
  const { signal } = new AbortController();
  const added = await addReferences(app, { dir: references, distance: 6 }, { signal, counts });
  return { ...added, held: counts.held };
}

async function twinsIn(scope: DecisionScope): Promise<(string | null)[]> {
  const policy = { cap: 5, nearDuplicateDistance: 6 };
  const rows = await buildShortlist(database.db, scope, { policy, backboneId: null });
  return rows.map(({ twinSha256 }) => twinSha256);
}

const leaks = () => database.db.selectFrom('leak').select(['photo_id']).orderBy('photo_id').execute();
const detailOf = async (id: number): Promise<string | null | undefined> =>
  (await database.db.selectFrom('decision').select('detail').where('photo_id', '=', id).executeTakeFirst())?.detail;

describe('photos of different things whose 64-bit hashes match', () => {
  it('are neither leaks nor near-duplicates of each other', async () => {
    const project = await openProject();
    const birds = await collection(database.db, 'birds');
    const { avocado, kiwi } = await lookAlikes();
    const one = await storePhoto(project, 'avocado', avocado);
    const other = await storePhoto(project, 'kiwi', kiwi);
    await decideAs(database.db, birds, [kept(one.id, 'n01'), kept(other.id, 'n01')]);
    expect(await twinsIn(birds)).toEqual([null, null]);
    await writeFile(path.join(project.references, 'kiwi.png'), kiwi);
    expect(await add(project)).toMatchObject({ leaks: 1, overruled: 1 });
    expect(await leaks()).toEqual([{ photo_id: other.id }]);
    expect(await detailOf(other.id)).toBe(`same bytes as kiwi.png in ${project.references}`);
  });
});

describe('copies of reference pictures', () => {
  it('are leaks when they are of half the size, PNG, JPEG of quality 70 and 40, and WebP of quality 60', async () => {
    const copies: Record<string, (one: Sharp) => Sharp> = {
      'half the size': (one) => one.resize({ width: 150 }).jpeg({ quality: 90 }),
      PNG: (one) => one.png(),
      'JPEG 70': (one) => one.jpeg({ quality: 70 }),
      'WebP 60': (one) => one.webp({ quality: 60 }),
      'JPEG 40': (one) => one.jpeg({ quality: 40 }),
    };
    const project = await openProject();
    const names = (await readdir(SAMPLES)).slice(0, 6);
    const namesOfIds = new Map<number, string>();
    for (const wnid of names) {
      const [name = ''] = (await readdir(path.join(SAMPLES, wnid))).toSorted();
      const bytes = await readFile(path.join(SAMPLES, wnid, name));
      await writeFile(path.join(project.references, name), bytes);
      for (const [kind, copy] of Object.entries(copies)) {
        const { id } = await storePhoto(project, `${name} as ${kind}`, await copy(sharp(bytes)).toBuffer());
        namesOfIds.set(id, `${kind}: ${name}`);
      }
    }
    expect(await add(project)).toMatchObject({ held: names.length, leaks: namesOfIds.size });
    const found = await leaks();
    expect(found.map(({ photo_id: id }) => namesOfIds.get(id))).toEqual([...namesOfIds.values()]);
    expect(namesOfIds.size).toBe(names.length * Object.keys(copies).length);
  });
});

import { copyFile, mkdir, rm, symlink, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { sql } from 'kysely';
import { beforeEach, describe, expect, it } from 'vitest';
import { filterPage, type FilterDeps } from '../../../../src/core/filter/run/filter.process.ts';
import { countUndecided } from '../../../../src/core/filter/run/decision.repository.ts';
import {
  leakDetails,
  lockLeaks,
  overruleLeaks,
  restoreDecisions,
} from '../../../../src/core/filter/run/overrule.repository.ts';
import type { DecisionScope } from '../../../../src/core/models/workspace/scope.ts';
import { LeakFinder } from '../../../../src/core/photo/find-leaks.process.ts';
import { holdReferences, type HoldCounts } from '../../../../src/core/filter/references/hold-references.process.ts';
import {
  beginWalk,
  completeWalk,
  endEmptyWalk,
  hashedPhotos,
  holdPictures,
  listReferenceSets,
  removeReferenceSet,
  storeLeaks,
  type ReferenceSet,
} from '../../../../src/core/photo/reference-set.repository.ts';
import { inspect } from '../../../../src/core/photo/inspect.process.ts';
import { bytePathOfText } from '../../../../src/core/crawl/sources/folder/byte-path.ts';
import { useDatabase } from '../../../support/database.ts';
import { repositoryRoot, withFolder } from '../../../support/winnow.ts';
import {
  candidate,
  collection,
  decideAs,
  dropped,
  emptyCatalogue,
  fetched,
  kept,
  photo,
} from '../../../support/catalogue-fixtures.ts';

const database = useDatabase();
beforeEach(async () => {
  await emptyCatalogue(database.db);
  await database.db.deleteFrom('reference_set').execute();
});

const SAMPLES = path.join(repositoryRoot, 'test', 'fixtures', 'samples', 'photos');
const LIMITS = { maxBytes: 1e7, maxPixels: 1e8, minSidePixels: 1, maxAspectRatio: Number.POSITIVE_INFINITY };

async function hold(folder: string, set: ReferenceSet, signal = new AbortController().signal): Promise<HoldCounts> {
  const counts: HoldCounts = { seen: 0, held: 0, unchanged: 0, unreadable: {} };
  const deps = { db: database.db, inspect, limits: LIMITS, signal, counts };
  await holdReferences(bytePathOfText(folder), set, deps);
  return counts;
}

const walk = (folder: string, distance = 6): Promise<ReferenceSet> =>
  beginWalk(database.db, { folder, purpose: 'leaks', distance });
const complete = (set: ReferenceSet, unreadable: HoldCounts['unreadable'] = {}): Promise<void> =>
  database.db.transaction().execute((trx) => completeWalk(trx, set, unreadable));

/** A complete set with the pictures of these names, as the fixtures make photos, with so many bits changed. */
async function setOf(folder: string, names: Readonly<Record<string, number>>): Promise<ReferenceSet> {
  const set = await walk(folder);
  const pictures = Object.entries(names).map(([name, bitsOff]) => {
    const { sha256, perceptualHash, fineHash } = photo(name);
    const bits = BigInt(`0x${perceptualHash}`) ^ (2n ** BigInt(bitsOff) - 1n);
    return {
      path: `${name}.jpg`,
      bytes: 1,
      changedUs: 1,
      sha256: bitsOff === 0 ? sha256 : photo(`another ${name}`).sha256,
      perceptualHash: bits.toString(16).padStart(16, '0'),
      fineHash,
    };
  });
  await holdPictures(database.db, set, pictures);
  await complete(set);
  return set;
}

async function drop(photoIds: readonly number[]): Promise<number> {
  const { db } = database;
  await storeLeaks(db, await new LeakFinder().find(db, await hashedPhotos(db, photoIds)));
  return db.transaction().execute(async (trx) => {
    await lockLeaks(trx);
    return overruleLeaks(trx);
  });
}

const rows = (): Promise<object[]> =>
  database.db.selectFrom('decision').selectAll().orderBy('collection_id').orderBy('photo_id').execute();

const statesOf = async (scope: DecisionScope): Promise<unknown[]> =>
  database.db
    .selectFrom('decision')
    .select(['state', 'reason', 'detail'])
    .where('collection_id', '=', scope.collectionId)
    .orderBy('photo_id')
    .execute();

describe('references', () => {
  it('stores every picture below a folder, counts the rest by reason, and reads nothing twice', async () => {
    await withFolder(async (folder) => {
      await mkdir(path.join(folder, 'a', 'b'), { recursive: true });
      await copyFile(path.join(SAMPLES, 'n01440764', 'yellow-perch.jpg'), path.join(folder, 'a', 'b', 'one.JPEG'));
      await copyFile(path.join(SAMPLES, 'n01443537', 'goldfish.jpg'), path.join(folder, 'two.jpg'));
      await writeFile(path.join(folder, 'a', 'notes.txt'), 'no picture');
      const set = await walk(folder);
      expect(await hold(folder, set)).toEqual({ seen: 3, held: 2, unchanged: 0, unreadable: { 'not-an-image': 1 } });
      expect(await hold(folder, set)).toEqual({ seen: 3, held: 0, unchanged: 2, unreadable: { 'not-an-image': 1 } });
      await rm(path.join(folder, 'two.jpg'));
      const again = await walk(folder, 3);
      await complete(again, (await hold(folder, again)).unreadable);
      expect(await listReferenceSets(database.db)).toMatchObject([
        { folder, distance: 3, pictures: 1, unreadable: { 'not-an-image': 1 }, leaks: 0 },
      ]);
    });
  });

  it('keeps stored pictures when it is interrupted, and does not use the set yet', async () => {
    await withFolder(async (folder) => {
      await copyFile(path.join(SAMPLES, 'n01443537', 'goldfish.jpg'), path.join(folder, 'one.jpg'));
      const set = await walk(folder);
      await hold(folder, set);
      await expect(hold(folder, set, AbortSignal.abort(new Error('Ctrl-C')))).rejects.toThrow('Ctrl-C');
      expect(await listReferenceSets(database.db)).toMatchObject([{ pictures: 1, completedAt: null }]);
      const hashes = await sql<{ hash: string }>`
        select encode(perceptual_hash, 'hex') as hash from reference_picture`.execute(database.db);
      const found = { id: 1, sha256: photo('x').sha256, perceptualHash: hashes.rows[0]?.hash ?? '' };
      expect(await new LeakFinder().find(database.db, [found])).toEqual([]);
    });
  });

  it('reports a later walk that has not ended, until one has', async () => {
    const { db } = database;
    const isUnended = async (): Promise<unknown[]> => (await listReferenceSets(db)).map((set) => set.isUnended);
    await setOf('/pictures', { one: 0 });
    expect(await isUnended()).toEqual([false]);
    const interrupted = await walk('/pictures');
    expect(await listReferenceSets(db)).toMatchObject([{ completedAt: expect.any(Date), isUnended: true }]);
    // A folder without pictures does not change that either.
    await endEmptyWalk(db, await walk('/pictures'));
    expect(await isUnended()).toEqual([true]);
    await complete(await walk('/pictures'));
    expect(await isUnended()).toEqual([false]);
    await complete(interrupted);
    expect(await isUnended()).toEqual([false]);
    await endEmptyWalk(db, await walk('/pictures'));
    expect(await isUnended()).toEqual([false]);
  });

  it('uses its old distance until another walk is complete', async () => {
    await setOf('/pictures', { near: 5 });
    const again = await walk('/pictures', 3);
    expect(await listReferenceSets(database.db)).toMatchObject([{ distance: 6 }]);
    await complete(again);
    expect(await listReferenceSets(database.db)).toMatchObject([{ distance: 3 }]);
  });

  it('loses no pictures if another walk of the same folder runs at the same time', async () => {
    const { db } = database;
    await withFolder(async (folder) => {
      await copyFile(path.join(SAMPLES, 'n01440764', 'yellow-perch.jpg'), path.join(folder, 'one.jpg'));
      await copyFile(path.join(SAMPLES, 'n01443537', 'goldfish.jpg'), path.join(folder, 'two.jpg'));
      const first = await walk(folder);
      await hold(folder, first);
      const second = await walk(folder);
      // The second walk has seen everything that the first will see again.
      await hold(folder, second);
      await hold(folder, first);
      await complete(first);
      expect(await listReferenceSets(db)).toMatchObject([{ pictures: 2 }]);
      await complete(second);
      expect(await listReferenceSets(db)).toMatchObject([{ pictures: 2 }]);
    });
  });

  it('keeps pictures in a directory that cannot be listed now', async () => {
    const { db } = database;
    await withFolder(async (folder) => {
      await mkdir(path.join(folder, 'a'));
      await mkdir(path.join(folder, 'ab'));
      await copyFile(path.join(SAMPLES, 'n01440764', 'yellow-perch.jpg'), path.join(folder, 'a', 'one.jpg'));
      await copyFile(path.join(SAMPLES, 'n01443537', 'goldfish.jpg'), path.join(folder, 'ab', 'two.jpg'));
      await hold(folder, await walk(folder));
      await rm(path.join(folder, 'a'), { recursive: true });
      await rm(path.join(folder, 'ab'), { recursive: true });
      // Also for root, whom no permission stops.
      await symlink(path.join(folder, 'not mounted'), path.join(folder, 'a'));
      const again = await walk(folder);
      expect(await hold(folder, again)).toEqual({ seen: 1, held: 0, unchanged: 1, unreadable: { unreadable: 1 } });
      await complete(again);
      expect((await sql`select path from reference_picture`.execute(db)).rows).toEqual([{ path: 'a/one.jpg' }]);
    });
  });

  it('drops photos of a set in every collection, names the reference, and a removal restores every field', async () => {
    const { db } = database;
    const birds = await collection(db, 'birds');
    const others = await collection(db, 'others');
    const ids: number[] = [];
    for (const name of ['same', 'near', 'far']) ids.push(await fetched(db, [candidate(name)], name));
    const [same = 0, near = 0, far = 0] = ids;
    await decideAs(db, birds, [kept(same, 'n01'), dropped(near, 'n01', 'confident'), kept(far, 'n01')]);
    await decideAs(db, others, [kept(near, 'n01', { maxTrueProb: 0.1 + 0.2, confusionProb: 1 / 3 })]);
    const before = await rows();
    const set = await setOf('/pictures', { near: 5, far: 7, same: 0 });
    expect(await drop(ids)).toBe(3);
    expect(await drop(ids)).toBe(0);
    expect(await statesOf(birds)).toEqual([
      { state: 'dropped', reason: 'in-reference-set', detail: 'same bytes as same.jpg in /pictures' },
      { state: 'dropped', reason: 'in-reference-set', detail: '5 bits from near.jpg in /pictures' },
      { state: 'kept', reason: null, detail: null },
    ]);
    expect(await statesOf(others)).toMatchObject([{ state: 'dropped', reason: 'in-reference-set' }]);
    await db.transaction().execute(async (trx) => {
      await removeReferenceSet(trx, set.id);
      await restoreDecisions(trx);
    });
    expect(await rows()).toEqual(before);
  });

  it('drops a photo without evaluation before the filter has run, and a removal leaves it undecided', async () => {
    const { db } = database;
    const birds = await collection(db, 'birds');
    const id = await fetched(db, [candidate('same')], 'same');
    const set = await setOf('/pictures', { same: 0 });
    const deps: FilterDeps = {
      db,
      scope: birds,
      policy: { threshold: 0.15, aggregation: 'max', members: 'any' },
      memberIds: [],
      batchPhotos: 4,
      leaksOf: async (photoIds) => {
        await storeLeaks(db, await new LeakFinder().find(db, await hashedPhotos(db, photoIds)));
        return leakDetails(db, birds.collectionId, photoIds);
      },
      engine: {
        evaluate: (tasks) => (tasks.length === 0 ? Promise.resolve([]) : Promise.reject(new Error('evaluated'))),
      },
      shouldStop: () => false,
      onDecided: () => {},
    };
    expect(await filterPage({ page: Math.floor(id / 64) }, deps)).toBe(1);
    expect(await statesOf(birds)).toMatchObject([{ state: 'dropped', reason: 'in-reference-set' }]);
    const restored = await db.transaction().execute(async (trx) => {
      await removeReferenceSet(trx, set.id);
      return restoreDecisions(trx);
    });
    expect(restored).toEqual({ restored: 0, undecided: 1 });
    expect(await countUndecided(db, birds)).toBe(1);
  });
});

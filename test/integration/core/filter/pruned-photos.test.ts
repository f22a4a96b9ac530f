import { sql } from 'kysely';
import { beforeEach, describe, expect, it } from 'vitest';
import { settlePicture } from '../../../../src/core/crawl/candidates/fetch-queue.repository.ts';
import { decidePruned } from '../../../../src/core/filter/prune/decide-pruned.process.ts';
import { countUndecided, photosToDecide } from '../../../../src/core/filter/run/decision.repository.ts';
import { countToDecide, undecidedPhotoIds } from '../../../../src/core/filter/run/photo-tally.repository.ts';
import { filterPage, type FilterDeps } from '../../../../src/core/filter/run/filter.process.ts';
import { pruneRange } from '../../../../src/core/filter/prune/prune.process.ts';
import { refetchPruned } from '../../../../src/core/filter/prune/pruned-photos.repository.ts';
import { photosNeeded } from '../../../../src/core/filter/prune/retention.repository.ts';
import type { DecisionScope } from '../../../../src/core/models/workspace/scope.ts';
import type { CropEvidence, PhotoEvidence } from '../../../../src/core/models/evidence/evidence.ts';
import { registerClassList, storeEvidence } from '../../../../src/core/models/evidence/evidence.repository.ts';
import { refetchPictures } from '../../../../src/core/photo/lost-bytes.repository.ts';
import { openPhotoStore } from '../../../../src/core/photo/photo-store.process.ts';
import { takeDown } from '../../../../src/core/photo/takedown.repository.ts';
import { readStories } from '../../../../src/core/status/story.repository.ts';
import { useDatabase } from '../../../support/database.ts';
import { sha256Of } from '../../../support/sha256.ts';
import {
  candidate,
  CRAWLER,
  decideAs,
  dropped,
  emptyCatalogue,
  photo,
  store,
  cpuMember,
} from '../../../support/catalogue-fixtures.ts';
import { bytesStates, Disk, EVERYTHING, onDisk, recorded } from './prune-setting.ts';

const database = useDatabase();
let disk = new Disk();
beforeEach(async () => {
  await emptyCatalogue(database.db);
  await database.db.deleteFrom('takedown').execute();
  disk = new Disk();
});

const SOURCES = ['folder', 'flickr'];
const otherRules = (scope: DecisionScope): DecisionScope => ({ ...scope, decisionSha256: sha256Of('other rules') });

/** The collection birds, and a photo of n01 that it has dropped and whose bytes were pruned. */
async function prunedPhoto(name = 'A'): Promise<{ scope: DecisionScope; id: number }> {
  const { db } = database;
  const scope = await recorded(db, 'birds');
  const id = await onDisk({ db, disk }, name);
  await decideAs(db, scope, [dropped(id, 'n01')]);
  await pruneRange(EVERYTHING, disk.depsOf(db, scope));
  expect(disk.has(name)).toBe(false);
  return { scope, id };
}

/** Changes the rules, so that everything is undecided again. */
async function claim(scope: DecisionScope): Promise<DecisionScope> {
  const now = otherRules(scope);
  const rules = Buffer.from(now.decisionSha256, 'hex');
  await database.db.updateTable('collection').set({ decision_sha256: rules }).execute();
  return now;
}

async function countUndecidedPruned(scope: DecisionScope): Promise<number> {
  return (await countToDecide(database.db, scope)).pruned;
}

/** Brings the bytes of the photo with that name for a picture. */
async function arrive(pictureId: number, name: string): Promise<unknown> {
  const photos = openPhotoStore({ db: database.db, blobs: disk, neededOf: photosNeeded });
  const one = photo(name);
  return photos.store({ pictureId, photo: one, bytes: Buffer.alloc(one.bytes) });
}

async function waitingPicture(sourceId: string, wnid = 'n01'): Promise<number> {
  const { waiting } = await store(database.db, [candidate(sourceId, { wnid, source: 'flickr' })]);
  const [id] = waiting;
  if (id === undefined) throw new Error('Expected a picture to wait');
  return id;
}

const pictures = (): Promise<object[]> =>
  database.db
    .selectFrom('picture')
    .select(['source_id', 'state', 'reason', 'detail', 'photo_id', 'refetch_photo_id'])
    .orderBy('id')
    .execute();

describe('a photo that was pruned', () => {
  it('gets other pictures of the same bytes, and stays pruned while no collection needs them', async () => {
    const { id } = await prunedPhoto();
    expect(await arrive(await waitingPicture('again'), 'A')).toEqual({ photoId: id });
    expect([disk.has('A'), await bytesStates(database.db)]).toEqual([false, ['pruned']]);
    expect(await pictures()).toMatchObject([{ photo_id: id }, { photo_id: id, state: 'fetched' }]);
  });

  it('gets its bytes again if another picture of them is for an undecided class', async () => {
    const { scope, id } = await prunedPhoto();
    expect(await arrive(await waitingPicture('again', 'n02'), 'A')).toEqual({ photoId: id });
    expect([disk.has('A'), await bytesStates(database.db)]).toEqual([true, ['stored']]);
    expect(await countUndecided(database.db, scope)).toBe(1);
  });

  it('gets bytes back that a prune deletes while they arrive', async () => {
    const { db } = database;
    const scope = await recorded(db, 'birds');
    const id = await onDisk({ db, disk }, 'A');
    await decideAs(db, scope, [dropped(id, 'n01')]);
    const pictureId = await waitingPicture('again', 'n02');
    const { sha256, bytes } = photo('A');
    const photos = openPhotoStore({
      db,
      neededOf: photosNeeded,
      blobs: {
        remove: (hash) => disk.remove(hash),
        async put(hash, content) {
          await disk.put(hash, content);
          // In the first case the row is unchanged.
          if ((await bytesStates(db))[0] === 'stored') await pruneRange(EVERYTHING, disk.depsOf(db, scope));
        },
      },
    });
    await photos.store({ pictureId, photo: photo('A'), bytes: Buffer.alloc(bytes) });
    expect([await disk.sizeOf(sha256), await bytesStates(db)]).toEqual([bytes, ['stored']]);
  });

  it('is not lost: resume does not fetch it again', async () => {
    await prunedPhoto();
    expect(await refetchPictures(database.db, [photo('A')])).toBe(0);
  });

  it('can be taken down like any other', async () => {
    await prunedPhoto();
    expect(await takeDown(database.db, { sha256: photo('A').sha256 }, 'asked to')).toMatchObject({ pictures: 1 });
    expect(await readStories(database.db, { sha256Prefix: photo('A').sha256 })).toEqual([]);
  });
});

describe('refetchPruned', () => {
  it('fetches one picture of each undecided photo again, and the same bytes become the same photo', async () => {
    const { db } = database;
    const { scope, id } = await prunedPhoto();
    await arrive(await waitingPicture('again'), 'A');
    expect(await refetchPruned(db, scope, SOURCES)).toBe(0);
    const now = await claim(scope);
    expect(await refetchPruned(db, now, ['inaturalist'])).toBe(0);
    expect(await refetchPruned(db, now, SOURCES)).toBe(1);
    expect(await refetchPruned(db, now, SOURCES)).toBe(0);
    expect(await pictures()).toMatchObject([
      { source_id: 'A', state: 'found', photo_id: null, refetch_photo_id: id },
      { source_id: 'again', state: 'fetched', photo_id: id },
    ]);
    const [story] = await readStories(db, { source: 'folder', sourceId: 'A' });
    expect(story?.photo?.id).toBe(id);
    expect(await arrive(1, 'A')).toEqual({ photoId: id });
    expect([disk.has('A'), await bytesStates(db)]).toEqual([true, ['stored']]);
    expect(await pictures()).toMatchObject([{ state: 'fetched', photo_id: id, refetch_photo_id: null }, {}]);
  });

  it('fetches bytes of photos that were drawn from the crawl, even if no collection needs them', async () => {
    const { db } = database;
    const { scope, id } = await prunedPhoto();
    expect(await refetchPruned(db, scope, SOURCES)).toBe(0);
    await sql`insert into crawl_draw select collection_id, wnid, photo_id, 'correct' from decision where photo_id = ${id}`.execute(
      db,
    );
    expect(await refetchPruned(db, scope, SOURCES)).toBe(1);
    await arrive(1, 'A');
    expect([disk.has('A'), await bytesStates(db)]).toEqual([true, ['stored']]);
    // The next prune keeps them, also before the shortlist shows the photo to reviewers.
    await pruneRange(EVERYTHING, new Disk().depsOf(db, scope));
    expect(await bytesStates(db)).toEqual(['stored']);
  });

  it('loses nothing if the source no longer has the photo, and tries another picture next', async () => {
    const { db } = database;
    const { scope, id } = await prunedPhoto();
    await arrive(await waitingPicture('again'), 'A');
    const now = await claim(scope);
    await refetchPruned(db, now, SOURCES);
    await settlePicture(db, 1, { state: 'failed', reason: 'http-404', detail: 'no such page' });
    expect(await pictures()).toMatchObject([
      {
        state: 'fetched',
        reason: null,
        photo_id: id,
        refetch_photo_id: null,
        detail: 'could not be fetched again: http-404 (no such page)',
      },
      { state: 'fetched' },
    ]);
    const { rows } = await sql<{ state: string; count: number }>`
      select state, sum(count)::int as count from candidate_tally where collection_id = ${CRAWLER} group by state having sum(count) <> 0`.execute(
      db,
    );
    expect(rows).toEqual([{ state: 'fetched', count: 2 }]);
    expect(await refetchPruned(db, now, SOURCES)).toBe(1);
    expect(await pictures()).toMatchObject([{ state: 'fetched' }, { state: 'found', refetch_photo_id: id }]);
  });

  it('leaves nothing to fetch for a photo that is taken down at the same time', async () => {
    const { db } = database;
    const { scope } = await prunedPhoto();
    await refetchPruned(db, await claim(scope), SOURCES);
    await takeDown(db, { source: 'folder', sourceId: 'A' }, 'asked to');
    expect(await pictures()).toMatchObject([{ state: 'dropped', reason: 'taken-down', refetch_photo_id: null }]);
    expect(await db.selectFrom('photo').select('id').execute()).toEqual([]);
  });
});

const POLICY = { threshold: 0.15, aggregation: 'max', members: 'any' } as const;

const cell = (top1: number, pTrue: number): CropEvidence => ({
  top1,
  top1Prob: 0.8,
  trueProbs: new Map([[0, pTrue]]),
  logits: null,
});

async function filterDeps(scope: DecisionScope): Promise<FilterDeps & { readonly counts: number[] }> {
  const { db } = database;
  const list = await registerClassList(db, sha256Of('list'), scope.wnids);
  const counts: number[] = [];
  return {
    db,
    scope,
    policy: POLICY,
    memberIds: [await cpuMember(db, 'one', list)],
    batchPhotos: 4,
    engine: { evaluate: () => Promise.reject(new Error('Expected no photo to be evaluated')) },
    shouldStop: () => false,
    onDecided: ({ dropped: n }) => counts.push(n),
    counts,
  };
}

async function learn({ db, memberIds }: FilterDeps, photoId: number, crops: PhotoEvidence): Promise<void> {
  await db
    .transaction()
    .execute((trx) => storeEvidence(trx, [{ photoId, evidence: crops, withLogits: true }], memberIds));
}

describe('a filter whose rules need a pruned photo', () => {
  it('drops it if the evidence is enough, otherwise leaves it undecided and counted', async () => {
    const { db } = database;
    const { scope, id } = await prunedPhoto();
    const other = await onDisk({ db, disk }, 'B');
    await decideAs(db, scope, [dropped(other, 'n01')]);
    await pruneRange(EVERYTHING, disk.depsOf(db, scope));
    const now = await claim(scope);
    const deps = await filterDeps(now);
    const none = Array.from({ length: 9 }, () => null);
    await learn(deps, id, [[cell(0, 0.8), ...none]]);
    await learn(deps, other, [[cell(1, 0.1), ...none]]);
    expect([await countUndecided(db, now), await undecidedPhotoIds(db, now, { after: 0, limit: 9 })]).toEqual([0, []]);
    expect([await photosToDecide(db, now, 0), await countUndecidedPruned(now)]).toEqual([[], 2]);
    await decidePruned(deps);
    expect([deps.counts, await countUndecidedPruned(now)]).toEqual([[1], 1]);
    expect(await filterPage({ page: 0 }, deps)).toBe(0);
    expect(await refetchPruned(db, now, SOURCES)).toBe(1);
    expect(await pictures()).toMatchObject([
      { source_id: 'A', state: 'fetched' },
      { source_id: 'B', state: 'found' },
    ]);
  });

  it('leaves it undecided if only imported evidence near the threshold drops it', async () => {
    const { scope, id } = await prunedPhoto();
    const deps = await filterDeps(await claim(scope));
    const none = Array.from({ length: 9 }, () => null);
    await learn(deps, id, [[{ ...cell(1, 0.1501), executionProvider: 'imported' }, ...none]]);
    await decidePruned(deps);
    expect([deps.counts, await countUndecidedPruned(deps.scope)]).toEqual([[], 1]);
    await learn(deps, id, [[null, { ...cell(1, 0.9), executionProvider: 'imported' }, ...none.slice(1)]]);
    await decidePruned(deps);
    expect([deps.counts, await countUndecidedPruned(deps.scope)]).toEqual([[], 1]);
    await learn(deps, id, [[null, null, cell(1, 0.9), ...none.slice(2)]]);
    await decidePruned(deps);
    expect([deps.counts, await countUndecidedPruned(deps.scope)]).toEqual([[1], 0]);
  });

  it('keeps no photo without bytes, even if the evidence would keep it', async () => {
    const { scope, id } = await prunedPhoto();
    const deps = await filterDeps(await claim(scope));
    const logits = Float32Array.of(0, 9, 1);
    await learn(deps, id, [Array.from({ length: 10 }, () => ({ ...cell(1, 0.0001), logits }))]);
    await decidePruned(deps);
    expect([deps.counts, await countUndecidedPruned(deps.scope)]).toEqual([[], 1]);
  });

  it('treats a photo that is pruned while its page is processed as pruned, not as lost or condemned', async () => {
    const { db } = database;
    const scope = await recorded(db, 'birds');
    const [a, b] = [await onDisk({ db, disk }, 'A'), await onDisk({ db, disk }, 'B')];
    const deps = await filterDeps(scope);
    const logits = Float32Array.of(0, 9, 1);
    const full = Array.from({ length: 10 }, () => ({ ...cell(1, 0.0001), logits }));
    const none = Array.from({ length: 10 }, () => null);
    const absent = { fresh: [none], problem: { kind: 'absent', detail: 'no such file' } } as const;
    const engine: FilterDeps['engine'] = {
      // Both are pruned by rules that are no longer valid: one is found without bytes, the other was read before.
      async evaluate() {
        await sql`update photo set bytes_state = 'pruned', pruned_at = now()`.execute(db);
        return [absent, { fresh: [full], problem: null }];
      },
    };
    expect([a, b, await filterPage({ page: 0 }, { ...deps, engine })]).toEqual([1, 2, 0]);
    expect(await countUndecidedPruned(scope)).toBe(2);
  });
});

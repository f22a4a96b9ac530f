import { setTimeout as sleep } from 'node:timers/promises';
import { beforeEach, describe, expect, it } from 'vitest';
import { settlePicture } from '../../../../src/core/crawl/candidates/fetch-queue.repository.ts';
import { StopTheRun } from '../../../../src/core/kernel/errors.ts';
import { fetchPartition, type FetchDeps } from '../../../../src/core/crawl/fetch/fetch.process.ts';
import { openPhotoStore, type PhotoStoreDeps } from '../../../../src/core/photo/photo-store.process.ts';
import { takeDown } from '../../../../src/core/photo/takedown.repository.ts';
import { useDatabase } from '../../../support/database.ts';
import { sha256Of } from '../../../support/sha256.ts';
import { until } from '../../../support/until.ts';
import { candidate, CRAWLER, emptyCatalogue, fetched, store, versionsOf } from '../../../support/catalogue-fixtures.ts';

const database = useDatabase();
/** The only host: everything is on disk. */
const partition = { host: '', partition: 0, partitions: 1 };
beforeEach(() => emptyCatalogue(database.db));

const full = new StopTheRun('Expected room but there is none', { code: 'disk-full' });
const storeAll = (...ids: readonly string[]): Promise<unknown> =>
  store(
    database.db,
    ids.map((id) => candidate(id)),
  );

/** Pictures are texts: 'big' is too large to read, 'noise...' is not a picture, and everything else is one. */
function setting(contents: Readonly<Record<string, string>>, changes: Partial<FetchDeps> = {}) {
  const blobs = new Map<string, string>();
  const outcomes: string[] = [];
  const read: string[] = [];
  const blobFolder: PhotoStoreDeps['blobs'] = {
    async put(sha256, bytes) {
      blobs.set(sha256, Buffer.from(bytes).toString());
    },
    async remove(sha256) {
      blobs.delete(sha256);
    },
  };
  const deps: FetchDeps = {
    db: database.db,
    refusedSignals: [],
    async read({ sourceId }) {
      read.push(sourceId);
      const text = contents[sourceId] ?? 'big';
      if (text === 'big') {
        return { kind: 'problem', problem: { state: 'failed', reason: 'too-large', detail: '60 MB' } };
      }
      return { kind: 'bytes', bytes: Buffer.from(text) };
    },
    hold: async () => ({
      async inspect(_pictureId, bytes) {
        if (bytes.toString().startsWith('noise'))
          return { ok: false, state: 'failed', reason: 'not-an-image', detail: 'noise' };
        return {
          ok: true,
          format: 'png',
          width: 8,
          height: 8,
          exifOrientation: 1,
          perceptualHash: '8000000000000000',
          fineHash: '00'.repeat(255),
        };
      },
      release: () => Promise.resolve(),
    }),
    photos: openPhotoStore({ db: database.db, blobs: blobFolder }),
    limits: { maxPixels: 100, minSidePixels: 1, maxAspectRatio: 9 },
    scope: { collectionId: CRAWLER, licences: 'any', sources: ['folder'], wnids: ['n01'] },
    shouldStop: () => false,
    onOutcome: ({ outcome }) => outcomes.push(outcome),
    onHostWaits: () => undefined,
    ...changes,
  };
  return { deps, blobs, blobFolder, outcomes, read };
}

/** Another process drops the picture as it is about to be inspected. */
const settledFirst = (deps: FetchDeps, [id = 0]: readonly number[], reason: 'too-small' | 'taken-down'): FetchDeps => ({
  ...deps,
  async hold(ids) {
    await settlePicture(database.db, id, { state: 'dropped', reason, detail: '' });
    return deps.hold(ids);
  },
});

async function states(): Promise<Record<string, string>> {
  const rows = await database.db.selectFrom('picture').selectAll().execute();
  return Object.fromEntries(rows.map((row) => [row.source_id, row.reason ?? row.state]));
}

describe('fetchPartition', () => {
  it('settles every picture that waits, and keeps the bytes of those that are photos', async () => {
    await storeAll('a', 'b', 'copy of a', 'c', 'd');
    const one = setting({ a: 'wren', b: 'noise', 'copy of a': 'wren', c: 'kite' });
    const { photoIds } = await fetchPartition(partition, one.deps);
    expect(await states()).toEqual({
      a: 'fetched',
      b: 'not-an-image',
      'copy of a': 'fetched',
      c: 'fetched',
      d: 'too-large',
    });
    expect(new Set(photoIds).size).toBe(2);
    expect(one.blobs).toEqual(new Map(['wren', 'kite'].map((text) => [sha256Of(text), text])));
    expect(one.outcomes.toSorted()).toEqual(['failed', 'failed', 'fetched', 'fetched', 'fetched']);
    const photos = await database.db.selectFrom('photo').selectAll().execute();
    expect(photos.map((row) => row.sha256.toString('hex')).toSorted()).toEqual([...one.blobs.keys()].toSorted());
  });

  it('reads nothing when run again', async () => {
    await store(database.db, [candidate('a'), candidate('b')]);
    const one = setting({ a: 'wren' });
    await fetchPartition(partition, one.deps);
    const before = await versionsOf(database.db, 'picture');
    expect(await fetchPartition(partition, one.deps)).toEqual({ photoIds: [], settled: 0 });
    expect(one.read).toHaveLength(2);
    expect(await versionsOf(database.db, 'picture')).toEqual(before);
  });

  it.each([
    ['until four are in memory', 1, 4],
    ['but not while a picture of more than a megabyte is in memory', 2 ** 20 + 1, 1],
  ])('reads on while pictures are stored, %s', async (_how, bytes, most) => {
    const ids = Array.from({ length: 6 }, (_, i) => `p${i}`);
    await storeAll(...ids);
    const one = setting(Object.fromEntries(ids.map((id) => [id, id.padEnd(bytes)])));
    const inMemory: number[] = [];
    const slow: FetchDeps = {
      ...one.deps,
      photos: {
        async store(photo) {
          await until(() => one.read.length >= most);
          // One more would be read by then.
          await sleep(20);
          inMemory.push(one.read.length - one.outcomes.length);
          return one.deps.photos.store(photo);
        },
      },
    };
    expect(await fetchPartition(partition, slow)).toMatchObject({ settled: 6 });
    expect(Math.max(...inMemory)).toBe(most);
    expect(one.read).toEqual(ids);
  });

  it('leaves unstarted pictures waiting when asked to stop', async () => {
    await storeAll(...Array.from({ length: 20 }, (_, i) => `p${i}`));
    const one: ReturnType<typeof setting> = setting({}, { shouldStop: () => one.read.length >= 5 });
    await fetchPartition(partition, one.deps);
    expect(one.read.length).toBe(5);
    expect(Object.values(await states()).filter((state) => state === 'found')).toHaveLength(20 - one.read.length);
  });

  it('fails as a whole and settles nothing if bytes cannot be stored', async () => {
    await store(database.db, [candidate('a')]);
    const blobs = { put: () => Promise.reject(full), remove: () => Promise.reject(full) };
    const one = setting({ a: 'wren' }, { photos: openPhotoStore({ db: database.db, blobs }) });
    await expect(fetchPartition(partition, one.deps)).rejects.toBe(full);
    expect(await states()).toEqual({ a: 'found' });
    expect(await versionsOf(database.db, 'photo')).toEqual([]);
  });

  it('reads no further picture once one cannot be stored', async () => {
    const ids = Array.from({ length: 6 }, (_, i) => `p${i}`);
    await storeAll(...ids);
    const one = setting(Object.fromEntries(ids.map((id) => [id, id])));
    let failures = 0;
    const failing: FetchDeps = {
      ...one.deps,
      async read(picture) {
        await until(() => failures === one.read.length);
        return one.deps.read(picture);
      },
      photos: {
        store() {
          failures += 1;
          return Promise.reject(full);
        },
      },
    };
    await expect(fetchPartition(partition, failing)).rejects.toBe(full);
    expect(one.read).toEqual(['p0', 'p1']);
  });

  it('gives the memory of a picture back once it is settled, but not if an error leaves open who uses it', async () => {
    await storeAll('a', 'b', 'c');
    const one = setting({ a: 'wren', b: 'noise', c: 'kite' });
    const givenBack: (readonly [string, readonly string[]])[] = [];
    const pooled: FetchDeps = {
      ...one.deps,
      async read(picture) {
        const read = await one.deps.read(picture);
        if (read.kind !== 'bytes') return read;
        const giveBack = (): void => void givenBack.push([picture.sourceId, [...one.outcomes]]);
        return { ...read, giveBack };
      },
      photos: {
        store: async (photo) =>
          photo.bytes.toString() === 'kite' ? Promise.reject(full) : one.deps.photos.store(photo),
      },
    };
    await expect(fetchPartition(partition, pooled)).rejects.toBe(full);
    expect(givenBack.map(([id]) => id).toSorted()).toEqual(['a', 'b']);
    // Each was settled by then.
    expect(givenBack.map(([, outcomes]) => outcomes.length)).toEqual([1, 2]);
  });

  it('postpones pictures that may be fetched later, and ends if the host must not be asked', async () => {
    await storeAll('a', 'b', 'c');
    const waits: number[] = [];
    const one = setting({}, { onHostWaits: (_host, { waitMs }) => waits.push(waitMs) });
    const later: FetchDeps = {
      ...one.deps,
      read: ({ sourceId }) =>
        Promise.resolve(
          sourceId === 'b'
            ? { kind: 'host-waits', waitMs: 70_000, why: 'Retry-After' }
            : { kind: 'later', delayMs: 60_000, detail: 'reset' },
        ),
    };
    expect(await fetchPartition(partition, later)).toEqual({ photoIds: [], settled: 1 });
    expect([waits, one.outcomes]).toEqual([[70_000], ['later']]);
    const rows = await database.db.selectFrom('picture').selectAll().orderBy('id').execute();
    expect(rows.map(({ state, attempts, not_before }) => [state, attempts, not_before === null])).toEqual([
      ['found', 1, false],
      ['found', 0, true],
      ['found', 0, true],
    ]);
    // They are not fetched before their time, and the others are still next.
    const again = setting({ a: 'wren', b: 'kite', c: 'crow' });
    expect((await fetchPartition(partition, again.deps)).settled).toBe(2);
    expect(again.read).toEqual(['b', 'c']);
  });

  it('leaves a picture whose redirect leads to a host that waits to that host, and goes on', async () => {
    await storeAll('a', 'b');
    const waits: string[] = [];
    const one = setting({ a: 'wren', b: 'kite' }, { onHostWaits: (host) => waits.push(host) });
    const moving: FetchDeps = {
      ...one.deps,
      read: (picture) =>
        picture.sourceId === 'a'
          ? Promise.resolve({ kind: 'host-waits', host: 'cdn.example', waitMs: 70_000, why: 'Retry-After' })
          : one.deps.read(picture),
    };
    expect(await fetchPartition(partition, moving)).toMatchObject({ settled: 2 });
    expect([waits, await states()]).toEqual([['cdn.example'], { a: 'found', b: 'fetched' }]);
    expect((await fetchPartition(partition, one.deps)).settled).toBe(0);
    expect((await fetchPartition({ ...partition, host: 'cdn.example' }, one.deps)).settled).toBe(1);
  });

  it('drops bytes that were taken down, from any source', async () => {
    await store(database.db, [candidate('a')]);
    await takeDown(database.db, { sha256: sha256Of('wren') }, 'asked to');
    const one = setting({ a: 'wren' });
    await fetchPartition(partition, one.deps);
    expect([await states(), one.blobs.size]).toEqual([{ a: 'taken-down' }, 0]);
    await database.db.deleteFrom('takedown').execute();
  });

  it.each([
    ['by its place', { source: 'folder', sourceId: 'a' }],
    ['by its URL', { urls: ['file:///photos/a'] }],
    ['by its bytes', { sha256: sha256Of('wren') }],
  ])('leaves no row and no bytes of a picture that is taken down %s while it is read', async (_how, target) => {
    await store(database.db, [candidate('a'), candidate('copy of a')]);
    const one = setting({ a: 'wren', 'copy of a': 'wren' });
    let isFirst = true;
    const slowFolder: PhotoStoreDeps['blobs'] = {
      ...one.blobFolder,
      async put(sha256, bytes) {
        await one.blobFolder.put(sha256, bytes);
        if (isFirst) await takeDown(database.db, target, 'asked to');
        isFirst = false;
      },
    };
    const slow: FetchDeps = { ...one.deps, photos: openPhotoStore({ db: database.db, blobs: slowFolder }) };
    expect(await fetchPartition(partition, slow)).toMatchObject({ settled: 2 });
    // The other picture has the same bytes, and may be stored first.
    expect(await states()).toEqual({ a: 'taken-down', 'copy of a': 'taken-down' });
    expect([one.blobs.size, await versionsOf(database.db, 'photo')]).toEqual([0, []]);
    await database.db.deleteFrom('takedown').execute();
  });

  it('keeps the bytes of a photo that another picture brought, if another process settles this picture first', async () => {
    await fetched(database.db, [candidate('b')], 'wren');
    const { waiting } = await store(database.db, [candidate('a')]);
    const one = setting({ a: 'wren' });
    const slow = settledFirst(one.deps, waiting, 'too-small');
    expect(await fetchPartition(partition, slow)).toMatchObject({ photoIds: [] });
    expect(await states()).toEqual({ a: 'too-small', b: 'fetched' });
    expect([...one.blobs.keys()]).toEqual([sha256Of('wren')]);
  });

  it('does not change a picture that was settled in the meantime', async () => {
    const { waiting } = await store(database.db, [candidate('a')]);
    const one = setting({ a: 'noise' });
    await fetchPartition(partition, settledFirst(one.deps, waiting, 'taken-down'));
    expect(await states()).toEqual({ a: 'taken-down' });
  });
});

import { setTimeout as sleep } from 'node:timers/promises';
import { beforeEach, describe, expect, it } from 'vitest';
import { settlePicture } from '../../../../src/core/crawl/candidates/fetch-queue.repository.ts';
import type { Sha256 } from '../../../../src/core/kernel/ids.ts';
import { openPhotoStore } from '../../../../src/core/photo/photo-store.process.ts';
import { takeDown } from '../../../../src/core/photo/takedown.repository.ts';
import { storePhotos } from '../../../../src/core/photo/photo.repository.ts';
import { useDatabase } from '../../../support/database.ts';
import { candidate, emptyCatalogue, photo, store, versionsOf } from '../../../support/catalogue-fixtures.ts';

const database = useDatabase();
beforeEach(() => emptyCatalogue(database.db));

async function waitingIds(count: number): Promise<number[]> {
  const page = Array.from({ length: count }, (_, i) => candidate(`p${i}`));
  return [...(await store(database.db, page)).waiting].toSorted((a, b) => a - b);
}

/** Stores photos that are made of their names, each for the next picture. */
const storeEach = (photos: ReturnType<typeof openPhotoStore>, ids: readonly number[], names: readonly string[]) =>
  names.map((name, i) => photos.store({ pictureId: ids[i] ?? 0, photo: photo(name), bytes: Buffer.from(name) }));

/** Records for each put whether the catalogue already had a row for the bytes. */
function slowBlobs(refuse: (text: string) => boolean = () => false) {
  const bytes = new Map<Sha256, string>();
  const rowsBefore: number[] = [];
  return {
    bytes,
    rowsBefore,
    async put(sha256: Sha256, content: Buffer) {
      await sleep(5);
      if (refuse(content.toString())) throw new Error(`no room for ${content.toString()}`);
      const rows = await database.db
        .selectFrom('photo')
        .select('id')
        .where('sha256', '=', Buffer.from(sha256, 'hex'))
        .execute();
      rowsBefore.push(rows.length);
      bytes.set(sha256, content.toString());
    },
    async remove(sha256: Sha256) {
      bytes.delete(sha256);
    },
  };
}

async function pictureStates(): Promise<string[]> {
  const rows = await database.db.selectFrom('picture').select(['state']).orderBy('id').execute();
  return rows.map((row) => row.state);
}

describe('openPhotoStore', () => {
  it('stores photos of many partitions at once, bytes before rows, each photo once', async () => {
    const blobs = slowBlobs();
    const photos = openPhotoStore({ db: database.db, blobs });
    const ids = await waitingIds(30);
    const texts = ids.map((_, i) => `photo ${i % 20}`);
    const stored = await Promise.all(storeEach(photos, ids, texts));
    const rows = await database.db.selectFrom('picture').select(['photo_id']).orderBy('id').execute();
    expect(stored).toEqual(rows.map((row) => ({ photoId: row.photo_id })));
    expect(new Set(rows.map((row) => row.photo_id)).size).toBe(20);
    expect(await versionsOf(database.db, 'photo')).toHaveLength(20);
    expect(blobs.bytes.size).toBe(20);
    // The second of two equal photos may come when the first has its row.
    expect(blobs.rowsBefore.filter((before) => before === 0).length).toBeGreaterThanOrEqual(20);
  });

  it('rejects a taken-down photo and stores the others', async () => {
    const blobs = slowBlobs();
    const photos = openPhotoStore({ db: database.db, blobs });
    await takeDown(database.db, { sha256: photo('B').sha256 }, 'asked to');
    const stored = await Promise.all(storeEach(photos, await waitingIds(3), ['A', 'B', 'C']));
    expect(stored[1]).toEqual({ takenDown: 'asked to' });
    expect(await pictureStates()).toEqual(['fetched', 'found', 'fetched']);
    expect([...blobs.bytes.values()].toSorted()).toEqual(['A', 'C']);
    await database.db.deleteFrom('takedown').execute();
  });

  it('removes the bytes of a photo that is taken down while they are stored, and reports why', async () => {
    const blobs = slowBlobs();
    const [pictureId = 0] = await waitingIds(1);
    const put = async (sha256: Sha256, bytes: Buffer): Promise<void> => {
      await blobs.put(sha256, bytes);
      await takeDown(database.db, { sha256 }, 'asked to');
    };
    const photos = openPhotoStore({ db: database.db, blobs: { ...blobs, put } });
    expect(await photos.store({ pictureId, photo: photo('A'), bytes: Buffer.from('A') })).toEqual({
      takenDown: 'asked to',
    });
    expect([...blobs.bytes.values()]).toEqual([]);
    await database.db.deleteFrom('takedown').execute();
  });

  it.each([
    ['stored before it', [2, 1]],
    ['stored together with it', [0, 1, 2]],
    ['stored after it', [1, 2]],
  ])('takes down a copy that is %s, if a picture is taken down by its URL while it is stored', async (_when, order) => {
    const blobs = slowBlobs();
    const ids = await waitingIds(3);
    let isTaken = false;
    const put = async (sha256: Sha256, bytes: Buffer): Promise<void> => {
      await blobs.put(sha256, bytes);
      // A copy that is stored before has its row by then.
      const isNow = bytes.toString() === 'A' && !isTaken && (order[0] !== 2 || blobs.rowsBefore.includes(1));
      if (!isNow) return;
      isTaken = true;
      await takeDown(database.db, { urls: [candidate('p1').url] }, 'asked to');
    };
    const photos = openPhotoStore({ db: database.db, blobs: { ...blobs, put } });
    // The first of several is stored alone, and the others together.
    const stored = await Promise.all(
      order.map((i) => {
        const name = i === 0 ? 'B' : 'A';
        return photos.store({ pictureId: ids[i] ?? 0, photo: photo(name), bytes: Buffer.from(name) });
      }),
    );
    expect(stored[order.indexOf(1)]).toEqual({ takenDown: 'asked to' });
    expect([...blobs.bytes.values()]).toEqual(order.includes(0) ? ['B'] : []);
    expect(await versionsOf(database.db, 'photo')).toHaveLength(order.includes(0) ? 1 : 0);
    await database.db.deleteFrom('takedown').execute();
  });

  it('reports a picture that another process settled first, and stores the others', async () => {
    const photos = openPhotoStore({ db: database.db, blobs: slowBlobs() });
    const ids = await waitingIds(3);
    await settlePicture(database.db, ids[1] ?? 0, { state: 'dropped', reason: 'too-small', detail: '' });
    const stored = await Promise.all(storeEach(photos, ids, ['A', 'B', 'C']));
    expect(stored[1]).toEqual({ overtaken: true });
    expect(await pictureStates()).toEqual(['fetched', 'dropped', 'fetched']);
    expect(await versionsOf(database.db, 'photo')).toHaveLength(2);
  });

  it('stores no row for a photo whose bytes cannot be stored, and stores the others', async () => {
    const photos = openPhotoStore({ db: database.db, blobs: slowBlobs((text) => text === 'C') });
    const stored = await Promise.allSettled(storeEach(photos, await waitingIds(4), ['A', 'B', 'C', 'D']));
    expect(stored.map(({ status }) => status)).toEqual(['fulfilled', 'fulfilled', 'rejected', 'fulfilled']);
    expect(await pictureStates()).toEqual(['fetched', 'fetched', 'found', 'fetched']);
    expect(await versionsOf(database.db, 'photo')).toHaveLength(3);
  });
});

describe('storePhotos', () => {
  it('does not deadlock with candidates that are stored at the same time, in any order', async () => {
    const ids = await waitingIds(40);
    const again = Array.from({ length: 40 }, (_, i) => candidate(`p${39 - i}`, { creator: 'Ann' }));
    await Promise.all([
      ...[0, 1, 2, 3].map((part) =>
        storePhotos(
          database.db,
          ids
            .filter((_, i) => i % 4 === part)
            .toReversed()
            .map((pictureId) => ({ pictureId, photo: photo(`photo ${pictureId % 7}`) })),
        ),
      ),
      ...[0, 1, 2].map(() => store(database.db, again)),
    ]);
    expect(new Set(await pictureStates())).toEqual(new Set(['fetched']));
    expect(await versionsOf(database.db, 'photo')).toHaveLength(7);
  });
});

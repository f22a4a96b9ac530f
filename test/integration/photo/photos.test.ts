import { beforeEach, describe, expect, it } from 'vitest';
import { photoFacts, photoHashes, storePhotos } from '../../../src/photo/photo.repository.ts';
import { takeDown } from '../../../src/photo/takedown.repository.ts';
import { useDatabase } from '../../support/database.ts';
import { sha256Of } from '../../support/sha256.ts';
import { candidate, emptyCatalogue, photo, store, versionsOf, storePhoto } from '../../support/catalogue-fixtures.ts';
import { picturesRead, withManyWaiting } from '../crawl/many-waiting.ts';

const database = useDatabase();
beforeEach(() => emptyCatalogue(database.db));

async function waitingIds(count: number): Promise<number[]> {
  const page = Array.from({ length: count }, (_, i) => candidate(`p${i}`));
  return [...(await store(database.db, page)).waiting].toSorted((a, b) => a - b);
}

describe('storePhotos', () => {
  it('records the photo and settles its picture', async () => {
    const [pictureId = 0] = await waitingIds(1);
    const photoId = await storePhoto(database.db, pictureId, photo('A', { exifOrientation: 6, format: 'webp' }));
    const stored = await database.db.selectFrom('photo').selectAll().executeTakeFirstOrThrow();
    expect(stored).toMatchObject({ id: photoId, format: 'webp', width: 640, height: 480, bytes: 100_000 });
    expect(stored.exif_orientation).toBe(6);
    expect(stored.sha256.toString('hex')).toBe(photo('A').sha256);
    expect(stored.perceptual_hash.toString('hex')).toBe(photo('A').perceptualHash);
    const picture = await database.db.selectFrom('picture').selectAll().executeTakeFirstOrThrow();
    expect(picture).toMatchObject({ state: 'fetched', photo_id: photoId, reason: null, detail: null });
    // One transaction, so one time.
    expect(picture.settled_at).toEqual(stored.stored_at);
  });

  it('gives the same photo and leaves the picture unchanged when run twice', async () => {
    const [pictureId = 0] = await waitingIds(1);
    const photoId = await storePhoto(database.db, pictureId, photo('A'));
    const before = await versionsOf(database.db, 'picture');
    expect(await storePhoto(database.db, pictureId, photo('A'))).toBe(photoId);
    expect(await versionsOf(database.db, 'picture')).toEqual(before);
    expect(await versionsOf(database.db, 'photo')).toHaveLength(1);
  });

  it('stores nothing for a settled picture, or for bytes that are taken down at the same moment', async () => {
    const ids = await waitingIds(40);
    const names = ids.map((id) => `taken ${id}`);
    await Promise.all(
      ids.map((id, i) =>
        i % 2 === 0
          ? storePhoto(database.db, id, photo(names[i] ?? ''))
          : takeDown(database.db, { sha256: photo(names[i - 1] ?? '').sha256 }, 'asked to'),
      ),
    );
    expect(await versionsOf(database.db, 'photo')).toEqual([]);
    const rows = await database.db.selectFrom('picture').select(['state', 'photo_id']).execute();
    expect(rows.filter(({ state, photo_id }) => state === 'fetched' || photo_id !== null)).toEqual([]);
    // Pictures that came too late still wait. A process that fetches them sees the tombstone.
    const late = ids.filter((_, i) => i % 2 === 0);
    const stored = await Promise.all(late.map((id) => storePhoto(database.db, id, photo(`taken ${id}`))));
    expect(new Set(stored)).toEqual(new Set([null]));
    await database.db.deleteFrom('takedown').execute();
  });

  it('keeps bytes once for several pictures, also at the same moment', async () => {
    const pictureIds = await waitingIds(12);
    const photoIds = await Promise.all(pictureIds.map((id, i) => storePhoto(database.db, id, photo(`bytes ${i % 2}`))));
    expect(new Set(photoIds).size).toBe(2);
    expect(await versionsOf(database.db, 'photo')).toHaveLength(2);
    const rows = await database.db.selectFrom('picture').select(['id', 'photo_id']).orderBy('id').execute();
    expect(rows.map((row) => row.photo_id)).toEqual(photoIds);
  });

  it('looks at its own pictures only, however many wait, also with old statistics', async () => {
    const { db } = database;
    await withManyWaiting(db);
    const ids = await waitingIds(100);
    const read = ids.map((pictureId) => ({ pictureId, photo: photo(`photo ${pictureId}`) }));
    const stored = await picturesRead(db, (trx) => storePhotos(trx, read));
    expect(stored.result.filter((row) => row !== null)).toHaveLength(100);
    expect(stored.read).toBeLessThan(5_000);
  });
});

describe('photoHashes', () => {
  it('returns all photos in order, page by page', async () => {
    const names = Array.from({ length: 7 }, (_, i) => `photo ${i}`);
    for (const [i, id] of (await waitingIds(7)).entries()) await storePhoto(database.db, id, photo(names[i] ?? ''));
    const hashes = names.map(sha256Of).toSorted();
    const first = await photoHashes(database.db, null, 5);
    const second = await photoHashes(database.db, first.at(-1)?.sha256 ?? null, 5);
    expect([...first, ...second].map((row) => row.sha256)).toEqual(hashes);
    expect(first[0]?.bytes).toBe(100_000);
    expect(await photoFacts(database.db, sha256Of('photo 3'))).toMatchObject({ bytes_state: 'stored' });
    expect(await photoFacts(database.db, sha256Of('photo 7'))).toBeUndefined();
  });
});

import { beforeEach, describe, expect, it } from 'vitest';
import { photoFacts, photoHashes, storePhotos } from '../../../../src/core/photo/photo.repository.ts';
import { useDatabase } from '../../../support/database.ts';
import { sha256Of } from '../../../support/sha256.ts';
import { candidate, emptyCatalogue, photo, store, storePhoto } from '../../../support/catalogue-fixtures.ts';
import { picturesRead, withManyWaiting } from '../crawl/many-waiting.ts';

const database = useDatabase();
beforeEach(() => emptyCatalogue(database.db));

async function waitingIds(count: number): Promise<number[]> {
  const page = Array.from({ length: count }, (_, i) => candidate(`p${i}`));
  return [...(await store(database.db, page)).waiting].toSorted((a, b) => a - b);
}

describe('storePhotos', () => {
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

import { beforeEach, describe, expect, it } from 'vitest';
import { listNotices } from '../../../src/photo/notice.repository.ts';
import { openPhotoStore, type StoredPhoto } from '../../../src/photo/photo-store.process.ts';
import { useDatabase } from '../../support/database.ts';
import { candidate, collection, decideAs, emptyCatalogue, expectTally, kept, photo, store } from './fixtures.ts';

const database = useDatabase();
beforeEach(() => emptyCatalogue(database.db));

const blobs = { put: () => Promise.resolve(), remove: () => Promise.resolve() };

/** Fetches pictures of a source one after the other, all with the same bytes; two stores take turns, as two processes do. */
async function arrive(
  source: string,
  ids: readonly string[],
  { limit = 5, wnids = ['n01'] }: { readonly limit?: number | null; readonly wnids?: readonly string[] } = {},
): Promise<StoredPhoto[]> {
  const stores = [1, 2].map(() => openPhotoStore({ db: database.db, blobs, sameBytesLimit: limit }));
  const results: StoredPhoto[] = [];
  for (const [i, id] of ids.entries()) {
    const page = wnids.map((wnid) => candidate(id, { source, wnid, url: `https://h.example/${source}/${id}` }));
    const { waiting } = await store(database.db, page);
    const one = stores[i % 2];
    for (const pictureId of waiting)
      if (one !== undefined)
        results.push(await one.store({ pictureId, photo: photo('gone'), bytes: Buffer.from('gone') }));
  }
  return results;
}

async function states(): Promise<string[]> {
  const rows = await database.db.selectFrom('picture').selectAll().orderBy('id').execute();
  return rows.map(({ source, state, reason }) => `${source} ${reason ?? state}`);
}

const FIVE = ['a', 'b', 'c', 'd', 'e'];
const times = (count: number, text: string): string[] => Array.from({ length: count }, () => text);

describe('pictures of the same bytes', () => {
  it('are dropped as placeholder once there are five of one source, those before as those after', async () => {
    await arrive('flickr', FIVE.slice(0, 4));
    expect(await states()).toEqual(times(4, 'flickr fetched'));
    const [fifth, sixth] = await arrive('flickr', ['e', 'f']);
    expect([fifth, sixth].map((one) => one !== undefined && 'placeholder' in one)).toEqual([true, true]);
    expect(await states()).toEqual(times(6, 'flickr placeholder'));
    expect(await listNotices(database.db, ['flickr'])).toEqual([
      { source: 'flickr', sha256: photo('gone').sha256, pictures: 6 },
    ]);
  });

  it('are photos in a folder, whose files are the user’s own, and where the limit is off', async () => {
    await arrive('folder', FIVE);
    await arrive('flickr', FIVE, { limit: null });
    expect(await states()).toEqual([...times(5, 'folder fetched'), ...times(5, 'flickr fetched')]);
  });

  it('are counted by source, and a picture for several classes counts once', async () => {
    await arrive('flickr', FIVE.slice(0, 4), { wnids: ['n01', 'n02'] });
    await arrive('urls', ['x'], { wnids: ['n01'] });
    expect(await states()).toEqual([...times(4, 'flickr fetched'), 'urls fetched']);
  });

  it('are noticed when the last ones come at the same time', async () => {
    const ids: number[] = [];
    for (const id of FIVE)
      ids.push(
        ...(await store(database.db, [candidate(id, { source: 'flickr', url: `https://h.example/${id}` })])).waiting,
      );
    const arrivals = ids.map((pictureId) =>
      openPhotoStore({ db: database.db, blobs, sameBytesLimit: 5 }).store({
        pictureId,
        photo: photo('gone'),
        bytes: Buffer.from('gone'),
      }),
    );
    await Promise.all(arrivals);
    expect(await states()).toEqual(times(5, 'flickr placeholder'));
    expect((await listNotices(database.db, ['flickr'])).map(({ pictures }) => pictures)).toEqual([5]);
  });

  it('lose the decisions that were made of them, except where another source brings the photo', async () => {
    const scope = await collection(database.db, 'birds');
    const [first] = await arrive('flickr', ['a'], { wnids: ['n01', 'n02'] });
    const photoId = first !== undefined && 'photoId' in first ? first.photoId : 0;
    await arrive('urls', ['x'], { wnids: ['n02'] });
    await decideAs(database.db, scope, [kept(photoId, 'n01'), kept(photoId, 'n02')]);
    await arrive('flickr', FIVE.slice(1));
    const decisions = await database.db.selectFrom('decision').select('wnid').execute();
    expect(decisions).toEqual([{ wnid: 'n02' }]);
    await expectTally(database.db, scope);
    const tallied = await database.db.selectFrom('candidate_tally').selectAll().execute();
    const total = (state: string): number =>
      tallied.reduce((sum, row) => sum + (row.state === state ? row.count : 0), 0);
    expect([total('found'), total('fetched'), total('dropped')]).toEqual([0, 1, 6]);
  });
});

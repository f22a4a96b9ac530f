import { sql } from 'kysely';
import { beforeEach, describe, expect, it } from 'vitest';
import { refetchPruned } from '../../../../src/core/filter/prune/pruned-photos.repository.ts';
import { filterPage, type FilterDeps } from '../../../../src/core/filter/run/filter.process.ts';
import { pruneRange } from '../../../../src/core/filter/prune/prune.process.ts';
import { sharePruned } from '../../../../src/core/photo/pruned.repository.ts';
import { storeDecisions } from '../../../../src/core/filter/run/decision.repository.ts';
import { dropNotices, listNotices } from '../../../../src/core/photo/notice.repository.ts';
import { openPhotoStore, type StoreOutcome } from '../../../../src/core/photo/photo-store.process.ts';
import { useDatabase } from '../../../support/database.ts';
import { until } from '../../../support/until.ts';
import {
  candidate,
  CRAWLER,
  collection,
  decideAs,
  dropped,
  emptyCatalogue,
  expectTally,
  kept,
  photo,
  store,
} from '../../../support/catalogue-fixtures.ts';
import { Disk, EVERYTHING, recorded } from './prune-setting.ts';

const database = useDatabase();
beforeEach(() => emptyCatalogue(database.db));

const blobs = { put: () => Promise.resolve(), remove: () => Promise.resolve() };

/** Fetches pictures of a source one by one, all with the same bytes. Two stores alternate, like two processes. */
async function arrive(
  source: string,
  ids: readonly string[],
  { limit = 5, wnids = ['n01'] }: { readonly limit?: number | null; readonly wnids?: readonly string[] } = {},
): Promise<StoreOutcome[]> {
  const stores = [1, 2].map(() => openPhotoStore({ db: database.db, blobs, sameBytesLimit: limit }));
  const results: StoreOutcome[] = [];
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

/** The notices of the last minute. */
const OF_FLICKR = { sources: ['flickr'], withinMs: 60_000 };

const FIVE = ['a', 'b', 'c', 'd', 'e'];
const times = (count: number, text: string): string[] => Array.from({ length: count }, () => text);

describe('pictures of the same bytes', () => {
  it('are dropped as placeholders, earlier ones as well, once one source has five', async () => {
    await arrive('flickr', FIVE.slice(0, 4));
    expect(await states()).toEqual(times(4, 'flickr fetched'));
    const [fifth, sixth] = await arrive('flickr', ['e', 'f']);
    expect([fifth, sixth].map((one) => one !== undefined && 'placeholder' in one)).toEqual([true, true]);
    expect(await states()).toEqual(times(6, 'flickr placeholder'));
    expect(await listNotices(database.db, OF_FLICKR)).toEqual([
      { source: 'flickr', sha256: photo('gone').sha256, pictures: 6 },
    ]);
  });

  it('stay photos in a folder of the user, and if the limit is off', async () => {
    await arrive('folder', FIVE);
    await arrive('flickr', FIVE, { limit: null });
    expect(await states()).toEqual([...times(5, 'folder fetched'), ...times(5, 'flickr fetched')]);
  });

  it('are counted by source, and a picture for several classes counts once', async () => {
    await arrive('flickr', FIVE.slice(0, 4), { wnids: ['n01', 'n02'] });
    await arrive('urls', ['x'], { wnids: ['n01'] });
    expect(await states()).toEqual([...times(4, 'flickr fetched'), 'urls fetched']);
  });

  it('are detected if the last ones come at the same time', async () => {
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
    expect((await listNotices(database.db, OF_FLICKR)).map(({ pictures }) => pictures)).toEqual([5]);
  });

  it('lose their decisions, except where another source brings the photo', async () => {
    const scope = await collection(database.db, 'birds');
    const [first] = await arrive('flickr', ['a'], { wnids: ['n01', 'n02'] });
    const photoId = first !== undefined && 'photoId' in first ? first.photoId : 0;
    await arrive('urls', ['x'], { wnids: ['n02'] });
    await decideAs(database.db, scope, [kept(photoId, 'n01'), kept(photoId, 'n02')]);
    await arrive('flickr', FIVE.slice(1));
    const decisions = await database.db.selectFrom('decision').select('wnid').execute();
    expect(decisions).toEqual([{ wnid: 'n02' }]);
    await expectTally(database.db, scope);
    const { rows: tallied } = await sql<{ state: string; count: number }>`
      select state, count from candidate_tally where collection_id = ${CRAWLER}`.execute(database.db);
    const total = (state: string): number =>
      tallied.reduce((sum, row) => sum + (row.state === state ? row.count : 0), 0);
    expect([total('found'), total('fetched'), total('dropped')]).toEqual([0, 1, 6]);
  });

  it('lose the decision of a filter that evaluates their photo at the same time', async () => {
    const scope = await collection(database.db, 'birds');
    await arrive('flickr', FIVE.slice(0, 4), { wnids: ['n01', 'n02'] });
    await arrive('urls', ['x'], { wnids: ['n02'] });
    const counts: unknown[] = [];
    const deps: FilterDeps = {
      db: database.db,
      scope,
      policy: { threshold: 0.15, aggregation: 'max', members: 'any' },
      memberIds: [],
      batchPhotos: 2,
      engine: {
        async evaluate(tasks) {
          await arrive('flickr', ['e']);
          return tasks.map(() => ({ fresh: [], problem: { kind: 'undecodable', detail: 'no end' } }));
        },
      },
      shouldStop: () => false,
      onDecided: (decided) => counts.push(decided),
    };
    await filterPage({ page: 0 }, deps);
    const decisions = await database.db.selectFrom('decision').select(['wnid', 'state']).execute();
    expect(decisions).toEqual([{ wnid: 'n02', state: 'failed' }]);
    expect(counts).toEqual([{ kept: 0, dropped: 0, failed: 1, poisoned: 0 }]);
  });

  it('lose the decision that a filter is storing', async () => {
    const scope = await collection(database.db, 'birds');
    const [first] = await arrive('flickr', FIVE, { limit: null });
    const photoId = first !== undefined && 'photoId' in first ? first.photoId : 0;
    let isDone = false;
    const isWaiting = async (): Promise<boolean> => {
      const { rows } = await sql`select from pg_stat_activity
        where datname = current_database() and wait_event_type = 'Lock'`.execute(database.db);
      return rows.length > 0;
    };
    const [dropping] = await database.db.transaction().execute(async (trx) => {
      await sharePruned(trx, [photoId]);
      const waiting = dropNotices(database.db, [photoId], 5).finally(() => (isDone = true));
      await until(async () => isDone || (await isWaiting()));
      await storeDecisions(trx, scope, [kept(photoId, 'n01')]);
      return [waiting];
    });
    await dropping;
    expect(await states()).toEqual(times(5, 'flickr placeholder'));
    expect(await database.db.selectFrom('decision').selectAll().execute()).toEqual([]);
  });

  it('of a pruned photo are dropped when it is fetched again, and pictures of another source stay', async () => {
    const { db } = database;
    const scope = await recorded(db, 'birds');
    const [first] = await arrive('flickr', FIVE.slice(0, 4));
    const photoId = first !== undefined && 'photoId' in first ? first.photoId : 0;
    await arrive('urls', ['x'], { wnids: ['n02'] });
    await decideAs(db, scope, [dropped(photoId, 'n01'), dropped(photoId, 'n02')]);
    await pruneRange(EVERYTHING, new Disk().depsOf(db, scope));
    await sql`insert into crawl_draw values (${scope.collectionId}, 'n01', ${photoId}, 'correct')`.execute(db);
    await refetchPruned(db, scope, ['urls']);
    await arrive('flickr', ['e']);
    // The picture of the other source still waits for its bytes, and so does its decision.
    expect(await states()).toEqual([...times(4, 'flickr placeholder'), 'urls found', 'flickr placeholder']);
    const decided = async (): Promise<string[]> =>
      (await db.selectFrom('decision').select('wnid').execute()).map(({ wnid }) => wnid);
    expect(await decided()).toEqual(['n02']);
    await arrive('urls', ['x'], { wnids: ['n02'] });
    expect(await states()).toEqual([...times(4, 'flickr placeholder'), 'urls fetched', 'flickr placeholder']);
    expect(await decided()).toEqual(['n02']);
    await expectTally(db, scope);
  });

  it('are reported by a crawl only while it finds them', async () => {
    await arrive('flickr', FIVE);
    await sql`update notice set noted_at = now() - interval '2 minutes'`.execute(database.db);
    expect(await listNotices(database.db, OF_FLICKR)).toEqual([]);
    await arrive('flickr', ['f']);
    expect(await listNotices(database.db, OF_FLICKR)).toMatchObject([{ pictures: 6 }]);
  });
});

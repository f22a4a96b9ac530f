import { sql } from 'kysely';
import { beforeEach, describe, expect, it } from 'vitest';
import {
  postponePicture,
  retryPictures,
  settlePicture,
  isBacklogAbove,
} from '../../../../src/core/crawl/candidates/fetch-queue.repository.ts';
import { linkSearched } from '../../../../src/core/crawl/candidates/link.repository.ts';
import { tallyProblems } from '../../../../src/core/crawl/candidates/tally.repository.ts';
import { takeDown } from '../../../../src/core/photo/takedown.repository.ts';
import { countCandidates } from '../../../../src/core/status/funnel.repository.ts';
import { useDatabase } from '../../../support/database.ts';
import { sha256Of } from '../../../support/sha256.ts';
import {
  candidate,
  collection,
  emptyCatalogue,
  photo,
  store,
  storePhoto,
  truncateCatalogue,
} from '../../../support/catalogue-fixtures.ts';

const database = useDatabase({ poolSize: 8 });
beforeEach(() => emptyCatalogue(database.db));

const problem = { state: 'failed', reason: 'http-404', detail: '' } as const;
const unknownClass = { reason: 'unknown-class', detail: '' } as const;

async function tallyRows(): Promise<number> {
  return (await sql`select from candidate_tally`.execute(database.db)).rows.length;
}

async function fold(): Promise<void> {
  await sql`select candidate_tally_fold()`.execute(database.db);
}

describe('the tally of candidates', () => {
  it('counts all changes of candidates and pictures', async () => {
    const { db } = database;
    const by = { licence: 'CC-BY-4.0' };
    const { waiting } = await store(db, [
      candidate('a', by),
      candidate('a', { ...by, wnid: 'n02' }),
      candidate('b'),
      candidate('c', { wnid: 'spoon', refusal: unknownClass }),
      candidate('d', { problem }),
      candidate('e'),
    ]);
    expect(await tallyProblems(db)).toEqual([]);
    const [a = 0, b = 0, e = 0] = waiting.toSorted((x, y) => x - y);
    await storePhoto(db, a, photo('A'));
    await settlePicture(db, b, problem);
    await postponePicture(db, e, { delayMs: 0, problem: 'later' });
    expect(await tallyProblems(db)).toEqual([]);
    // Found again: one with another licence, one that is wanted now, and failed ones that are tried again.
    await store(db, [
      candidate('a', { licence: 'CC0-1.0' }),
      candidate('c', { wnid: 'n03' }),
      candidate('c'),
      candidate('b'),
    ]);
    expect(await tallyProblems(db)).toEqual([]);
    await retryPictures(db, { sources: ['folder'], reasons: ['http-404'] });
    await takeDown(db, { sha256: sha256Of('A') }, 'asked for');
    expect(await tallyProblems(db)).toEqual([]);
    const scope = await collection(db, 'birds');
    const counts = (await countCandidates(db, scope)).map(
      ({ wnid, state, reason, count }) => `${wnid} ${state} ${reason} ${count}`,
    );
    expect(new Set(counts)).toEqual(
      new Set([
        'n01 dropped taken-down 1',
        'n01 found null 4',
        'n02 dropped taken-down 1',
        'n03 found null 1',
        'null dropped unknown-class 1',
      ]),
    );
    await db.deleteFrom('picture').where('id', '=', b).execute();
    await sql`delete from candidate where wnid = 'n02'`.execute(db);
    expect(await tallyProblems(db)).toEqual([]);
    await truncateCatalogue(db);
    expect(await tallyRows()).toBe(0);
  });

  it('knows which query found each, and forgets a query that is deleted', async () => {
    const { db } = database;
    const { rows } = await sql<{ id: number }>`
      insert into query (source, wnid, kind, key, title, params)
      values ('flickr', 'n01', 'search', 'wren', 'wren', '{}') returning id`.execute(db);
    const id = rows[0]?.id ?? 0;
    await store(db, [
      candidate('1', { source: 'flickr', queryId: id }),
      candidate('2', { source: 'flickr', queryId: id }),
    ]);
    const scope = await collection(db, 'birds');
    expect(await countCandidates(db, scope)).toEqual([
      { wnid: 'n01', source: 'flickr', queryId: id, state: 'found', reason: null, count: 2 },
    ]);
    await sql`delete from query`.execute(db);
    expect(await countCandidates(db, scope)).toMatchObject([{ queryId: null, count: 2 }]);
    expect(await tallyProblems(db)).toEqual([]);
  });

  it('is the same with fewer rows after a fold', async () => {
    const { db } = database;
    const { waiting } = await store(
      db,
      Array.from({ length: 30 }, (_, i) => candidate(`p${i}`)),
    );
    for (const id of waiting.slice(0, 20)) await settlePicture(db, id, problem);
    expect(await tallyRows()).toBe(41);
    await fold();
    expect(await tallyRows()).toBe(2);
    expect(await tallyProblems(db)).toEqual([]);
  });

  it('stays correct while pages, pictures and folds happen at the same time, repeatedly', async () => {
    const { db } = database;
    const ids = Array.from({ length: 40 }, (_, i) => `p${i}`);
    const { waiting } = await store(
      db,
      ids.map((id) => candidate(id)),
    );
    const work = waiting.flatMap((id, i) => [
      async () =>
        void (i % 3 === 0 ? await storePhoto(db, id, photo(`${i % 5}`)) : await settlePicture(db, id, problem)),
      async () => void (await store(db, [candidate(ids[i] ?? '', { wnid: `n0${1 + (i % 3)}`, licence: 'CC0-1.0' })])),
      fold,
    ]);
    await Promise.all(work.map((one) => one()));
    expect(await tallyProblems(db)).toEqual([]);
    await fold();
    expect(await tallyProblems(db)).toEqual([]);
  });

  it('stays correct while pictures are settled that another collection links', async () => {
    const { db } = database;
    const source = 'flickr';
    const { rows } = await sql<{ id: number }>`
      insert into query (source, wnid, kind, key, title, params, state)
      select ${source}, 'n01', kind, '', '', '{}', 'done' from unnest(array['plan', 'search']) as kind returning id`.execute(
      db,
    );
    const queryId = rows[1]?.id ?? 0;
    for (let round = 0; round < 5; round += 1) {
      const page = Array.from({ length: 60 }, (_, i) => candidate(`${round} ${i}`, { source, queryId }));
      const { waiting } = await store(db, page);
      const { collectionId } = await collection(db, `birds ${round}`);
      await sql`delete from collection_candidate where collection_id = ${collectionId}`.execute(db);
      await sql`update query set collections = array[${collectionId}::int] where kind = 'plan'`.execute(db);
      const scope = { collectionId, source, wnids: ['n01'], limitPerClass: null, licences: 'any' } as const;
      await Promise.all([linkSearched(db, scope), ...waiting.map((id) => settlePicture(db, id, problem))]);
      expect(await tallyProblems(db)).toEqual([]);
    }
  });

  it('is folded by the writer whose row makes it due', async () => {
    const { db } = database;
    await sql`alter sequence candidate_tally_id_seq restart with 19990`.execute(db);
    const { waiting } = await store(db, [candidate('a'), candidate('b'), candidate('c'), candidate('d')]);
    for (const id of waiting) await settlePicture(db, id, problem);
    await sql`alter sequence candidate_tally_id_seq restart with 19999`.execute(db);
    await store(db, [candidate('e'), candidate('f')]);
    await settlePicture(db, (await store(db, [candidate('e')])).waiting[0] ?? 0, problem);
    expect(await tallyRows()).toBeLessThan(5);
    expect(await tallyProblems(db)).toEqual([]);
  });
});

describe('the backlog of a source', () => {
  it('is above a limit if more pictures than that wait', async () => {
    const { db } = database;
    const { waiting } = await store(db, [candidate('a'), candidate('b'), candidate('c', { source: 'flickr' })]);
    expect(await Promise.all([0, 1, 2].map((limit) => isBacklogAbove(db, 'folder', limit)))).toEqual([
      true,
      true,
      false,
    ]);
    for (const id of waiting) await settlePicture(db, id, problem);
    expect(await isBacklogAbove(db, 'folder', 0)).toBe(false);
  });
});

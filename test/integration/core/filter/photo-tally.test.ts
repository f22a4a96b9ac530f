import { sql } from 'kysely';
import { beforeEach, describe, expect, it } from 'vitest';
import { settlePicture } from '../../../../src/core/crawl/candidates/fetch-queue.repository.ts';
import { setBytesState } from '../../../../src/core/photo/pruned.repository.ts';
import { takeDown } from '../../../../src/core/photo/takedown.repository.ts';
import { foldPhotoCounts } from '../../../../src/core/filter/run/photo-tally.repository.ts';
import { buildShortlist } from '../../../../src/core/shortlist/make-shortlist.process.ts';
import { useDatabase } from '../../../support/database.ts';
import { sha256Of } from '../../../support/sha256.ts';
import {
  candidate,
  collection,
  decideAs,
  dropped,
  emptyCatalogue,
  expectTally,
  fetched,
  kept,
  photo,
  store,
  storePhoto,
  truncateCatalogue,
} from '../../../support/catalogue-fixtures.ts';

const database = useDatabase({ poolSize: 8 });
beforeEach(async () => {
  await emptyCatalogue(database.db);
  await database.db.deleteFrom('takedown').execute();
});

const by = { licence: 'CC-BY-4.0' };

async function marks(): Promise<number> {
  return (await sql`select from photo_mark`.execute(database.db)).rows.length;
}

/** Moves the next photo to another page. */
async function skipPages(pages: number): Promise<void> {
  await sql`select setval('photo_id_seq', (select last_value from photo_id_seq) + ${1024 * pages}::int)`.execute(
    database.db,
  );
}

describe('the tally of photos', () => {
  it('counts all changes of photos, in a collection that takes all licences and in one that does not', async () => {
    const { db } = database;
    const birds = await collection(db, 'birds');
    const strict = await collection(db, 'strict', { licences: ['CC-BY-4.0'] });
    const same = async (): Promise<void> => {
      await expectTally(db, birds);
      await expectTally(db, strict);
    };
    await same();
    const a = await fetched(db, [candidate('a'), candidate('a', { wnid: 'n02' })], 'A');
    await skipPages(3);
    const b = await fetched(db, [candidate('b', by)], 'B');
    await same();
    // The same bytes from another source bring the photo into the collection that takes their licence.
    await fetched(db, [candidate('7', { ...by, source: 'flickr' })], 'A');
    await same();
    await decideAs(db, birds, [kept(a, 'n01'), dropped(a, 'n02'), kept(b, 'n01')]);
    await decideAs(db, strict, [dropped(b, 'n01', 'confident')]);
    await same();
    await buildShortlist(db, birds, { policy: { cap: 1, nearDuplicateDistance: 6 }, backboneId: null });
    await same();
    // The source states other rights, and a class is now wanted.
    await store(db, [candidate('a', { ...by, wnid: 'n03' })]);
    await same();
    await decideAs(db, { ...birds, decisionSha256: sha256Of('new rules') }, [dropped(b, 'n01')]);
    await same();
    await expectTally(db, { ...birds, decisionSha256: sha256Of('new rules') });
    await db.transaction().execute((trx) => setBytesState(trx, [b], 'pruned'));
    await same();
    await sql`delete from candidate where wnid = 'n02'`.execute(db);
    await same();
    await takeDown(db, { sha256: sha256Of('A') }, 'asked for');
    await same();
    await truncateCatalogue(db);
    expect((await sql`select from photo_tally`.execute(db)).rows).toEqual([]);
  });

  it('counts a page again only if something in it has changed', async () => {
    const { db } = database;
    const scope = await collection(db, 'birds');
    const a = await fetched(db, [candidate('a')], 'A');
    const { waiting } = await store(db, [candidate('b')]);
    await foldPhotoCounts(db, scope);
    expect(await marks()).toBe(0);
    // Nothing that changes a photo.
    await settlePicture(db, waiting[0] ?? 0, { state: 'failed', reason: 'http-404', detail: '' });
    await store(db, [candidate('a'), candidate('c')]);
    expect(await marks()).toBe(0);
    await decideAs(db, scope, [kept(a, 'n01')]);
    expect(await marks()).toBe(1);
    await expectTally(db, scope);
    expect(await marks()).toBe(0);
  });

  it('says that it counts when many pages wait, as after changed rules', async () => {
    const { db } = database;
    const scope = await collection(db, 'birds');
    const said: unknown[] = [];
    const log = { info: (...line: unknown[]) => void said.push(line) };
    await skipPages(70);
    await fetched(db, [candidate('far')], 'far');
    await foldPhotoCounts(db, scope, log);
    await foldPhotoCounts(db, scope, log);
    await foldPhotoCounts(db, { ...scope, decisionSha256: sha256Of('new rules') }, log);
    const line = [{ photos: expect.any(Number) }, expect.stringMatching(/^counting photos: .* changed rules/)];
    expect(said).toEqual([line, line]);
  });

  it('is correct again after a crash has emptied its tables', async () => {
    const { db } = database;
    const scope = await collection(db, 'birds');
    const a = await fetched(db, [candidate('a')], 'A');
    await expectTally(db, scope);
    await decideAs(db, scope, [kept(a, 'n01')]);
    await sql`truncate photo_scope, photo_tally, photo_page, photo_mark restart identity`.execute(db);
    await expectTally(db, scope);
  });

  it('stays correct while photos, decisions, prunes and folds happen at the same time, repeatedly', async () => {
    const { db } = database;
    const [birds, cats] = [await collection(db, 'birds'), await collection(db, 'cats', { licences: ['CC0-1.0'] })];
    const { waiting } = await store(
      db,
      Array.from({ length: 40 }, (_, i) => candidate(`p${i}`, i % 2 === 0 ? { licence: 'CC0-1.0' } : {})),
    );
    const work = waiting.map((id, i) => async (): Promise<void> => {
      const photoId = (await storePhoto(db, id, photo(`${i % 25}`))) ?? 0;
      await foldPhotoCounts(db, i % 2 === 0 ? birds : cats);
      if (i % 7 === 0) await skipPages(1);
      await decideAs(db, i % 3 === 0 ? cats : birds, [i % 5 === 0 ? kept(photoId, 'n01') : dropped(photoId, 'n01')]);
      if (i % 4 === 0) await db.transaction().execute((trx) => setBytesState(trx, [photoId], 'pruned'));
      if (i % 6 === 0) await sql`select photo_mark_fold()`.execute(db);
      await foldPhotoCounts(db, i % 2 === 0 ? cats : birds);
    });
    await Promise.all(work.map((one) => one()));
    await expectTally(db, birds);
    await expectTally(db, cats);
  });

  it('limits the number of marks of changes even if no reader comes', async () => {
    const { db } = database;
    const scope = await collection(db, 'birds');
    const a = await fetched(db, [candidate('a')], 'A');
    for (let rules = 0; rules < 12; rules += 1)
      await decideAs(db, { ...scope, decisionSha256: sha256Of(`rules ${rules}`) }, [kept(a, 'n01')]);
    expect(await marks()).toBe(13);
    await sql`alter sequence photo_mark_id_seq restart with 20000`.execute(db);
    await decideAs(db, scope, [kept(a, 'n01')]);
    expect(await marks()).toBe(1);
    await expectTally(db, scope);
  });
});
